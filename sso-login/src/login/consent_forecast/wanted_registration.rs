//! The registration that a login would use, by who makes it.

use std::path::PathBuf;

use sso_cache::key::Registrant;
use sso_cache::registration::Flow;
use sso_tool::aws_cli::{Aws, Version, WITH_PKCE};

use crate::flows::client::Client;
use crate::login::route::Route;
use crate::session::cached::Session;

/// Since then it names the cache file by a hash of what is registered (AWS-FORMATS 9).
const HASHED: Version = Version(2, 7, 32);

/// Who registers clients.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Maker {
    /// The AWS CLI.
    Aws,
    /// `sso-login`, for the device flow.
    Device,
    /// `sso-login`, for a browser that comes back.
    Pkce,
}

impl Maker {
    pub(super) const ALL: [Self; 3] = [Self::Aws, Self::Device, Self::Pkce];

    /// `tool` of [`Registrant`].
    pub(super) fn tool(self) -> &'static str {
        match self {
            Self::Aws => "botocore",
            Self::Device => Flow::Device.tool(),
            Self::Pkce => Flow::AuthorizationCode.tool(),
        }
    }

    pub(super) fn in_words(self) -> &'static str {
        match self {
            Self::Aws => "the AWS CLI",
            Self::Device => "`sso-login --via device`",
            Self::Pkce => "`sso-login --via pkce`",
        }
    }
}

/// What a login looks for in the cache, and registers if it isn't there.
#[derive(Clone, Debug)]
pub(super) struct WantedRegistration {
    pub(super) maker: Maker,
    pub(super) file: PathBuf,
    /// The flow that it must be made for; `None` if the login takes either.
    pub(super) flow: Option<Flow>,
    /// What the consent page calls it.
    pub(super) name: String,
    /// The scopes that the key has.
    pub(super) scopes: Option<Vec<String>>,
    /// The AWS CLI whose page shows a code.
    pub(super) shows_code: Option<Version>,
}

impl WantedRegistration {
    pub(super) fn new(session: &Session<'_>, route: &Route) -> Self {
        match route {
            Route::Aws { aws, uses_code } => Self::of_aws(session, aws, *uses_code),
            Route::Pkce => Self::ours(session, Flow::AuthorizationCode, Maker::Pkce),
            Route::Device => Self::ours(session, Flow::Device, Maker::Device),
        }
    }

    fn ours(session: &Session<'_>, flow: Flow, maker: Maker) -> Self {
        let client = Client::new(session, flow);
        Self {
            maker,
            file: client.file(),
            flow: Some(flow),
            name: client.name(),
            scopes: Some(client.scopes()).filter(|scopes| !scopes.is_empty()),
            shows_code: None,
        }
    }

    fn of_aws(session: &Session<'_>, aws: &Aws, uses_code: bool) -> Self {
        let sso = session.sso;
        let flow = flow(aws.version, sso.session.is_some() && !uses_code);
        let file = if aws.version < HASHED {
            session.cache.token_dir().join(format!("botocore-client-id-{}.json", sso.region))
        } else {
            session.cache.registration(Registrant {
                region: &sso.region,
                scopes: sso.scopes.as_deref(),
                session_name: sso.session.as_deref(),
                start_url: &sso.start_url,
                tool: Maker::Aws.tool(),
            })
        };
        Self {
            maker: Maker::Aws,
            file,
            flow: (aws.has_pkce()).then_some(flow),
            // For a legacy profile it is the time of the registration.
            name: format!("botocore-client-{}", sso.session.as_deref().unwrap_or("…")),
            scopes: sso.scopes.clone(),
            shows_code: (flow == Flow::Device).then_some(aws.version),
        }
    }
}

/// The flow of `aws sso login`.
fn flow(version: Version, is_session: bool) -> Flow {
    if version >= WITH_PKCE && is_session { Flow::AuthorizationCode } else { Flow::Device }
}

#[cfg(test)]
mod tests {
    use super::*;
    use sso_cache::folder::Cache;
    use sso_profile::Sso;

    #[test]
    fn each_aws_cli_wants_a_client_of_its_own_kind() {
        use Flow::{AuthorizationCode, Device};
        for (version, session, flow, shows_code) in [
            (Version(2, 9, 19), Some("my"), None, true),
            (Version(2, 9, 19), None, None, true),
            (Version(2, 21, 99), Some("my"), None, true),
            (Version(2, 22, 0), Some("my"), Some(AuthorizationCode), false),
            (Version(2, 22, 0), None, Some(Device), true),
            (Version(2, 36, 7), Some("my"), Some(AuthorizationCode), false),
            (Version(3, 0, 0), Some("my"), Some(AuthorizationCode), false),
        ] {
            let wanted = wanted(version, session, None);
            assert_eq!(
                (wanted.flow, wanted.shows_code.is_some()),
                (flow, shows_code),
                "{version} {session:?}"
            );
            assert_eq!(wanted.name, format!("botocore-client-{}", session.unwrap_or("…")));
        }
    }

    #[test]
    fn it_is_looked_for_where_the_aws_cli_has_it() {
        let scopes = ["sso:account:access".to_owned()];
        for (version, session, scopes, stem) in [
            (Version(2, 9, 19), Some("my"), Some(&scopes[..]), "d4bd9b730be541f8dec04c80d04f20fb73065f62"),
            (Version(2, 36, 7), Some("my"), None, "7ebb6e6bb04c96c840fda5867e9bf099389254ca"),
            (Version(2, 7, 32), None, None, "365414a68be7c9bfc776c660981dbdbd942acea4"),
            (Version(2, 7, 31), None, None, "botocore-client-id-us-east-1"),
        ] {
            let file = wanted(version, session, scopes).file;
            assert_eq!(file, PathBuf::from(format!("/home/me/.aws/sso/cache/{stem}.json")), "{version}");
        }
    }

    fn wanted(version: Version, session: Option<&str>, scopes: Option<&[String]>) -> WantedRegistration {
        let sso = Sso {
            session: session.map(str::to_owned),
            start_url: "https://d-1234567890.awsapps.com/start".to_owned(),
            region: "us-east-1".to_owned(),
            scopes: scopes.map(<[String]>::to_vec),
        };
        let session = Session::in_cache(&sso, Cache::of_home("/home/me"));
        WantedRegistration::new(
            &session,
            &Route::Aws { aws: Aws { path: "aws".into(), version }, uses_code: false },
        )
    }
}
