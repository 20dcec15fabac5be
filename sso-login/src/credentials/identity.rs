//! What the credentials of a profile are good for, asked of STS itself.

use std::time::Duration;

use sso_profile::{AwsConfig, Profile};
use sso_tool::failure::FailureKind;
use sso_tool::settings::Settings;

use crate::credentials::resolver::CredentialResolver;
use crate::credentials::signing_keys::Credentials;
use crate::credentials::sts::{Identity, Sts};
use crate::session::error::SessionError;

/// A round trip to a service that is there.
const TIMEOUT: Duration = Duration::from_secs(30);

/// Whom STS takes a profile's credentials for, and the credentials.
pub(crate) fn of_profile(
    settings: &Settings,
    config: &AwsConfig,
    profile: &Profile,
) -> anyhow::Result<Result<(Identity, Credentials), SessionError>> {
    let resolver = CredentialResolver::new(settings, config);
    let credentials = match resolver.credentials(profile)? {
        Ok(credentials) => credentials,
        Err(error) => return Ok(Err(error)),
    };
    match identity(profile, &credentials)? {
        // Cached ones may be dead before their time; the portal knows.
        Err(SessionError { kind: FailureKind::Expired | FailureKind::Denied, .. })
            if profile.kind.is_sso() =>
        {
            let credentials = match resolver.fresh(profile)? {
                Ok(credentials) => credentials,
                Err(error) => return Ok(Err(error)),
            };
            Ok(identity(profile, &credentials)?.map(|identity| (identity, credentials)))
        }
        answer => Ok(answer.map(|identity| (identity, credentials))),
    }
}

/// Whom STS takes these credentials for.
pub(crate) fn identity(
    profile: &Profile,
    credentials: &Credentials,
) -> anyhow::Result<Result<Identity, SessionError>> {
    let sts = Sts::new(profile, credentials)?;
    let late = || Err(SessionError::unreachable("STS did not answer in time"));
    crate::runtime::wait_for(async {
        tokio::time::timeout(TIMEOUT, sts.identity()).await.unwrap_or_else(|_| late())
    })
}
