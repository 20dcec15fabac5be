//! `sso-login serve`: sign-in for web front ends, and credentials for containers (DESIGN 4). It arranges what there is: the
//! device flow, the credentials of profiles, the documents of a check.

mod announcer;
pub mod app;
pub(crate) mod body;
mod connections;
mod credentials;
mod digest;
mod flow;
mod gate;
mod handout;
mod listener;
mod locked;
mod log;
mod page;
mod problem;
mod server;
mod sign_in;
mod signed_in;
mod state;
pub(crate) mod token;

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use serde_json::{Value, json};
use sso_tool::exit::{Exit, Fault};
use sso_tool::safe_read::{self, Found};
use sso_tool::settings::Settings;
use sso_tool::state_dir;
use sso_tool::stream::Document;
use sso_tool::time;

use crate::aws_api::oidc::Oidc;
use crate::interrupt::Interrupt;
use announcer::Announcer;
use app::App;
use digest::Digest;
use flow::Flows;
use gate::Gate;
use handout::Handout;
use state::Server;
use token::keys::Keys;
use token::sign_ins::SignIns;

/// The longest secret in a file.
const LARGEST_SECRET: usize = 4 << 10;
/// The shortest secret of `--aws-login-secret-file`.
const SHORTEST_SECRET: usize = 16;

/// What to serve, and where.
#[derive(Clone, Debug)]
pub struct Options {
    /// The address, or a port of loopback.
    pub listen: String,
    /// Origins whose pages may ask.
    pub origins: Vec<String>,
    /// Profiles whose credentials are handed out.
    pub credentials: Vec<String>,
    /// Whether those of every profile are.
    pub all_profiles: bool,
    /// The file of the secret that `aws-login` wants.
    pub aws_login_secret_file: Option<PathBuf>,
}

/// Serves until a signal comes.
pub fn serve(options: &Options, settings: &Settings) -> anyhow::Result<Exit> {
    let address = listener::address(&options.listen)?;
    let secret = options.aws_login_secret_file.as_deref().map(secret_of).transpose()?;
    if !address.ip().is_loopback() && secret.is_none() {
        let message = format!(
            "{address} is not loopback: anybody who reaches it could sign in with this server's keys"
        );
        return Err(Fault::new(Exit::Config, message)
            .hint("--listen 127.0.0.1:8000, or --aws-login-secret-file FILE")
            .into());
    }
    Gate::new(address, &options.origins)?;
    let app = App::of(settings)?;
    let has_keys = app::static_keys(settings)?.is_some();
    let secret_key = app::secret_key(settings)?;
    let app = match app {
        Some(app) => {
            let oidc = Oidc::new(&app.sso.region, app.profile.endpoints.sso_oidc.as_deref())?;
            Some((app, oidc))
        }
        None => None,
    };

    let dir = settings.state_dir()?.join("serve");
    state_dir::make_private(&settings.state_dir()?)?;
    state_dir::make_private(&dir)?;
    // Before anything is kept: a second server that can't listen changes nothing.
    let listener = listener::listen(address)?;
    let address =
        listener.local_addr().map_err(|err| anyhow::Error::from(err).context("cannot find out the port"))?;
    let now = time::now()?;
    token::crypto::install();
    let announcer = Arc::new(Announcer::stdout(&dir));
    let audience = App::audience(app.as_ref().map(|(app, _)| app));
    let server = Arc::new(Server {
        gate: Gate::new(address, &options.origins)?,
        is_debug: settings.is_debug(),
        flows: Mutex::new(Flows::new()),
        keys: Mutex::new(Keys::of(&dir, secret_key.as_ref(), now)?),
        sign_ins: Arc::new(SignIns::of(&dir, now)?),
        audience,
        aws_login_secret: secret,
        has_keys,
        handout: Handout::new(&dir, &options.credentials, options.all_profiles, Arc::clone(&announcer))?,
        announcer,
        app,
        looked_for_keys: Mutex::new(None),
    });
    if address.ip().is_unspecified() && options.origins.is_empty() {
        log::line(&format!(
            "the server answers only requests for loopback's names and 169.254.170.2; name others with \
             --origin http://HOST:{}",
            address.port()
        ));
    }
    // What runs a program (`credential_process`) holds signals back; the default must not come back after it.
    let _held = Interrupt::hold()?;
    let runtime = crate::runtime::runtime()?;
    let first = listening(&server, address);
    let ended = runtime.block_on(server::serve(Arc::clone(&server), listener, &first));
    // What hangs on a service that doesn't answer must not keep the process.
    runtime.shutdown_background();
    server.announcer.finish();
    ended.map(|()| Exit::Done)
}

/// The first document.
fn listening(server: &Server, address: SocketAddr) -> Document {
    let url = server::url(address);
    let credentials: Vec<Value> = server
        .handout
        .profiles()
        .into_iter()
        .map(|(profile, token_file)| {
            json!({
                "profile": profile,
                "url": format!("{url}/credentials/{}", sso_tool::profile_name::percent_encoded(&profile)),
                "tokenFile": token_file.to_string_lossy(),
            })
        })
        .collect();
    let document = Document::new().with("event", "listening").with("url", url.as_str());
    if credentials.is_empty() { document } else { document.with("credentials", credentials) }
}

/// The secret in a file: status 78 if there is none, or one that others may read.
fn secret_of(path: &Path) -> anyhow::Result<Digest> {
    use std::os::unix::fs::MetadataExt as _;
    let word = sso_tool::shell::shell_word(&path.to_string_lossy());
    let fault = |why: &str| {
        Fault::new(Exit::Config, format!("{} {why}", path.display()))
            .hint(format!("(umask 077; openssl rand -base64 32 > {word})"))
    };
    let Ok(Found::Bytes(bytes)) = safe_read::read(path, LARGEST_SECRET) else {
        return Err(fault("isn't a file that can be read").into());
    };
    if std::fs::symlink_metadata(path).is_ok_and(|found| found.mode() & 0o077 != 0) {
        return Err(fault("can be read by others").hint(format!("chmod 600 {word}")).into());
    }
    let text = String::from_utf8_lossy(&bytes);
    let secret = text.trim();
    if secret.len() < SHORTEST_SECRET || sso_tool::placeholder::is_placeholder(secret) {
        return Err(fault("has no secret of 16 bytes or more").into());
    }
    Ok(Digest::of(secret))
}
