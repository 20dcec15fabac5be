//! `sso-login console`: the AWS console in a browser, as the role of a profile.

use sso_profile::{Profile, StartUrl};
use sso_tool::exit::{Exit, Fault};
use sso_tool::secret::Secret;
use sso_tool::settings::Settings;
use sso_tool::shell::shell_word;
use sso_tool::stream::{Document, Output};
use url::Url;
use url::form_urlencoded::Serializer;

use crate::commands::subjects::{Asked, Elsewhere, Form, Reply, RoleFlags, SubjectFlags, Target, answer};
use crate::credentials::federation;
use crate::credentials::resolver::CredentialResolver;
use crate::flows::{browser, handover};
use crate::session::error::SessionError;

/// Open the AWS console in a browser, as the role of a profile
#[derive(clap::Args, Clone, Debug)]
#[command(after_long_help = EXAMPLES)]
pub struct Args {
    /// Profile whose account and role to open
    profile: Option<String>,
    #[command(flatten)]
    subject: SubjectFlags,
    #[command(flatten)]
    role: RoleFlags,
    /// Page of the console to open: a service (s3, ec2, cloudwatch), or a URL
    #[arg(long, value_name = "SERVICE|URL", value_parser = parse_page, alias = "service", short_alias = 's')]
    destination: Option<Page>,
    /// Region of the console [default: the profile's]
    #[arg(long, value_parser = parse_region, short_alias = 'r')]
    region: Option<String>,
    /// Sign in with role credentials, through AWS's federation endpoint, instead of the access portal's link
    ///
    /// Works for every profile that has temporary credentials. For 15 minutes, anybody who has the link can sign in with it, so
    /// it is printed only with --print.
    #[arg(long)]
    federated: bool,
    /// Print the link, and open nothing
    #[arg(long)]
    print: bool,
}

const EXAMPLES: &str = "\
Examples:
  sso-login console corp
  sso-login console corp --destination s3 --region us-west-2
  sso-login console corp --destination https://console.aws.amazon.com/s3/home
  sso-login console corp --print | jq -r .url
  sso-login accounts corp | sso-profile choose | sso-login console -

The access portal's link contains no credentials: the browser asks for a login if it needs one.

Exit status:
  0   opened, or printed
  2   bad command line
  65  bad document
  69  a service can't be reached
  74  a file failed
  77  expired: a person must log in
  78  denied, or profile or configuration wrong";

/// A page of the console, as the command line names it.
#[derive(Clone, Debug)]
enum Page {
    /// As the console's paths call it.
    Service(String),
    Url(Url),
}

fn parse_page(text: &str) -> Result<Page, String> {
    if is_label(text) {
        return Ok(Page::Service(text.to_owned()));
    }
    let url = Url::parse(text).map_err(|err| format!("it is neither a service nor a URL: {err}"))?;
    match url.scheme() {
        "https" => Ok(Page::Url(url)),
        _ => Err("a page of the console begins with https://".to_owned()),
    }
}

fn parse_region(text: &str) -> Result<String, String> {
    if is_label(text) { Ok(text.to_owned()) } else { Err("a region is written like us-west-2".to_owned()) }
}

/// Whether it can be a part of a host's name or a path as it is.
fn is_label(text: &str) -> bool {
    let is_plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
    !text.is_empty() && !text.starts_with('-') && text.chars().all(is_plain)
}

impl Args {
    /// The URL of the page to open, if one is asked for.
    fn page(&self, profile: &Profile) -> anyhow::Result<Option<String>> {
        let asked = self.region.as_deref();
        let region = || asked.or(profile.region.as_deref()).unwrap_or("us-east-1");
        Ok(match &self.destination {
            Some(Page::Url(_)) if asked.is_some() => {
                return Err(Fault::new(
                    Exit::Usage,
                    "a URL names its region itself: --region goes with a service",
                )
                .hint("sso-login console PROFILE --destination s3 --region us-west-2")
                .into());
            }
            Some(Page::Url(url)) => Some(url.to_string()),
            Some(Page::Service(service)) => Some(federation::page(region(), Some(service))),
            None => asked.map(|region| federation::page(region, None)),
        })
    }
}

/// Opens the console for each profile.
pub fn run(args: &Args, settings: &Settings) -> anyhow::Result<Exit> {
    let asked = args.subject.asked(args.profile.as_deref(), &args.role)?;
    // A browser is opened for one profile that a person named, not for each of a stream.
    let form = Form {
        command: "console",
        is_status_wanted: matches!(asked, Asked::Command(_)),
        is_text: false,
        has_role: true,
        elsewhere: Elsewhere::Refused,
    };
    answer(asked, form, settings, |target, _, output| open(args, settings, target, output))
}

fn open(args: &Args, settings: &Settings, target: &Target<'_>, output: &mut Output) -> anyhow::Result<Reply> {
    let profile = &target.profile;
    let link = if args.federated {
        match federated(args, settings, target)? {
            Ok(link) => link,
            Err(failure) => return Ok(Reply::Failed(failure)),
        }
    } else {
        Secret::from(portal_link(profile, args.page(profile)?.as_deref())?)
    };
    let is_opened = match (args.print, args.federated) {
        (true, _) => false,
        (false, true) => handover::open(settings, &link)?,
        (false, false) => browser::open(settings, link.expose()).is_some(),
    };
    if !is_opened {
        if args.federated && !args.print {
            return Err(Fault::new(Exit::Config, "no browser can be opened here, and the link is a secret")
                .hint(format!("sso-login console --federated --print {}", shell_word(&profile.name)))
                .into());
        }
        if output.is_text() {
            output.text(link.expose())?;
        } else {
            let document = Document::new().with("profile", profile.name.as_str()).with("url", link.expose());
            output.document(&document)?;
        }
    }
    Ok(Reply::Written(Exit::Done))
}

/// `START_URL/#/console?account_id=…&role_name=…&destination=…`, the link that the access portal itself shows.
fn portal_link(profile: &Profile, destination: Option<&str>) -> anyhow::Result<String> {
    let (Some(sso), Some(account_id), Some(role_name)) =
        (&profile.sso, &profile.account_id, &profile.role_name)
    else {
        let message = format!("{} `{}` has no SSO account and role of its own", profile.noun(), profile.name);
        let name = shell_word(&profile.name);
        let hint = if profile.sso.is_some() && profile.account_id.is_none() {
            format!("sso-login accounts {} | sso-profile choose | sso-login console -", profile.arguments())
        } else {
            format!("sso-login console --federated {name}")
        };
        return Err(Fault::new(Exit::Config, message).hint(hint).into());
    };
    let mut query = Serializer::new(String::new());
    query.append_pair("account_id", account_id).append_pair("role_name", role_name);
    if let Some(destination) = destination {
        query.append_pair("destination", destination);
    }
    Ok(format!("{}/#/console?{}", StartUrl::of(&sso.start_url).as_str(), query.finish()))
}

fn federated(
    args: &Args,
    settings: &Settings,
    target: &Target<'_>,
) -> anyhow::Result<Result<Secret, SessionError>> {
    let profile = &target.profile;
    let credentials = match CredentialResolver::new(settings, target.config).credentials(profile)? {
        Ok(credentials) => credentials,
        Err(failure) => return Ok(Err(failure)),
    };
    if credentials.session_token.is_none() {
        return Ok(Err(SessionError::denied(
            "its keys are long-term ones, which the console doesn't accept",
        )));
    }
    let region = profile.region.as_deref().unwrap_or("us-east-1");
    let region = args.region.as_deref().unwrap_or(region);
    federation::console_link(region, &credentials, args.page(profile)?.as_deref())
}
