//! Where the credentials of a command come from: a profile, or keys that nobody needs a profile for.

use sso_profile::{AwsConfig, Kind, Profile};
use sso_tool::exit::{Exit, status_of};
use sso_tool::settings::Settings;
use sso_tool::stream::Document;
use sso_tool::subject::Subject;

use crate::commands::credentials::of_environment;
use crate::commands::subjects;
use crate::credentials::signing_keys::Credentials;

/// Who chose the profile.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Choice {
    /// The command line, or a document.
    Named,
    Variable,
    /// Nobody.
    Default,
}

pub(super) enum Source {
    Profile(Box<AwsConfig>, Box<Profile>),
    /// Keys that nobody needs a profile for.
    Keys {
        credentials: Credentials,
        /// Where they are, in words.
        place: &'static str,
        /// The region of the default profile, which has nothing else to give.
        region: Option<String>,
    },
}

impl Source {
    /// The source that is meant. Keys count only where nobody named a profile and there is no default one with
    /// credentials: what a shell still has from last week must not win over the profile that was asked for.
    pub(super) fn find(
        subject: &Subject,
        document: &Document,
        choice: Choice,
        settings: &Settings,
    ) -> anyhow::Result<Self> {
        let config = AwsConfig::load(settings)?;
        let found = match subjects::profile_of(&config, subject, document) {
            Ok(profile) if choice != Choice::Default || profile.kind != Kind::None => {
                return Ok(Self::Profile(Box::new(config), Box::new(profile)));
            }
            Err(err) if choice == Choice::Named || status_of(&err) != Exit::Config => return Err(err),
            found => found,
        };
        if let Some((credentials, place)) = of_environment(settings)? {
            let region = found.ok().and_then(|profile| profile.region);
            return Ok(Self::Keys { credentials, place, region });
        }
        found.map(|profile| Self::Profile(Box::new(config), Box::new(profile)))
    }

    /// The profile, if it is one.
    pub(super) fn profile(&self) -> Option<&Profile> {
        match self {
            Self::Profile(_, profile) => Some(profile),
            Self::Keys { .. } => None,
        }
    }
}
