//! What the vaults look at, read once for however many keys.

use std::collections::BTreeMap;
use std::fs;
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};

use sso_cache::check::check;
use sso_cache::folder::Cache;
use sso_tool::dotenv::Dotenv;
use sso_tool::settings::Settings;
use sso_tool::stream::{Document, LARGEST};
use sso_tool::time;

use crate::aws_config::AwsConfig;

/// The AWS config, the sessions and files of variables, each read when the first key needs it.
pub(crate) struct Facts<'a> {
    settings: &'a Settings,
    config: Option<AwsConfig>,
    files: BTreeMap<PathBuf, Result<Dotenv, String>>,
}

impl<'a> Facts<'a> {
    pub(crate) fn new(settings: &'a Settings) -> Self {
        Self { settings, config: None, files: BTreeMap::new() }
    }

    /// The AWS config. Status 74 if it can't be read, 78 if botocore refuses it.
    pub(crate) fn config(&mut self) -> anyhow::Result<&AwsConfig> {
        let config = match self.config.take() {
            Some(config) => config,
            None => AwsConfig::load(self.settings)?,
        };
        Ok(self.config.insert(config))
    }

    /// How good the session of a profile's document is.
    pub(crate) fn check(&self, profile: &Document) -> anyhow::Result<Document> {
        let mut answer = profile.clone();
        check(&mut answer, &Cache::of_home(self.settings.home()?), time::now()?)?;
        Ok(answer)
    }

    /// The value of a variable of a file; `None` if either isn't there. The error is why the file can't be read.
    pub(crate) fn variable(&mut self, file: &Path, name: &str) -> Result<Option<&str>, &str> {
        let read = || match text_of(file) {
            Ok(text) => Ok(Dotenv::parse(&text, |_| {})),
            Err(err) if err.kind() == ErrorKind::NotFound => Ok(Dotenv::default()),
            Err(err) => Err(format!("cannot read {}: {err}", file.display())),
        };
        let file = self.files.entry(file.to_owned()).or_insert_with(read);
        file.as_ref().map(|variables| variables.value(name)).map_err(String::as_str)
    }
}

/// A file's text. A FIFO would block, and what is larger than this is no file of variables.
fn text_of(file: &Path) -> io::Result<String> {
    let metadata = fs::metadata(file)?;
    if !metadata.is_file() {
        return Err(io::Error::new(ErrorKind::InvalidInput, "it isn't a regular file"));
    }
    if metadata.len() > LARGEST as u64 {
        return Err(io::Error::new(ErrorKind::InvalidInput, "it is larger than 1 MiB"));
    }
    fs::read_to_string(file)
}
