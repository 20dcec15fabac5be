//! Log in to AWS SSO where that is needed, and hand out credentials. It keeps no state about reminders.
//!
//! [`session::ensure`] is the idea: a valid session is left alone, one that can be renewed is renewed silently, and only
//! then a person logs in, by the AWS CLI ([`aws_cli`]), a browser that comes back or the device flow ([`flows`]).

pub mod ask;
pub mod aws_api;
pub mod aws_cli;
pub mod commands;
pub mod credentials;
pub mod doctor;
pub mod flows;
pub mod interrupt;
pub mod keys;
pub mod remote;
pub mod sandbox;
pub mod serve;
pub mod session;
pub(crate) mod setup;
pub mod terminal;

#[cfg(test)]
mod fuzz;

use std::io;
use std::os::unix::net::UnixStream;

use anyhow::Context as _;

/// A runtime for the SDK, on this thread; made only when there is something to ask of the network.
fn runtime() -> anyhow::Result<tokio::runtime::Runtime> {
    // The runtime panics where it can't open its own pipes: better to find out here.
    let spare: io::Result<Vec<_>> = (0..3).map(|_| UnixStream::pair()).collect();
    drop(spare.context("cannot start the network runtime")?);
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .context("cannot start the network runtime")
}

/// Waits for the answer of a service, on a runtime of its own.
fn wait_for<T>(call: impl Future<Output = T>) -> anyhow::Result<T> {
    runtime()?.block_on(interrupt::unless_told(call))
}
