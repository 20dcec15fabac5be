//! The network runtime, and the wait for the answer of a service.

use std::io;
use std::os::unix::net::UnixStream;

use anyhow::Context as _;

use crate::interrupt;

/// A runtime for the SDK, on this thread; made only when there is something to ask of the network.
pub(crate) fn runtime() -> anyhow::Result<tokio::runtime::Runtime> {
    // The runtime panics where it can't open its own pipes: better to find out here.
    let spare: io::Result<Vec<_>> = (0..3).map(|_| UnixStream::pair()).collect();
    drop(spare.context("cannot start the network runtime")?);
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .context("cannot start the network runtime")
}

/// Waits for the answer of a service, on a runtime of its own.
pub(crate) fn wait_for<T>(call: impl Future<Output = T>) -> anyhow::Result<T> {
    runtime()?.block_on(interrupt::unless_told(call))
}
