//! How the watcher behaves: `notify`, `auto` or `standalone`, in a file that it reads each poll.

use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use sso_tool::atomic_write;
use sso_tool::exit::{Exit, Fault};
use sso_tool::meant;
pub use sso_tool::mode::Mode;
use sso_tool::safe_read::{self, Found};
use sso_tool::sanitize::sanitize;
use sso_tool::settings::Settings;

/// The mode in force and who said so: `file`, `SSO_LOGIN_MODE` or `default`. A file that says none is a warning.
pub fn current(settings: &Settings, state_dir: &Path) -> (Mode, &'static str) {
    let path = file(state_dir);
    let problem = match safe_read::read(&path, 64) {
        Ok(Found::Missing) => return wished(settings),
        // The state directory is a file: whoever needs it says so.
        Err(err) if err.kind() == ErrorKind::NotADirectory => return wished(settings),
        Ok(Found::Bytes(bytes)) => {
            let word = String::from_utf8_lossy(&bytes);
            match Mode::of_word(word.trim()) {
                Some(mode) => return (mode, "file"),
                // Empty for a moment, while `echo auto > mode` is at it, or for good: nobody set it.
                None if word.trim().is_empty() => return wished(settings),
                None => {
                    format!("{} is not notify, auto or standalone: `{}`", path.display(), sanitize(&word))
                }
            }
        }
        Ok(Found::Bad(what)) => format!("{} {what}", path.display()),
        Err(err) => format!("cannot read {}: {err}", path.display()),
    };
    let (mode, from) = wished(settings);
    settings.warn_once(format!("{problem}; {mode} is used"));
    (mode, from)
}

/// The mode that the settings wish for, whatever the file says, and who said so. `.env` of the working directory may ask
/// for less (notify, standalone), never for logins that nobody is asked about.
pub fn wished(settings: &Settings) -> (Mode, &'static str) {
    const NAME: &str = "SSO_LOGIN_MODE";
    let Some(word) = settings.text(NAME) else { return (Mode::Notify, "default") };
    if Mode::of_word(word.trim()) == Some(Mode::Auto) && settings.named(NAME).is_none() {
        return (Mode::Notify, "default");
    }
    if let Some(mode) = Mode::of_word(word.trim()) {
        return (mode, "SSO_LOGIN_MODE");
    }
    settings.warn_once(format!("SSO_LOGIN_MODE is not notify, auto or standalone: `{word}`; notify is used"));
    (Mode::Notify, "default")
}

/// Sets the mode, from the next poll on. It beats `SSO_LOGIN_MODE`.
pub fn set(state_dir: &Path, word: &str) -> anyhow::Result<Mode> {
    let mode = Mode::of_word(word).ok_or_else(|| {
        let meant = meant::or_meant(&meant::close(Mode::ALL.map(Mode::word), word));
        Fault::new(Exit::Usage, format!("`{word}` isn't a mode{meant}"))
            .hint("sso-signal mode notify|auto|standalone")
    })?;
    atomic_write::replace(&file(state_dir), format!("{mode}\n").as_bytes(), atomic_write::FileMode::Private)?;
    Ok(mode)
}

/// Where the mode is kept.
pub fn file(state_dir: &Path) -> PathBuf {
    state_dir.join("mode")
}
