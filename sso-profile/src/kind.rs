//! Where a profile's credentials come from.

/// Where a profile's credentials come from: the first provider of botocore's chain that takes it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// An account and role by way of an `[sso-session]`.
    SsoSession,
    /// An account and role with start URL and region in the profile itself.
    SsoLegacy,
    /// An `[sso-session]` without account and role: bearer tokens only.
    SsoToken,
    /// An `[sso-session]` by itself, which no profile stands for: [`Profile::name`] is the session's.
    Session,
    /// Access keys in the file.
    Static,
    /// `credential_process`.
    Process,
    /// `role_arn`, by way of another profile or source.
    AssumeRole,
    /// `role_arn` by a token in a file.
    WebIdentity,
    /// `login_session`: console credentials of `aws login`, which no SSO login renews (AWS-FORMATS 11).
    Login,
    /// No credentials of its own.
    None,
}

impl Kind {
    /// The kind as documents name it.
    pub fn name(self) -> &'static str {
        match self {
            Self::SsoSession => "sso-session",
            Self::SsoLegacy => "sso-legacy",
            Self::SsoToken => "sso-token",
            Self::Session => "session",
            Self::Static => "static",
            Self::Process => "process",
            Self::AssumeRole => "assume-role",
            Self::WebIdentity => "web-identity",
            Self::Login => "login",
            Self::None => "none",
        }
    }

    /// Whether a login by SSO is what gives it credentials or tokens.
    pub fn is_sso(self) -> bool {
        matches!(self, Self::SsoSession | Self::SsoLegacy | Self::SsoToken | Self::Session)
    }
}
