//! Where the files are: two folders below HOME that no variable moves (AWS-FORMATS 1), and that of `aws login`, which
//! one does (14.1).

use std::path::{Path, PathBuf};

use sso_tool::settings::{Settings, from_environment};

use crate::key::{self, Registrant, Session};

/// The cache of one home directory.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cache {
    tokens: PathBuf,
    roles: PathBuf,
    logins: PathBuf,
}

impl Cache {
    /// The cache of the person's home.
    pub fn of(settings: &Settings) -> anyhow::Result<Self> {
        Ok(Self::of_home(settings.home()?))
    }

    /// The cache below a home directory: `.aws/sso/cache` and `.aws/cli/cache`.
    pub fn of_home(home: impl AsRef<Path>) -> Self {
        let home = home.as_ref();
        let aws = home.join(".aws");
        let logins =
            from_environment("AWS_LOGIN_CACHE_DIRECTORY").map(|folder| match folder.strip_prefix("~/") {
                Some(below) => home.join(below),
                None => PathBuf::from(folder),
            });
        Self {
            tokens: aws.join("sso/cache"),
            roles: aws.join("cli/cache"),
            logins: logins.unwrap_or_else(|| aws.join("login/cache")),
        }
    }

    /// The folder of tokens and registrations.
    pub fn token_dir(&self) -> &Path {
        &self.tokens
    }

    /// The folder of role credentials.
    pub fn role_dir(&self) -> &Path {
        &self.roles
    }

    /// The token file of a session.
    pub fn token(&self, session: Session<'_>) -> PathBuf {
        self.tokens.join(key::token(session) + ".json")
    }

    /// The file of a `login_session` of `aws login`.
    pub fn console_session(&self, login_session: &str) -> PathBuf {
        self.logins.join(key::console_session(login_session) + ".json")
    }

    /// The file of a client registration.
    pub fn registration(&self, registrant: Registrant<'_>) -> PathBuf {
        self.tokens.join(key::registration(registrant) + ".json")
    }

    /// The file of an SSO role's credentials.
    pub fn role(&self, account_id: &str, role_name: &str, session: Session<'_>) -> PathBuf {
        self.roles.join(key::role(account_id, role_name, session) + ".json")
    }
}
