//! Where the files are: two folders below HOME that no variable moves (AWS-FORMATS 1).

use std::path::{Path, PathBuf};

use crate::key::{self, Registrant, Session};

/// The cache of one home directory.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cache {
    tokens: PathBuf,
    roles: PathBuf,
}

impl Cache {
    /// The cache below a home directory: `.aws/sso/cache` and `.aws/cli/cache`.
    pub fn of_home(home: impl AsRef<Path>) -> Self {
        let aws = home.as_ref().join(".aws");
        Self { tokens: aws.join("sso/cache"), roles: aws.join("cli/cache") }
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

    /// The file of a client registration.
    pub fn registration(&self, registrant: Registrant<'_>) -> PathBuf {
        self.tokens.join(key::registration(registrant) + ".json")
    }

    /// The file of an SSO role's credentials.
    pub fn role(&self, account_id: &str, role_name: &str, session: Session<'_>) -> PathBuf {
        self.roles.join(key::role(account_id, role_name, session) + ".json")
    }
}
