//! The profiles that a set-up is to write: tried in the copy of the config, proven, then written.

use anyhow::Context as _;
use sso_profile::request::Request;
use sso_profile::template::Template;
use sso_profile::{AwsConfig, WriteOptions};
use sso_tool::exit::{Fault, is_conflict, status_of};
use sso_tool::sanitize::sanitize;
use sso_tool::settings::Settings;
use sso_tool::shell::shell_word;
use sso_tool::stream::Document;

use super::config_copy::ConfigCopy;
use super::prompter::Prompter;
use super::stop::cancelled;
use crate::credentials::identity;
use crate::interrupt;

/// What was chosen to be written.
pub(crate) enum WantedProfiles {
    One { name: String, request: Request },
    All { rows: Vec<Document>, template: Template, request: Request },
}

impl WantedProfiles {
    /// Writes the profiles into the config of these settings. The answers are those of `sso-profile write`.
    pub(crate) fn write(&self, options: WriteOptions, settings: &Settings) -> anyhow::Result<Vec<Document>> {
        match self {
            Self::One { name, request } => {
                Ok(vec![sso_profile::write_profile(name, request, options, settings)?])
            }
            Self::All { rows, template, request } => {
                let (rows, template, request) = (rows.clone(), template.clone(), request.clone());
                sso_profile::write_profiles(rows, template, request, options, settings)
            }
        }
    }

    /// Writes the profiles into the copy. A profile that is there and differs is replaced only if a person says so.
    pub(crate) fn rehearse(
        &self,
        copy: &ConfigCopy,
        config: &AwsConfig,
        prompter: &Prompter<'_>,
    ) -> anyhow::Result<(WriteOptions, Vec<Document>)> {
        let adding = WriteOptions::default();
        let err = match self.write(adding, &copy.settings) {
            Ok(written) => return Ok((adding, written)),
            Err(err) => err,
        };
        let name = match self {
            Self::One { name, .. } if is_conflict(&err) && config.contains(name) => name,
            Self::All { .. } if is_conflict(&err) => {
                return Err(Fault::new(status_of(&err), format!("{err:#}"))
                    .hint("add --name-template '{session}-{account}-{role}', which gives the profiles other names")
                    .into());
            }
            _ => return Err(err),
        };
        let Ok(shown) = self.write(WriteOptions { replace: true, dry_run: true }, &copy.settings) else {
            return Err(err);
        };
        if !prompter.is_somebody_there() {
            let name = shell_word(&sanitize(name));
            return Err(Fault::new(status_of(&err), format!("{err:#}"))
                .hint(format!("sso-profile remove {name} && run this again, or choose another NAME"))
                .into());
        }
        if !prompter.agrees_to_replace(name, shown.first().unwrap_or(&Document::new()))? {
            return Err(cancelled());
        }
        let replacing = WriteOptions { replace: true, dry_run: false };
        Ok((replacing, self.write(replacing, &copy.settings)?))
    }
}

/// Asks STS who the first of the profiles is.
pub(crate) fn prove(written: &[Document], copy: &ConfigCopy) -> anyhow::Result<String> {
    let first = written.first().map_or(Ok(None), |first| first.text("profile"))?;
    let name = first.context("no profile was written")?;
    let proven = AwsConfig::load(&copy.settings).and_then(|config| {
        let profile = config.known_profile(name)?;
        let answer = identity::of_profile(&copy.settings, &config, &profile)?;
        Ok(answer.map_err(|failure| failure.fault(&profile))?)
    });
    match proven {
        Ok((identity, _)) => Ok(identity.arn),
        Err(err) => {
            interrupt::check()?;
            let message = format!("the new profile doesn't work, so the config is left unchanged: {err:#}");
            Err(Fault::reworded(&err, message).into())
        }
    }
}
