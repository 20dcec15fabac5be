//! What a round trip would leave behind if it were killed, for the next one to find; and room to undo it on a full disk.

use std::fs;
use std::path::Path;

use anyhow::Context as _;
use sso_lock::{Lock, LockState};
use sso_profile::AwsConfig;
use sso_profile::key::{self, Slug};
use sso_tool::exit::{Fault, status_of, warn};
use sso_tool::safe_read::{self, Found};
use sso_tool::sanitize::sanitize;
use sso_tool::settings::Settings;
use sso_tool::shell::shell_word;
use sso_tool::stream::{self, Document};

use crate::session::cached::Session;
use crate::session::obtain::{HowFar, Want, obtain};
use crate::setup::config_copy::Folder;

const NOTE: &str = "trail.json";
/// Longer than any note.
const LARGEST: usize = 64 << 10;

/// Notes of what has begun, in a folder that goes with this value.
#[derive(Debug)]
pub(super) struct RecoveryLog {
    note: Document,
    folder: Folder,
}

impl RecoveryLog {
    /// Begins one, with room for what undoes a round trip: locks, marks, the store of keys, the config. Status 74 if the disk
    /// has none, while nothing is done yet. The caller holds the lock of set-ups.
    pub(super) fn begin(slug: &Slug, config: Option<&Path>, settings: &Settings) -> anyhow::Result<Self> {
        let folder = with_room(config, settings).map_err(|err| {
            let message =
                format!("key `{slug}` is not stored, because a failure could not be undone: {err:#}");
            Fault::new(status_of(&err), message)
        })?;
        let log = Self { note: Document::new().with("slug", slug.to_string()), folder };
        log.write();
        Ok(log)
    }

    /// A login that begins a session is about to be made.
    pub(super) fn logs_in(&mut self, session: &str) {
        self.note.set("session", session);
        self.write();
    }

    /// A profile is about to be added to the person's config.
    pub(super) fn adds(&mut self, profile: &str) {
        self.note.set("profile", profile);
        self.write();
    }

    fn write(&self) {
        let line = format!("{}\n", serde_json::Value::from(self.note.clone()));
        // Without it a kill leaves what it leaves; nothing else depends on it.
        let _ = fs::write(self.folder.path().join(NOTE), line);
    }
}

fn with_room(config: Option<&Path>, settings: &Settings) -> anyhow::Result<Folder> {
    /// More than undoing writes at the same time: most file systems give whole blocks.
    const FILES: usize = 8;
    const BLOCK: usize = 4096;
    let folder = Folder::new(settings)?;
    let length = |path: &Path| fs::metadata(path).map_or(0, |found| found.len());
    let keys = settings.state_dir()?.join("keys.json");
    let most = usize::try_from(config.map_or(0, length).max(length(&keys))).unwrap_or_default();
    for (number, size) in [most].into_iter().chain([BLOCK; FILES]).enumerate() {
        let path = folder.path().join(format!("room-{number}"));
        fs::write(&path, vec![b' '; size]).with_context(|| format!("cannot write {}", path.display()))?;
    }
    Ok(folder)
}

/// Ends what a killed round trip left on trial, and says what it left that a person may want to keep.
pub(super) fn follow(left: &Path, settings: &Settings) {
    let Ok(Found::Bytes(bytes)) = safe_read::read(&left.join(NOTE), LARGEST) else { return };
    let Ok(note) = stream::parse(&bytes, NOTE) else { return };
    let text = |key: &str| note.text(key).ok().flatten();
    let Some(slug) = text("slug").and_then(|slug| slug.parse::<Slug>().ok()) else { return };
    // A store that can't be written stops the set-up that begins now, too.
    let _ = key::end_trial(&slug, settings);
    let Ok(config) = AwsConfig::load(settings) else { return };
    let profile = text("profile").filter(|name| config.contains(name));
    let session = text("session");
    let of_session = session.and_then(|name| still_valid(name, &config, settings));
    let mut found = Vec::new();
    let mut commands = Vec::new();
    if let Some(name) = profile {
        found.push(format!("profile {} is in the config", sanitize(name)));
        commands.push(format!("sso-profile remove {}", shell_word(&sanitize(name))));
    }
    if let Some((session, name)) = of_session {
        found.push(format!("session \"{}\" is logged in", sanitize(&session)));
        commands.insert(0, format!("sso-login logout {}", shell_word(&sanitize(&name))));
    } else if let Some(name) = session
        && is_login_under_way(settings)
    {
        // The kill of one process ends no other: a person may yet allow what that one asks for.
        found.push(format!("a login, perhaps of session \"{}\", is still under way", sanitize(name)));
        commands.insert(0, "sso-lock status login".to_owned());
    }
    if !found.is_empty() {
        let message =
            format!("an earlier attempt to set key `{slug}` was interrupted: {}", found.join(", and "));
        warn(settings.tool(), &message);
        warn(settings.tool(), &format!("hint: {}", commands.join("; ")));
    }
}

fn is_login_under_way(settings: &Settings) -> bool {
    let state = Lock::of(settings, "login").and_then(|lock| lock.state());
    matches!(state, Ok(LockState::Held(_)))
}

/// The session and a profile of it, if it has a valid token.
fn still_valid(session: &str, config: &AwsConfig, settings: &Settings) -> Option<(String, String)> {
    let mut profiles = config.profiles().filter_map(|(name, profile)| Some((name, profile.ok()?.sso?)));
    let (name, sso) = profiles.find(|(_, sso)| sso.session.as_deref() == Some(session))?;
    obtain(&Session::new(settings, &sso).ok()?, Want::Valid, HowFar::Cached).ok()?.cached()?;
    Some((session.to_owned(), name.to_owned()))
}
