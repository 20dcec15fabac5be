//! Get an AWS SSO session, silently, and hand out credentials.

mod cli;

use std::process::ExitCode;

use sso_login::commands::{
    accounts, console, credentials, exec, login, logout, refresh, steps, token, whoami,
};
use sso_login::session::login_options::{Ask, LoginOptions};
use sso_login::{doctor, keys, remote, sandbox};
use sso_tool::exit::Exit;
use sso_tool::settings::Settings;

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
        Some(Command::Console(args)) => console::run(args, settings),
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
    login::run(&args.subject, args.profile.as_deref(), args.exit_status, wish(args), settings)
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
