//! Get an AWS SSO session, silently, and hand out credentials. It keeps no state about reminders.
//!
//! [`ensure`] is the idea: a valid session is left alone, one that can be renewed is renewed silently, and
//! only then a person logs in, by the AWS CLI ([`aws`]), a browser that comes back ([`pkce`]) or the device flow
//! ([`device`]).

pub mod accounts;
pub mod answer;
pub mod ask;
pub mod aws;
mod bounded;
mod browser;
mod callback;
mod chain;
mod child;
mod client;
mod complaint;
pub mod credentials;
pub mod device;
pub mod doctor;
pub mod ensure;
pub mod exec;
pub mod export;
mod failure;
pub mod handout;
mod http;
mod interrupt;
pub mod key_set;
pub mod lack;
mod landing;
pub mod logout;
pub mod oidc;
mod pace;
mod page;
pub mod pkce;
pub mod portal;
mod process;
pub mod progress;
mod query;
mod random;
pub mod redeem;
mod refresh;
mod refusal;
pub mod registered;
pub mod renew;
pub mod renewal;
mod request;
pub mod role;
mod route;
pub mod sandbox;
pub mod session;
pub mod steps;
mod stop;
mod stream;
pub mod sts;
mod surroundings;
mod tty;
pub mod tunnel;
mod waiting;
pub mod whoami;
pub mod wish;

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
