//! `sso-login serve`: sign-in for web front ends, credentials for containers.

use std::path::PathBuf;

use sso_tool::exit::Exit;
use sso_tool::settings::Settings;

use crate::serve::{self, Options};

/// Serve sign-in to web front ends, and credentials to containers
///
/// An HTTP API by which a front end signs people in (device authorization, or the server's own AWS keys) and gets a
/// JWT; and, for SDKs in containers, credentials that renew without a restart.
#[derive(clap::Args, Clone, Debug)]
#[command(after_long_help = EXAMPLES)]
pub struct Args {
    /// Address to listen at, or a port of loopback; port 0 is one that is free
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:8000")]
    listen: String,
    /// Origin whose pages may ask (CORS); as often as you like
    #[arg(long, value_name = "URL")]
    origin: Vec<String>,
    /// Hand out the credentials of this profile at /credentials/PROFILE; as often as you like
    #[arg(long, value_name = "PROFILE")]
    credentials: Vec<String>,
    /// Hand out the credentials of every profile of the config
    #[arg(long)]
    all_profiles: bool,
    /// File (0600) of the secret that aws-login wants as `Authorization: Bearer`; off loopback it must be there
    #[arg(long, value_name = "FILE")]
    aws_login_secret_file: Option<PathBuf>,
}

const EXAMPLES: &str = "\
Examples:
  sso-login serve --origin http://localhost:3000
  curl -X POST http://localhost:8000/api/auth/aws-login
  sso-login serve --credentials corp | sso-signal write --source sso-serve
  AWS_CONTAINER_CREDENTIALS_FULL_URI=http://127.0.0.1:8000/credentials/corp \\
  AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE=~/.aws/sso-renewer/serve/credentials/corp.token \\
    aws sts get-caller-identity

Standard output has documents: `\"event\":\"listening\"` with the URL and, for each profile, the URL
and token file of its credentials; then one for each session that is missed, or is back. Standard
error has a line for each request. SIGTERM ends it after the requests that are under way, SIGUSR1
makes a new key for tokens.

Settings (environment, ~/.backlog-toolkit-env or SSO_ENV_FILE, .env):
  AWS_SSO_START_URL, AWS_SSO_REGION, AWS_SSO_ACCOUNT_ID, AWS_SSO_ROLE_NAME   where people sign in
  AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY, AWS_SESSION_TOKEN, AWS_REGION    for aws-login
  SECRET_KEY    signs tokens with HS256; without it the server makes an ES256 key of its own
  DEBUG=true    a line for each step of a sign-in

Exit status:
  0   told to end
  2   bad command line
  74  a file or stream failed
  75  the address is in use
  78  profile or configuration wrong, a placeholder, a weak SECRET_KEY, or no secret off loopback";

pub fn run(args: &Args, settings: &Settings) -> anyhow::Result<Exit> {
    let options = Options {
        listen: args.listen.clone(),
        origins: args.origin.clone(),
        credentials: args.credentials.clone(),
        all_profiles: args.all_profiles,
        aws_login_secret_file: args.aws_login_secret_file.clone(),
    };
    serve::serve(&options, settings)
}
