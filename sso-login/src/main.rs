//! Get an AWS SSO session, silently, and hand out credentials.

mod cli;

use std::process::ExitCode;

use sso_login::commands::{accounts, credentials, exec, logout, refresh, steps, token, whoami};
use sso_login::session::ensure::Ensure;
use sso_login::session::login_options::{Ask, LoginOptions};
use sso_login::{doctor, keys, remote, sandbox};
use sso_profile::{Selected, select};
use sso_tool::exit::Exit;
use sso_tool::settings::Settings;
use sso_tool::stream::{self, Document, Output};

use cli::{AskArg, Cli, Command, LoginArgs};

const TOOL: &str = "sso-login";

fn main() -> ExitCode {
    sso_tool::main(TOOL, |cli: Cli| run(&cli))
}

fn run(cli: &Cli) -> anyhow::Result<Exit> {
    let settings = &Settings::new(TOOL);
    match &cli.command {
        Some(Command::Sandbox(args)) => sandbox::run(args),
        Some(Command::Refresh(args)) => refresh::run(args, settings),
        Some(Command::Whoami(args)) => whoami::run(args, settings),
        Some(Command::Accounts(args)) => accounts::run(args, settings),
        Some(Command::Logout(args)) => logout::run(args, settings),
        Some(Command::KeySet(args)) => keys::run(args, settings),
        Some(Command::Exec(args)) => exec::run(args, TOOL),
        Some(Command::Register(args)) => steps::register(args, settings),
        Some(Command::Authorize(args)) => steps::authorize(args),
        Some(Command::Token(args)) => token::run(args, settings),
        Some(Command::Credentials(args)) => credentials::run(args, settings),
        Some(Command::Doctor(args)) => doctor::run(args, settings),
        Some(Command::Inspect(args)) => remote::inspect::run(args, settings),
        Some(Command::Tunnel(args)) => remote::run(args, settings),
        None => login(&cli.login, settings),
    }
}

fn login(args: &LoginArgs, settings: &Settings) -> anyhow::Result<Exit> {
    let ensure = Ensure::new(settings, wish(args));
    let output = &mut Output::stdout();
    let argument = args.profile.as_deref();
    match stream::subjects(argument)? {
        Some(documents) => filter(&ensure, args.exit_status, documents, output),
        None => command(&ensure, argument, output),
    }
}

/// One profile: the answer is the status.
fn command(ensure: &Ensure<'_>, argument: Option<&str>, output: &mut Output) -> anyhow::Result<Exit> {
    let Selected { name, from } = select(argument, None, ensure.settings)?;
    let mut document = Document::new().with("profile", name.as_str()).with("profileFrom", from);
    let answer = ensure.ensure(&name, &mut document, output)?;
    output.document(&document)?;
    match answer.fault(&name) {
        Some(fault) if !answer.is_good() => Err(fault.into()),
        _ => Ok(answer.exit()),
    }
}

/// Documents: an outcome is an answer, not an error, so that a loop of pipes goes on.
fn filter(
    ensure: &Ensure<'_>,
    is_status_wanted: bool,
    documents: impl Iterator<Item = anyhow::Result<Document>>,
    output: &mut Output,
) -> anyhow::Result<Exit> {
    let mut last = Exit::Done;
    for document in documents {
        let mut document = document?;
        if !document.is_about_no_profile() {
            let Selected { name, from } = select(None, Some(&document), ensure.settings)?;
            if !document.contains_key("profile") {
                document.set("profile", name.as_str());
                document.set("profileFrom", from);
            }
            last = ensure.ensure(&name, &mut document, output)?.exit();
        }
        output.document(&document)?;
        if let Exit::Command(_) = last {
            // Told to end while a login ran: the rest of the stream isn't handled, which 0 would say.
            return Ok(last);
        }
    }
    Ok(if is_status_wanted { last } else { Exit::Done })
}

fn wish(args: &LoginArgs) -> LoginOptions {
    LoginOptions {
        force: args.force,
        via: args.via,
        opens_browser: !args.no_browser,
        ask: match args.ask {
            AskArg::Auto => Ask::Auto,
            AskArg::Always => Ask::Always,
            AskArg::Never => Ask::Never,
        },
        timeout: args.timeout,
        patience: args.ask_timeout,
    }
}
