//! `sso-login authorize`: the second step of a device flow of one's own.

use sso_tool::exit::Exit;
use sso_tool::settings::Settings;
use sso_tool::stream::{self, Document};
use sso_tool::time;

use crate::commands::steps::{client_of, each, oidc, required};
use crate::flows::progress::{Authorize, Progress};
use crate::flows::stop::Stop;
use crate::session::login_options::Via;

/// Start a device authorization: the second step
#[derive(clap::Args, Clone, Debug)]
#[command(after_long_help = EXAMPLES)]
pub struct Args {
    /// Show the URL and the code in the document only
    #[arg(long)]
    quiet: bool,
}

const EXAMPLES: &str = "\
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
  77  the registration is no longer valid
  78  configuration wrong";

/// Starts an authorization for each registration.
pub fn run(args: &Args, _: &Settings) -> anyhow::Result<Exit> {
    each(stream::stdin()?, Some("clientId"), |_, document| authorized(document, args.quiet))
}

fn authorized(document: &mut Document, is_quiet: bool) -> anyhow::Result<Option<Stop>> {
    let client = client_of(document)?;
    let start_url = required(document, "startUrl", "sso-login register")?.to_owned();
    let oidc = oidc(document)?;
    if let Some(fault) = oidc.refuses(&start_url) {
        return Err(fault.into());
    }
    let device = match crate::runtime::wait_for(oidc.authorize(&client, &start_url))? {
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
            via: Via::Device,
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
