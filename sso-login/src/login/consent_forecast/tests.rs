//! What is foreseen, by what is in the cache and by who logs in.

use std::path::{Path, PathBuf};

use sso_cache::folder::Cache;
use sso_cache::key::Registrant;
use sso_cache::token::Token;
use sso_profile::Sso;
use sso_tool::aws_cli::{Aws, Version};
use tempfile::TempDir;

use super::*;

const URL: &str = "https://d-1234567890.awsapps.com/start";
const FUTURE: &str = "2999-01-01T00:00:00Z";
const PAST: &str = "2020-01-01T00:00:00Z";

/// A home whose session `corp` is configured.
struct Home {
    dir: TempDir,
    sso: Sso,
}

impl Home {
    fn new() -> Self {
        let sso = Sso {
            session: Some("corp".to_owned()),
            start_url: URL.to_owned(),
            region: "us-east-1".to_owned(),
            scopes: Some(vec!["a:b".to_owned()]),
        };
        Self { dir: tempfile::tempdir().unwrap(), sso }
    }

    fn session(&self) -> Session<'_> {
        Session::in_cache(&self.sso, Cache::of_home(self.dir.path()))
    }

    fn foresee(&self, route: &Route) -> ConsentForecast {
        ConsentForecast::new(&self.session(), "dev", route).unwrap()
    }

    /// Puts a registration where the present config has it.
    fn register(&self, tool: &str, flow: Flow, expires_at: &str) -> PathBuf {
        let file = self.session().cache.registration(Registrant {
            region: &self.sso.region,
            scopes: self.sso.scopes.as_deref(),
            session_name: self.sso.session.as_deref(),
            start_url: &self.sso.start_url,
            tool,
        });
        let mut registration = Registration::new("client", "s".into(), at(expires_at), flow);
        registration.scopes.clone_from(&self.sso.scopes);
        registration.write(&file).unwrap();
        file
    }

    /// Puts a token where the present config has it.
    fn token(&self, registration_expires_at: &str) {
        let mut token = Token::new("s".into(), at(PAST));
        token.region = Some(self.sso.region.clone());
        token.start_url = Some(self.sso.start_url.clone());
        token.registration_expires_at = Some(at(registration_expires_at));
        token.write(&self.session().token_file()).unwrap();
    }
}

fn at(text: &str) -> Moment {
    time::parse(text).unwrap()
}

fn aws(version: Version) -> Route {
    Route::Aws { aws: Aws { path: "aws".into(), version }, uses_code: false }
}

fn old() -> Route {
    aws(Version(2, 9, 19))
}

#[test]
fn an_aws_cli_before_2_22_takes_a_client_of_either_flow_and_later_ones_only_their_own() {
    let kept = Use::Kept;
    let other = Use::New(Reason::Flow);
    for (version, session, of_device, of_browser) in [
        (Version(2, 9, 19), Some("corp"), &kept, &kept),
        (Version(2, 21, 3), Some("corp"), &kept, &kept),
        (Version(2, 22, 0), Some("corp"), &other, &kept),
        (Version(2, 36, 7), Some("corp"), &other, &kept),
        (Version(2, 21, 3), None, &kept, &kept),
        (Version(2, 22, 0), None, &kept, &other),
    ] {
        for (flow, expected) in [(Flow::Device, of_device), (Flow::AuthorizationCode, of_browser)] {
            let mut home = Home::new();
            home.sso.session = session.map(str::to_owned);
            home.register("botocore", flow, FUTURE);
            let seen = home.foresee(&aws(version)).registration;
            assert_eq!(seen, *expected, "{version} {session:?} {flow:?}");
        }
    }
}

#[test]
fn a_registration_serves_only_who_made_it() {
    let home = Home::new();
    home.register("botocore", Flow::Device, FUTURE);
    assert_eq!(home.foresee(&Route::Device).registration, Use::New(Reason::Client(Maker::Aws)));
    home.register(Flow::Device.tool(), Flow::Device, FUTURE);
    assert_eq!(home.foresee(&Route::Device).registration, Use::Kept);
    assert!(matches!(home.foresee(&Route::Pkce).registration, Use::New(Reason::Client(_))));
}

#[test]
fn each_reason_is_told_as_far_as_the_cache_knows_it() {
    type Prepare = fn(&mut Home);
    let cases: [(Prepare, Reason, &str); 11] = [
        (|_| {}, Reason::First, "it is the first login of session corp here, as far as the cache knows"),
        (
            |home| drop(home.register("botocore", Flow::Device, PAST)),
            Reason::Over(at(PAST)),
            "the registration of session corp is valid only until 2020-01-01T00:00:00Z",
        ),
        (
            |home| std::fs::write(home.register("botocore", Flow::Device, FUTURE), "{").unwrap(),
            Reason::Corrupt,
            "the file with the registration of session corp is damaged",
        ),
        (|home| home.token(PAST), Reason::Over(at(PAST)), "is valid only until 2020-01-01T00:00:00Z"),
        (
            |home| home.token(FUTURE),
            Reason::Gone,
            "the registration of session corp is no longer in the cache",
        ),
        (
            |home| {
                home.register("botocore", Flow::Device, FUTURE);
                home.token(FUTURE);
                home.sso.scopes = Some(vec!["a:b".to_owned(), "c:d".to_owned()]);
            },
            Reason::Scopes(vec!["a:b".to_owned()]),
            "session corp is registered for other scopes (a:b)",
        ),
        (
            |home| {
                home.sso.scopes = None;
                home.register("botocore", Flow::Device, FUTURE);
                home.sso.scopes = Some(vec!["a:b".to_owned()]);
            },
            Reason::Scopes(Vec::new()),
            "session corp is registered without scopes",
        ),
        (
            |home| {
                home.token(FUTURE);
                home.sso.region = "eu-west-1".to_owned();
            },
            Reason::Region("us-east-1".to_owned()),
            "the last login of session corp was in another region (us-east-1)",
        ),
        (
            |home| {
                home.token(FUTURE);
                home.sso.start_url += "/";
            },
            Reason::StartUrl(URL.to_owned()),
            "the last login of session corp was at another start URL (https://d-1234567890.awsapps.com/start)",
        ),
        (
            |home| {
                home.token(FUTURE);
                home.sso.session = Some("company".to_owned());
            },
            Reason::Name,
            "session company is a new name: earlier logins at this start URL used another one",
        ),
        (
            |home| drop(home.register(Flow::AuthorizationCode.tool(), Flow::AuthorizationCode, FUTURE)),
            Reason::Client(Maker::Pkce),
            "earlier logins of session corp were by `sso-login --via pkce`, which uses another client",
        ),
    ];
    for (prepare, reason, words) in cases {
        let mut home = Home::new();
        prepare(&mut home);
        let forecast = home.foresee(&old());
        assert_eq!(forecast.registration, Use::New(reason.clone()));
        let notice = forecast.notice().unwrap();
        assert!(notice.contains(words), "{notice}");
        assert!(notice.ends_with(".\n(AWS CLI 2.9.19 shows a code to compare.)"), "{notice}");
        let name = format!("allow access for botocore-client-{}: ", home.sso.session.unwrap());
        assert!(notice.contains(&name), "{notice}");
        assert_eq!(notice.contains(" again "), reason != Reason::First, "{notice}");
    }
}

#[test]
fn a_login_of_an_ide_at_the_same_start_url_is_no_earlier_name_of_the_session() {
    let home = Home::new();
    let folder = home.session().token_file().parent().unwrap().to_owned();
    std::fs::create_dir_all(&folder).unwrap();
    let client = r#"{"clientId":"ide","clientSecret":"s","expiresAt":"2999-01-01T00:00:00Z"}"#;
    std::fs::write(folder.join("aws-toolkit-vscode-client-id-us-east-1.json"), client).unwrap();
    let token = format!(r#"{{"accessToken":"s","clientId":"ide","startUrl":"{URL}","region":"us-east-1"}}"#);
    std::fs::write(folder.join(format!("{}.json", "a".repeat(40))), token).unwrap();
    assert_eq!(home.foresee(&old()).registration, Use::New(Reason::First));
}

#[test]
fn nothing_in_the_cache_reaches_a_terminal_as_it_is_and_no_secret_at_all() {
    let mut home = Home::new();
    home.sso.scopes = Some(vec!["\u{1b}[2J".to_owned()]);
    home.register("botocore", Flow::Device, FUTURE);
    home.sso.scopes = None;
    home.sso.session = Some("corp".to_owned());
    let forecast = home.foresee(&old());
    let notice = forecast.notice().unwrap();
    assert!(notice.contains("other scopes") && !notice.contains('\u{1b}'), "{notice:?}");
}

#[test]
fn what_happened_is_what_the_cache_says_afterwards() {
    let home = Home::new();
    let forecast = home.foresee(&old());
    assert_eq!(forecast.by_now(), None);
    let file = home.register("botocore", Flow::Device, FUTURE);
    assert_eq!(forecast.by_now(), Some(Use::New(Reason::First)));

    let forecast = home.foresee(&old());
    assert_eq!(forecast.by_now(), Some(Use::Kept));
    let other = Registration::new("another", "s".into(), at(FUTURE), Flow::Device);
    other.write(Path::new(&file)).unwrap();
    assert_eq!(forecast.by_now(), Some(Use::New(Reason::Rejected)));

    // One that has expired counts only once it is replaced.
    home.register("botocore", Flow::Device, PAST);
    let forecast = home.foresee(&old());
    assert_eq!(forecast.by_now(), None);
    other.write(&file).unwrap();
    assert_eq!(forecast.by_now(), Some(Use::New(Reason::Over(at(PAST)))));
}
