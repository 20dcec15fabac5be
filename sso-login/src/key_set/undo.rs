//! What there was before, to be put back if the set-up or the round trip fails.

use std::fs;
use std::io::ErrorKind;
use std::path::PathBuf;

use anyhow::Context as _;
use sso_cache::key::Registrant;
use sso_cache::registration::Flow;
use sso_profile::Sso;
use sso_profile::key::{self, Slug, VaultName};
use sso_profile::snapshot::Snapshot;
use sso_signal::replace::{Mode, replace};
use sso_signal::settings::Settings;
use sso_signal::wire::Document;

use super::scratch::{Scratch, TEMPORARY};
use super::tools::{Call, Tools};
use crate::session::Session;

/// What has been done so far, as what undoes it.
#[derive(Default)]
pub(super) struct Undo {
    /// A session that was begun for the set-up alone.
    pub(super) login: Option<Login>,
    /// A profile whose vault was unlocked for a key that may fail yet.
    pub(super) unlocked: Option<String>,
    /// The key as it was, once it is set.
    pub(super) key: Option<Previous>,
    /// The config file before and after.
    pub(super) config: Option<(Snapshot, Snapshot)>,
}

/// A key before it was set.
pub(super) type Previous = Option<(VaultName, String)>;

/// A login of the set-up, and the cache files that it may change.
pub(super) struct Login {
    /// The config file that has the profile that logs in.
    pub(super) scratch: Scratch,
    /// Whether there is a session now that wasn't there before.
    pub(super) is_begun: bool,
    pub(super) files: Vec<Keepsake>,
}

/// A file as it was.
pub(super) struct Keepsake {
    path: PathBuf,
    bytes: Option<Vec<u8>>,
}

impl Keepsake {
    fn of(path: PathBuf) -> anyhow::Result<Self> {
        let bytes = match fs::read(&path) {
            Ok(bytes) => Some(bytes),
            Err(err) if err.kind() == ErrorKind::NotFound => None,
            Err(err) => return Err(err).with_context(|| format!("cannot read {}", path.display())),
        };
        Ok(Self { path, bytes })
    }

    /// All files that a login of this session may write: its token, and registrations of the AWS CLI and of ours.
    pub(super) fn of_session(sso: &Sso, settings: &Settings) -> anyhow::Result<Vec<Self>> {
        let session = Session::new(settings, sso)?;
        let registration = |tool: &str| {
            session.cache.registration(Registrant {
                region: &sso.region,
                scopes: sso.scopes.as_deref(),
                session_name: sso.session.as_deref(),
                start_url: &sso.start_url,
                tool,
            })
        };
        let ours = [Flow::Device, Flow::AuthorizationCode].map(Flow::tool);
        let files = ["botocore"].into_iter().chain(ours).map(registration);
        files.chain([session.token_file()]).map(Self::of).collect()
    }

    fn put_back(&self) -> anyhow::Result<()> {
        match &self.bytes {
            Some(bytes) if fs::read(&self.path).is_ok_and(|now| now == *bytes) => Ok(()),
            Some(bytes) => replace(&self.path, bytes, Mode::Private),
            None => match fs::remove_file(&self.path) {
                Err(err) if err.kind() != ErrorKind::NotFound => {
                    Err(err).with_context(|| format!("cannot remove {}", self.path.display()))
                }
                _ => Ok(()),
            },
        }
    }
}

impl Undo {
    /// Undoes all of it, the last first, whatever fails on the way. Answers what could not be undone.
    pub(super) fn run(self, slug: &Slug, settings: &Settings, tools: &Tools<'_>) -> Vec<String> {
        let tools = &tools.deaf();
        let mut left = Vec::new();
        let mut attempt = |what: &str, result: anyhow::Result<()>| {
            if let Err(err) = result {
                left.push(format!("{what}: {err:#}"));
            }
        };
        if let Some(profile) = &self.unlocked {
            attempt("the session could not be ended", relock(profile, tools).map(drop));
        } else if let Some(login) = &self.login {
            if login.is_begun {
                let end = log_out(TEMPORARY, &tools.with_config(&login.scratch.config));
                attempt("the session could not be ended", end.map(drop));
            }
            for file in &login.files {
                attempt("the cache could not be put back", file.put_back());
            }
        }
        if let Some(previous) = self.key {
            attempt("the key could not be put back", key::put_back(slug, previous, settings));
        }
        if let Some((before, since)) = &self.config {
            let put_back = before.put_back(since).and_then(|is_back| {
                anyhow::ensure!(is_back, "it was changed meanwhile, and still has the new profile");
                Ok(())
            });
            attempt("the config file could not be put back", put_back);
        }
        left
    }
}

/// Marks a session as locked on purpose, so that no watcher asks for it, and ends it. The mark comes first: a monitor
/// may look in between.
pub(super) fn relock(profile: &str, tools: &Tools<'_>) -> anyhow::Result<Document> {
    tools.run(&Call::of("sso-signal", &["quiet", "--", profile]))?.good()?;
    log_out(profile, tools)
}

fn log_out(profile: &str, tools: &Tools<'_>) -> anyhow::Result<Document> {
    let document = Document::new().with("profile", profile);
    let call = Call::of("sso-login", &["logout", "--exit-status", "-"]).about(document);
    Ok(tools.run(&call)?.good()?.document)
}
