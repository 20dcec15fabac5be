//! `sso-login sandbox`; the work is in its own room.

pub use crate::sandbox::SandboxArgs as Args;

use sso_tool::exit::Exit;
use sso_tool::settings::Settings;

/// Serves until it is told to end, or runs a command in it.
pub fn run(args: &Args, _: &Settings) -> anyhow::Result<Exit> {
    crate::sandbox::run(args)
}
