//! Which files are signals: `login-required.json` and, beside it, those in `signals/`.

use std::collections::BTreeSet;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use anyhow::Context as _;

use crate::signal::OF_A_HOST;
use sso_tool::atomic_write;
use sso_tool::profile_name::file_stem;
use sso_tool::settings::Settings;
use sso_tool::state_dir::in_the_way;

/// More files in `signals/` than anybody has profiles: a writer gone wild. The rest is left unread.
const MOST: usize = 20_000;
/// The longest encoded profile in a file name, so that a temporary name (`.….XXXXXX.tmp`) still fits in the
/// 255 bytes that file systems allow.
/// So many signals are handled at once. What is remembered of profiles that nobody decided about holds twice as many:
/// a profile that is forgotten while its signal stands would be handed over again and again, and hold back all others.
pub(crate) const MOST_SIGNALS: usize = 1000;

/// The paths of signals.
#[derive(Debug)]
pub(crate) struct Places {
    /// The given format's place: `login-required.json`.
    pub(crate) main_file: PathBuf,
    /// The folder of further signals.
    pub(crate) further: PathBuf,
}

impl Places {
    /// The places of these settings.
    pub(crate) fn new(settings: &Settings) -> anyhow::Result<Self> {
        let main_file = settings.signal_file()?;
        Ok(Self { further: further(&settings.state_dir()?, &main_file), main_file })
    }

    /// Every file that may be a signal.
    pub(crate) fn files(&self) -> anyhow::Result<BTreeSet<PathBuf>> {
        let mut files = BTreeSet::from([self.main_file.clone()]);
        let context = || format!("cannot read {}", self.further.display());
        let entries = match fs::read_dir(&self.further) {
            Ok(entries) => entries,
            Err(err) if err.kind() == io::ErrorKind::NotFound => return Ok(files),
            Err(err) => {
                let read = Err(err).with_context(context);
                return in_the_way(&atomic_write::parent(&self.further))
                    .map_or(read, |fault| Err(fault.into()));
            }
        };
        for entry in entries {
            let name = entry.with_context(context)?.file_name();
            let is_hidden = name.to_string_lossy().starts_with('.');
            if !is_hidden && Path::new(&name).extension().is_some_and(|extension| extension == "json") {
                files.insert(self.further.join(name));
            }
            if files.len() >= MOST {
                break;
            }
        }
        Ok(files)
    }

    /// Whether a file, by its name, may hold the signal of a key.
    pub(crate) fn may_hold(&self, path: &Path, key: &str) -> bool {
        let stem = path.file_stem().unwrap_or_default().to_string_lossy();
        let stem = ["%1", "%2"].iter().find_map(|suffix| stem.strip_suffix(suffix)).unwrap_or(&stem);
        path == self.main_file || stem == file_stem(key)
    }

    /// Where the signal of a key may be, the preferred place first. The last ones are for when somebody put
    /// another profile's signal under this one's name, or the file system takes `Dev` and `dev` for the same.
    pub(crate) fn of(&self, key: &str) -> Vec<PathBuf> {
        let name = file_stem(key);
        // `%1` is no percent-encoding: these names are no other profile's.
        let further = ["", "%1", "%2"].map(|suffix| self.further.join(format!("{name}{suffix}.json")));
        // The given format's place is for this machine: who reads it alone knows nothing of other hosts.
        let main = Some(self.main_file.clone()).filter(|_| !key.contains(OF_A_HOST));
        main.into_iter().chain(further).collect()
    }
}

/// `signals/` of the state directory; or, where a container has nothing but that folder and names a file in it
/// with `SSO_SIGNAL_FILE`, the folder of that file.
fn further(state_dir: &Path, main_file: &Path) -> PathBuf {
    let beside = atomic_write::parent(main_file);
    let is_mounted_alone = beside.file_name().is_some_and(|name| name == "signals")
        && main_file.file_name().is_none_or(|name| name != "login-required.json");
    if is_mounted_alone { beside } else { state_dir.join("signals") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn further_signals_have_file_names_that_hold_any_profile() {
        assert_eq!(file_stem("a b/c@d:e+f._-"), "a%20b%2Fc%40d%3Ae%2Bf._-");
        let slashes = format!("a{}", "/".repeat(127));
        let others = format!("a{}@", "/".repeat(126));
        assert!(file_stem(&slashes).len() <= 200);
        assert_ne!(file_stem(&slashes), file_stem(&others));
    }

    #[test]
    fn a_file_may_hold_its_own_profiles_signal_and_the_first_place_any() {
        let places = Places { main_file: "/s/login-required.json".into(), further: "/s/signals".into() };
        for (name, profile, expected) in [
            ("login-required.json", "corp", true),
            ("signals/corp.json", "corp", true),
            ("signals/corp%2.json", "corp", true),
            ("signals/metta1%7Ccorp.json", "corp", false),
            ("signals/metta1%7Ccorp.json", "metta1|corp", true),
            ("signals/a%20b.json", "a b", true),
            ("signals/mycorp.json", "corp", false),
            ("signals/other.json", "corp", false),
        ] {
            assert_eq!(places.may_hold(&Path::new("/s").join(name), profile), expected, "{name}");
        }
    }

    #[test]
    fn a_container_that_sees_only_the_folder_keeps_to_it() {
        let state = Path::new("/s");
        assert_eq!(further(state, Path::new("/s/login-required.json")), Path::new("/s/signals"));
        assert_eq!(further(state, Path::new("/mnt/signals/box.json")), Path::new("/mnt/signals"));
        assert_eq!(further(state, Path::new("/signals/login-required.json")), Path::new("/s/signals"));
    }
}
