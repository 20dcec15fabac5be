//! Calls of services that end by SIGINT, SIGTERM and SIGHUP.

use std::time::Duration;

pub(crate) use sso_tool::interrupt::{Interrupt, check, interrupted};

/// How often a call looks for a signal.
const LOOK: Duration = Duration::from_millis(50);

/// Answers a call, unless a signal that is to end calls comes first. Status 128 + N for signal N.
pub(crate) async fn unless_told<T>(call: impl Future<Output = T>) -> anyhow::Result<T> {
    tokio::select! {
        answer = call => Ok(answer),
        interrupted = as_soon_as(|| check().err()) => Err(interrupted),
    }
}

/// The signal that came, as soon as one did.
pub(crate) async fn signal(interrupt: &Interrupt) -> i32 {
    as_soon_as(|| interrupt.received()).await
}

async fn as_soon_as<T>(mut came: impl FnMut() -> Option<T>) -> T {
    loop {
        if let Some(what) = came() {
            return what;
        }
        tokio::time::sleep(LOOK).await;
    }
}
