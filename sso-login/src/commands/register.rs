//! `sso-login register`: the first step of a device flow of one's own.

use sso_cache::registration::Flow;
use sso_profile::AwsConfig;
use sso_tool::exit::Exit;
use sso_tool::settings::Settings;
use sso_tool::stream::Document;
use sso_tool::subject::Subject;
use sso_tool::time;

use crate::commands::steps::{each, oidc, sso_of};
use crate::commands::subjects::{Asked, RoleFlags, SubjectFlags, document_of};
use crate::flows::client::Client;
use crate::flows::stop::Stop;
use crate::serve::app;
use crate::session::cached::Session;
use crate::session::target::{self, no_sso};

/// Register a client: the first step of a device flow in separate steps
#[derive(clap::Args, Clone, Debug)]
#[command(after_long_help = EXAMPLES)]
pub struct Args {
    /// Profile to register a client for
    profile: Option<String>,
    #[command(flatten)]
    subject: SubjectFlags,
}

const EXAMPLES: &str = "\
Examples:
  sso-login register corp | sso-login authorize | sso-login token --wait --save
  echo '{\"startUrl\":\"https://d-1234567890.awsapps.com/start\",\"ssoRegion\":\"us-east-1\"}' |
    sso-login register

Without a profile, it uses AWS_SSO_START_URL and AWS_SSO_REGION from the environment or .env. It
adds `clientId`, `clientSecret` and `registrationExpiresAt`. The secret is only in the document.

Exit status:
  0   registered
  2   bad command line
  65  bad document
  69  the service can't be reached
  74  a stream failed
  78  profile or configuration wrong";

/// Registers a client for each session that is asked about.
pub fn run(args: &Args, settings: &Settings) -> anyhow::Result<Exit> {
    match args.subject.asked(args.profile.as_deref(), &RoleFlags::default())? {
        Asked::Documents(documents) => {
            each(documents, None, |subject, document| registered(subject, document, settings))
        }
        Asked::Command(subject) => {
            // A web application's `.env` says where people sign in, without a profile.
            let of_settings =
                if matches!(subject, Subject::Chosen { .. }) { app::sso_of(settings)? } else { None };
            let document = match of_settings {
                Some(sso) => Document::new()
                    .with("startUrl", sso.start_url)
                    .with("ssoRegion", sso.region)
                    .with("scopes", sso.scopes.unwrap_or_default()),
                None => document_of(&subject),
            };
            each(std::iter::once(Ok(document)), None, |subject, document| {
                registered(subject, document, settings)
            })
        }
    }
}

fn registered(
    subject: Subject,
    document: &mut Document,
    settings: &Settings,
) -> anyhow::Result<Option<Stop>> {
    let sso = match sso_of(document)? {
        Some(sso) => sso,
        None => {
            let subject = target::choose(subject, document, settings)?;
            let profile = target::find(&AwsConfig::load(settings)?, &subject, document)?;
            let from = match &subject {
                Subject::Session { .. } => None,
                _ => Some(document.text("profileFrom")?.unwrap_or("document").to_owned()),
            };
            profile.add_to(document, from.as_deref());
            profile.sso.clone().ok_or_else(|| no_sso(&profile))?
        }
    };
    let session = &Session::new(settings, &sso)?;
    let client = Client::new(session, Flow::Device);
    let oidc = oidc(document)?;
    let answer = crate::runtime::wait_for(oidc.register(&client.name(), &client.scopes()))?;
    Ok(match answer {
        Ok(registered) => {
            document.set("clientId", registered.client_id);
            document.set("clientSecret", registered.client_secret.expose());
            document.set("registrationExpiresAt", time::format(registered.expires_at));
            None
        }
        Err(refusal) => {
            let hint = format!(
                "check the SSO region ({}) and the network: registering needs no permission",
                sso.region
            );
            Some(Stop { hint: Some(hint), ..Stop::new("failed to register with AWS SSO", refusal) })
        }
    })
}
