//! An AWS SSO of your own on loopback, to try everything offline.
//!
//! Three services as AWS-FORMATS 4 and 5 describe them (OIDC, the access portal, STS), S3 as far as `aws s3 ls`, a private
//! HOME with a config, and a command that sees nothing else. It never talks to AWS.

mod admin;
mod answer;
mod authorize;
pub(crate) mod behavior;
mod browser;
mod call;
mod client;
mod device;
mod environment;
pub(crate) mod fault;
mod home;
mod journal;
mod operation;
mod organization;
mod page;
mod portal;
mod refusal;
mod s3;
mod server;
mod signature;
mod sts;
mod token;
pub(crate) mod visit;
mod world;

use std::ffi::OsString;
use std::io::{self, IsTerminal as _, Write as _};
use std::process::Command;

use serde_json::{Map, Value};
use sso_tool::exit::{self, Exit};
use sso_tool::foreground::Foreground;
use sso_tool::stream::{Document, Output};

use behavior::{Approval, Behavior};
use environment::Environment;
use home::{Home, REGION, START_URL};
use organization::Organization;
use server::{Ports, Urls};
use world::World;

/// Starts the sandbox and runs the command in it, or serves until a signal comes.
///
/// Ends with the command's status ([`Exit::Command`]), or [`Exit::Done`] after a signal.
pub(crate) fn run(
    behavior: Behavior,
    accounts: usize,
    roles: usize,
    command: &[OsString],
) -> anyhow::Result<Exit> {
    let foreground = Foreground::prepare()?;
    let browses_by_itself = behavior.approve == Approval::Auto;
    let ports = Ports::bind()?;
    let urls = ports.urls()?;
    let organization = Organization::new(accounts, roles);
    ports.serve(World::new(behavior, organization, urls.oidc.clone())?)?;

    let home = Home::create(&urls)?;
    let browser = browses_by_itself.then(|| home.add_browser()).transpose()?;
    let environment = Environment::new(&home, &urls, browser.as_deref());
    let result = if let Some((program, arguments)) = command.split_first() {
        welcome(command);
        let mut command = Command::new(program);
        command.args(arguments);
        environment.apply(&mut command);
        foreground.run(command)
    } else {
        Output::stdout().document(&announcement(&home, &urls, &environment)).map(|()| {
            foreground.wait();
            Exit::Done
        })
    };
    // The command's status counts, also where its home can't be removed.
    if let Err(err) = home.remove() {
        exit::report("sso-login", &err);
    }
    result
}

/// Says on a terminal where one is, if the command is a program alone: a shell, most likely.
fn welcome(command: &[OsString]) {
    let (mut stderr, is_alone) = (io::stderr(), command.len() == 1);
    if is_alone && io::stdin().is_terminal() && io::stdout().is_terminal() && stderr.is_terminal() {
        // A terminal that is gone needs no welcome.
        let _ = writeln!(
            stderr,
            "In the sandbox: an AWS SSO on loopback, and a HOME that is removed when you leave (exit). No \
             AWS account is used.\n\
             For AWS_PROFILE there are demo and demo-admin (one session) and other. Begin with: sso-login demo"
        );
    }
}

/// What to export to be in the sandbox.
fn announcement(home: &Home, urls: &Urls, environment: &Environment) -> Document {
    let export: Map<String, Value> =
        environment.set.iter().map(|(name, value)| ((*name).to_owned(), value.as_str().into())).collect();
    let unset: Vec<Value> = environment.remove.iter().map(|name| name.to_string_lossy().into()).collect();
    Document::new()
        .with("home", home.path().to_string_lossy().into_owned())
        .with("url", urls.admin.as_str())
        .with("startUrl", START_URL)
        .with("region", REGION)
        .with("oidcUrl", urls.oidc.as_str())
        .with("portalUrl", urls.portal.as_str())
        .with("stsUrl", urls.sts.as_str())
        .with("export", export)
        .with("unset", unset)
}
