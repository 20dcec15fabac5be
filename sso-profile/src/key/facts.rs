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
    files: BTreeMap<PathBuf, Result<Variables, String>>,
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

    /// The value of a variable of a file; `None` if either isn't there. The error is why the file, or the line that is meant
    /// for the variable, can't be read.
    pub(crate) fn variable(&mut self, path: &Path, name: &str) -> Result<Option<&str>, String> {
        let file = path;
        let read = || match text_of(file) {
            Ok(text) => Ok(Variables::of(&text)),
            Err(err) if err.kind() == ErrorKind::NotFound => Ok(Variables::default()),
            Err(err) => Err(format!("cannot read {}: {err}", file.display())),
        };
        let file = self.files.entry(file.to_owned()).or_insert_with(read);
        file.as_ref()
            .map_err(Clone::clone)?
            .value(name)
            .map_err(|line| format!("{}, line {line}: not {name}=value", path.display()))
    }
}

/// The variables of a file, and the lines that set none.
#[derive(Debug, Default)]
struct Variables {
    set: Dotenv,
    /// The number of each such line, from 1, and what it says.
    bad: Vec<(usize, String)>,
}

impl Variables {
    fn of(text: &str) -> Self {
        let mut numbers = Vec::new();
        let set = Dotenv::parse(text, |number| numbers.push(number));
        let line = |number: usize| text.lines().nth(number - 1).unwrap_or_default().to_owned();
        Self { set, bad: numbers.into_iter().map(|number| (number, line(number))).collect() }
    }

    /// The value of a variable, or else the number of a line that looks as if it should set it.
    fn value(&self, name: &str) -> Result<Option<&str>, usize> {
        let is_meant = |line: &str| {
            let rest = line.trim_start().trim_start_matches("export ").trim_start().strip_prefix(name);
            rest.is_some_and(|rest| !rest.starts_with(|c: char| c.is_ascii_alphanumeric() || c == '_'))
        };
        match (self.set.value(name), self.bad.iter().find(|(_, line)| is_meant(line))) {
            (None, Some((number, _))) => Err(*number),
            (value, _) => Ok(value),
        }
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
