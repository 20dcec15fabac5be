//! `sso-login register | sso-login authorize | sso-login token`: the device flow a step at a time, for those who
//! bring a front end of their own. Codes and secrets travel in the documents and nowhere
//! else: what reads them is at the other end of the pipe.

use clap::Args;
use sso_cache::registration::Flow;
use sso_profile::{AwsConfig, Selected, Sso, select};
use sso_tool::exit::{Exit, Fault};
use sso_tool::filter::{Handled, filter};
use sso_tool::settings::Settings;
use sso_tool::stream::{self, Document, Output};
use sso_tool::subject::Subject;
use sso_tool::time::{self, Moment};

use crate::aws_api::oidc::{Oidc, Registered};
use crate::flows::client::Client;
use crate::flows::progress::{Authorize, Progress};
use crate::flows::stop::{Stop, is_passing};
use crate::session::cached::Session;
use crate::session::target::no_sso;

/// Flags of `sso-login register`.
#[derive(Args, Clone, Debug)]
#[command(after_long_help = REGISTER)]
pub struct RegisterArgs {
    /// Profile whose session it is for
    profile: Option<String>,
}

/// Flags of `sso-login authorize`.
#[derive(Args, Clone, Debug)]
#[command(after_long_help = AUTHORIZE)]
pub struct AuthorizeArgs {
    /// Show the URL and the code in the document only
    #[arg(long)]
    quiet: bool,
}

const REGISTER: &str = "\
Examples:
  sso-login register corp | sso-login authorize | sso-login token --wait --save
  echo '{\"startUrl\":\"https://d-1234567890.awsapps.com/start\",\"ssoRegion\":\"us-east-1\"}' |
    sso-login register

Adds `clientId`, `clientSecret` and `registrationExpiresAt`. The secret is in the document only.

Exit status:
  0   registered
  2   bad command line
  65  bad document
  69  the service can't be reached
  74  a stream failed
  78  profile or configuration wrong";

const AUTHORIZE: &str = "\
Examples:
  sso-login register corp | sso-login authorize > login.json
  sso-login token < login.json

Adds `deviceCode`, `userCode`, `verificationUri`, `verificationUriComplete`, `interval` and
`expiresAt`, and shows the URL and the code on stderr.

Exit status:
  0   started
  2   bad command line
  65  bad document
  69  the service can't be reached
  74  a stream failed
  77  the registration isn't good any more
  78  configuration wrong";

/// Runs `register`.
pub fn register(args: &RegisterArgs, settings: &Settings) -> anyhow::Result<Exit> {
    let argument = args.profile.as_deref();
    if let Some(documents) = stream::subjects(argument)? {
        return each(documents, |document| registered(document, settings));
    }
    let Selected { name, from } = select(argument, None, settings)?;
    let document = Document::new().with("profile", name).with("profileFrom", from);
    each(std::iter::once(Ok(document)), |document| registered(document, settings))
}

/// Runs `authorize`.
pub fn authorize(args: &AuthorizeArgs) -> anyhow::Result<Exit> {
    each(stream::stdin()?, |document| authorized(document, args.quiet))
}

/// Takes a step with each document. The status is that of the first one that failed: who comes here wants to know.
pub(crate) fn each(
    documents: impl Iterator<Item = anyhow::Result<Document>>,
    mut step: impl FnMut(&mut Document) -> anyhow::Result<Option<Stop>>,
) -> anyhow::Result<Exit> {
    let output = &mut Output::stdout();
    filter(documents, true, output, |subject, document, _| {
        match subject {
            Subject::Nobody | Subject::Remote(_) => return Ok(Handled::PassedOn),
            // Nobody has decided yet, or the service was away: the same document can be tried again.
            Subject::Failure(_) if document.get("error").is_some_and(is_passing) => {
                document.shift_remove("error");
                document.shift_remove("reason");
            }
            // A step that failed for good: there is nothing to go on with.
            Subject::Failure(_) => return Ok(Handled::PassedOn),
            Subject::Session { .. } | Subject::Profile { .. } | Subject::Chosen { .. } => {}
        }
        Ok(Handled::Answered(match step(document)? {
            None => Exit::Done,
            Some(why) => why.tell(document),
        }))
    })
}

fn registered(document: &mut Document, settings: &Settings) -> anyhow::Result<Option<Stop>> {
    let sso = match sso_of(document)? {
        Some(sso) => sso,
        None => {
            let Selected { name, from } = select(None, Some(document), settings)?;
            let profile = AwsConfig::load(settings)?.known_profile(&name)?;
            let from = document.text("profileFrom")?.unwrap_or(&from).to_owned();
            profile.add_to(document, Some(&from));
            profile.sso.clone().ok_or_else(|| no_sso(&profile))?
        }
    };
    let session = &Session::new(settings, &sso)?;
    let client = Client::new(session, Flow::Device);
    let oidc = oidc(document)?;
    let answer = crate::runtime()?.block_on(oidc.register(&client.name(), &client.scopes()));
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

fn authorized(document: &mut Document, is_quiet: bool) -> anyhow::Result<Option<Stop>> {
    let client = client_of(document)?;
    let start_url = required(document, "startUrl", "sso-login register")?.to_owned();
    let oidc = oidc(document)?;
    let device = match crate::runtime()?.block_on(oidc.authorize(&client, &start_url)) {
        Ok(device) => device,
        Err(refusal) => return Ok(Some(Stop::new("failed to start the authorization", refusal))),
    };
    let expires_at = time::after(time::now()?, device.expires_in);
    if !is_quiet {
        let name = match (document.text("profile")?, document.text("ssoSession")?) {
            (Some(profile), _) => format!("profile {profile}"),
            (None, Some(session)) => format!("sso-session {session}"),
            (None, None) => format!("somebody of {start_url}"),
        };
        let shown = Authorize {
            url: device.url.clone(),
            user_code: Some(device.user_code.clone()),
            expires_at: Some(expires_at),
            via: "device",
            ..Authorize::default()
        };
        Progress::tell(&name, &shown, None);
    }
    document.set("deviceCode", device.device_code.expose());
    document.set("userCode", device.user_code);
    document.set("verificationUri", device.plain_url);
    document.set("verificationUriComplete", device.url);
    document.set("interval", device.interval.as_secs());
    document.set("expiresAt", time::format(expires_at));
    Ok(None)
}

pub(crate) fn oidc(document: &Document) -> anyhow::Result<Oidc> {
    let region = required(document, "ssoRegion", "sso-login register")?;
    let endpoint = document.get("endpoints").and_then(|all| all.get("ssoOidc")).and_then(|url| url.as_str());
    Oidc::new(region, endpoint)
}

/// What the document says about a session, if it says enough.
pub(crate) fn sso_of(document: &Document) -> anyhow::Result<Option<Sso>> {
    let text = |key: &str| {
        Ok::<_, anyhow::Error>(document.text(key)?.filter(|text| !text.is_empty()).map(str::to_owned))
    };
    let (Some(start_url), Some(region)) = (text("startUrl")?, text("ssoRegion")?) else { return Ok(None) };
    let scopes = document
        .get("scopes")
        .and_then(|scopes| scopes.as_array())
        .map(|scopes| scopes.iter().filter_map(|scope| scope.as_str().map(str::to_owned)).collect());
    Ok(Some(Sso { session: text("ssoSession")?, start_url, region, scopes }))
}

pub(crate) fn client_of(document: &Document) -> anyhow::Result<Registered> {
    Ok(Registered {
        client_id: required(document, "clientId", "sso-login register")?.to_owned(),
        client_secret: required(document, "clientSecret", "sso-login register")?.into(),
        // Without one, clients take the registration for expired and don't refresh: so it is, then.
        expires_at: match moment(document, "registrationExpiresAt")? {
            Some(moment) => moment,
            None => time::now()?,
        },
    })
}

pub(crate) fn moment(document: &Document, key: &str) -> anyhow::Result<Option<Moment>> {
    match document.text(key)? {
        None => Ok(None),
        Some(text) => time::parse(text).map(Some).ok_or_else(|| document.mistyped(key, "a timestamp").into()),
    }
}

pub(crate) fn required<'d>(document: &'d Document, key: &str, step: &str) -> anyhow::Result<&'d str> {
    document.text(key)?.filter(|text| !text.is_empty()).ok_or_else(|| {
        let message = format!("the document has no `{key}`");
        Fault::new(Exit::Data, message).hint(format!("it comes from `{step}`")).into()
    })
}
