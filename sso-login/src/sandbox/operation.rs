//! The calls the sandbox answers, by the names AWS gives them.

use std::fmt;
use std::str::FromStr;

/// Which service a call belongs to. S3 is on the port of STS, each other one on a port of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Service {
    Oidc,
    Portal,
    Sts,
    S3,
}

impl Service {
    /// The name in the log.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Oidc => "sso-oidc",
            Self::Portal => "sso",
            Self::Sts => "sts",
            Self::S3 => "s3",
        }
    }
}

/// A call that can be counted, made to fail and made to hang.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Operation {
    /// `POST /client/register`
    RegisterClient,
    /// `POST /device_authorization`
    StartDeviceAuthorization,
    /// `POST /token`
    CreateToken,
    /// `GET /authorize`, a browser's
    Authorize,
    /// `GET /assignment/accounts`
    ListAccounts,
    /// `GET /assignment/roles`
    ListAccountRoles,
    /// `GET /federation/credentials`
    GetRoleCredentials,
    /// `POST /logout`
    Logout,
    /// `POST /` of STS
    GetCallerIdentity,
    /// `GET /federation` of sign-in, on the port of STS
    GetSigninToken,
    /// `GET /` of S3, on the port of STS
    ListBuckets,
}

impl Operation {
    /// Every operation, in the order of a login.
    pub(super) const ALL: [Self; 11] = [
        Self::RegisterClient,
        Self::StartDeviceAuthorization,
        Self::CreateToken,
        Self::Authorize,
        Self::ListAccounts,
        Self::ListAccountRoles,
        Self::GetRoleCredentials,
        Self::Logout,
        Self::GetCallerIdentity,
        Self::GetSigninToken,
        Self::ListBuckets,
    ];

    /// The service that offers it.
    pub(super) fn service(self) -> Service {
        match self {
            Self::RegisterClient | Self::StartDeviceAuthorization | Self::CreateToken | Self::Authorize => {
                Service::Oidc
            }
            Self::ListAccounts | Self::ListAccountRoles | Self::GetRoleCredentials | Self::Logout => {
                Service::Portal
            }
            Self::GetCallerIdentity | Self::GetSigninToken => Service::Sts,
            Self::ListBuckets => Service::S3,
        }
    }
}

impl fmt::Display for Operation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self, f)
    }
}

impl FromStr for Operation {
    type Err = String;

    fn from_str(name: &str) -> Result<Self, String> {
        Self::ALL.into_iter().find(|operation| operation.to_string() == name).ok_or_else(|| {
            let names: Vec<_> = Self::ALL.iter().map(ToString::to_string).collect();
            format!("`{name}` isn't an operation; there are {}", names.join(", "))
        })
    }
}
