//! The private HOME: AWS config, endpoint rule files, and the program that stands in for a browser.

use std::fs::{self, OpenOptions, Permissions};
use std::io::Write as _;
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};

use anyhow::Context as _;
use serde_json::{Value, json};
use tempfile::TempDir;

use super::organization::{ADMINISTRATOR, DEVELOPER, FIRST_ACCOUNT, SECOND_ACCOUNT};
use super::server::Urls;

/// Start URLs of the sessions; of the form that newer AWS CLIs insist on (AWS-FORMATS 9).
pub(super) const START_URL: &str = "https://d-1234567890.awsapps.com/start";
const OTHER_START_URL: &str = "https://d-0987654321.awsapps.com/start";

/// The region of both.
pub(super) const REGION: &str = "us-east-1";

const STATE: &str = ".aws/sso-renewer";

/// A directory that is somebody's HOME for a while, and is removed with this value.
pub(super) struct Home {
    dir: TempDir,
}

impl Home {
    /// Makes the home, readable for its owner alone.
    pub(super) fn create(urls: &Urls) -> anyhow::Result<Self> {
        let dir = tempfile::Builder::new()
            .prefix("sso-sandbox-")
            .permissions(Permissions::from_mode(0o700))
            .tempdir()
            .context("cannot make a home directory for the sandbox")?;
        let home = Self { dir };
        home.directory(STATE)?;
        home.file(".aws/config", &config(), 0o600)?;
        for (service, version, url) in [
            ("sso-oidc", "2019-06-10", &urls.oidc),
            ("sso", "2019-06-10", &urls.portal),
            ("sts", "2011-06-15", &urls.sts),
            ("s3", "2006-03-01", &urls.sts),
        ] {
            let path = format!(".aws/models/{service}/{version}/endpoint-rule-set-1.json");
            home.file(&path, &rule_set(url).to_string(), 0o600)?;
        }
        Ok(home)
    }

    pub(super) fn path(&self) -> &Path {
        self.dir.path()
    }

    /// The state directory of the tools.
    pub(super) fn state(&self) -> PathBuf {
        self.path().join(STATE)
    }

    /// Adds a program for `BROWSER` that makes this very tool follow the link. It returns at once: the
    /// AWS CLI waits for its browser before it serves the callback (AWS-FORMATS 4).
    pub(super) fn add_browser(&self) -> anyhow::Result<PathBuf> {
        let tool = std::env::current_exe().context("cannot find the path of this program")?;
        let tool = tool.to_str().context("the path of this program is not UTF-8")?.replace('\'', r"'\''");
        let script = format!("#!/bin/sh\n'{tool}' sandbox --visit \"$1\" </dev/null >/dev/null 2>&1 &\n");
        self.file(".sso-sandbox/browser", &script, 0o700)
    }

    /// Removes the home. A process left behind by the command may still be writing there: one more try.
    pub(super) fn remove(self) -> anyhow::Result<()> {
        let path = self.dir.keep();
        fs::remove_dir_all(&path)
            .or_else(|_| fs::remove_dir_all(&path))
            .with_context(|| format!("cannot remove {}", path.display()))
    }

    fn directory(&self, path: &str) -> anyhow::Result<()> {
        let path = self.path().join(path);
        fs::DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(&path)
            .with_context(|| format!("cannot make the directory {}", path.display()))
    }

    fn file(&self, path: &str, content: &str, mode: u32) -> anyhow::Result<PathBuf> {
        if let Some((parent, _)) = path.rsplit_once('/') {
            self.directory(parent)?;
        }
        let path = self.path().join(path);
        OpenOptions::new()
            .write(true)
            .create_new(true)
            .mode(mode)
            .open(&path)
            .and_then(|mut file| file.write_all(content.as_bytes()))
            .with_context(|| format!("cannot write {}", path.display()))?;
        Ok(path)
    }
}

/// Two profiles on one session, and one on another.
fn config() -> String {
    let session = |name: &str, url: &str| {
        format!(
            "[sso-session {name}]\nsso_start_url = {url}\nsso_region = {REGION}\n\
             sso_registration_scopes = sso:account:access\n\n"
        )
    };
    let profile = |name: &str, session: &str, account: &str, role: &str| {
        format!(
            "[profile {name}]\nsso_session = {session}\nsso_account_id = {account}\nsso_role_name = {role}\n\
             region = eu-west-1\n\n"
        )
    };
    let config = [
        session("sandbox", START_URL),
        profile("demo", "sandbox", FIRST_ACCOUNT, DEVELOPER),
        profile("demo-admin", "sandbox", FIRST_ACCOUNT, ADMINISTRATOR),
        session("other", OTHER_START_URL),
        profile("other", "other", SECOND_ACCOUNT, DEVELOPER),
    ];
    format!("{}\n", config.concat().trim_end())
}

/// Endpoint rules that know one answer, for AWS CLIs older than the endpoint variables.
fn rule_set(url: &str) -> Value {
    let parameter = |kind: &str, builtin: &str, default: Value| {
        let mut parameter = json!({"builtIn": builtin, "required": false, "documentation": "", "type": kind});
        if !default.is_null() {
            parameter["required"] = true.into();
            parameter["default"] = default;
        }
        parameter
    };
    json!({
        "version": "1.0",
        "parameters": {
            "Region": parameter("String", "AWS::Region", Value::Null),
            "UseDualStack": parameter("Boolean", "AWS::UseDualStack", false.into()),
            "UseFIPS": parameter("Boolean", "AWS::UseFIPS", false.into()),
            "Endpoint": parameter("String", "SDK::Endpoint", Value::Null),
        },
        "rules": [{
            "conditions": [],
            "endpoint": {"url": url, "properties": {}, "headers": {}},
            "type": "endpoint",
        }],
    })
}
