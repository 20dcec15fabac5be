//! `sso-login serve`: sign-in for web front ends, credentials for containers.

use std::path::PathBuf;

use sso_tool::exit::Exit;
use sso_tool::settings::Settings;

use crate::serve::{self, Options};

/// Serve sign-in to web front ends, and credentials to containers
///
/// Through its HTTP API a front end signs people in (by device authorization, or with the server's own AWS keys) and gets a
/// JWT. SDKs in containers get credentials from it, and renew them without a restart.
#[derive(clap::Args, Clone, Debug)]
#[command(after_long_help = EXAMPLES)]
pub struct Args {
    /// Address to listen on, or a port on loopback; port 0 chooses a free one
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:8000")]
    listen: String,
    /// Origin whose pages may send requests (CORS; can be repeated)
    #[arg(long, value_name = "URL")]
    origin: Vec<String>,
    /// Hand out the credentials of this profile at /credentials/PROFILE (can be repeated)
    #[arg(long, value_name = "PROFILE")]
    credentials: Vec<String>,
    /// Hand out the credentials of every profile in the config
    #[arg(long)]
    all_profiles: bool,
    /// File (0600) with the secret that aws-login requires as `Authorization: Bearer`; you need it on any address but loopback
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

That last example needs an AWS CLI of version 2.15 or newer, which sends the token of the file.

The server prints documents: first `\"event\":\"listening\"` with its URL and, for each profile, the URL
and token file of its credentials; then one whenever a request finds no valid session, and one when
that session is valid again. Standard error has a line for each request. On SIGTERM the server
finishes the requests that are under way and ends; on SIGUSR1 it makes a new key for tokens.

Settings (environment, ~/.backlog-toolkit-env or SSO_ENV_FILE, .env):
  AWS_SSO_START_URL, AWS_SSO_REGION, AWS_SSO_ACCOUNT_ID, AWS_SSO_ROLE_NAME   where people sign in
  AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY, AWS_SESSION_TOKEN, AWS_REGION    for aws-login
  SECRET_KEY    signs tokens with HS256; without it the server makes its own ES256 key
  DEBUG=true    a line for each step of a sign-in

Exit status:
  0   told to end
  2   bad command line
  74  a file or stream failed
  75  not now: the address is in use
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
