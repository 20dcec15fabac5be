//! The subcommands, each in a file of its name: its `Args`, whose doc comment is its help, and its `run`.

use sso_lock::{Lock, Name};
use sso_tool::exit::Exit;
use sso_tool::settings::Settings;

// In the order of the help.
sso_tool::subcommands! {
    pub(crate) enum Command {
        Run in run,
        Acquire in acquire,
        Release in release,
        Status in status,
        Break in r#break,
    }
}

/// The lock of this name.
fn lock(settings: &Settings, name: &Name) -> anyhow::Result<Lock> {
    Ok(Lock::new(settings.state_dir()?, name.clone()))
}

/// The status of a question that is answered by yes or no.
fn answer(is_yes: bool) -> Exit {
    if is_yes { Exit::Done } else { Exit::No }
}
