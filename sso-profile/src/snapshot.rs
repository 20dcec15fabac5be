//! The config file as it was, for who may have to undo what it wrote.

use std::path::{Path, PathBuf};

use sso_tool::atomic_write;

use crate::config_file;

/// A config file's content at some time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Snapshot {
    real: PathBuf,
    text: Option<String>,
}

impl Snapshot {
    /// The file as it is now, links followed. Status 74 if it can't be read, 78 if it isn't a regular file.
    pub fn take(path: &Path) -> anyhow::Result<Self> {
        let real = config_file::real_path(path)?;
        let text = if real.exists() { Some(config_file::current_text(&real)?) } else { None };
        Ok(Self { real, text })
    }

    /// The file's content; nothing if there was no file.
    pub fn text(&self) -> &str {
        self.text.as_deref().unwrap_or_default()
    }

    /// The file with the content that a change will give it.
    #[must_use]
    pub fn becoming(&self, text: String) -> Self {
        Self { real: self.real.clone(), text: Some(text) }
    }

    /// Puts the file back to what it was, byte for byte, if it still is as `since` saw it, or was not changed at all. False
    /// if somebody else changed it meanwhile: then it stays as it is.
    pub fn put_back(&self, since: &Self) -> anyhow::Result<bool> {
        if self == since || self == &Self::take(&self.real)? {
            return Ok(true);
        }
        let back = self.text();
        let is_back = config_file::change(&self.real, |text| {
            let is_ours = text == since.text();
            Ok((is_ours.then(|| back.to_owned()), is_ours || text == back))
        })?;
        if is_back && self.text.is_none() {
            atomic_write::remove(&self.real)?;
        }
        Ok(is_back)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

    #[test]
    fn a_file_gets_its_bytes_back_unless_somebody_else_wrote_since() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("config");
        let absent = Snapshot::take(&path).unwrap();
        fs::write(&path, "ours\n").unwrap();
        let ours = Snapshot::take(&path).unwrap();
        assert!(absent.put_back(&ours).unwrap());
        assert!(!path.exists());

        fs::write(&path, "# before, without a line's end").unwrap();
        let before = Snapshot::take(&path).unwrap();
        fs::write(&path, "ours\n").unwrap();
        assert!(before.put_back(&ours).unwrap());
        assert_eq!(fs::read_to_string(&path).unwrap(), "# before, without a line's end");

        fs::write(&path, "ours\ntheirs\n").unwrap();
        assert!(!before.put_back(&ours).unwrap());
        assert_eq!(fs::read_to_string(&path).unwrap(), "ours\ntheirs\n");
    }
}
