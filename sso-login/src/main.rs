//! Log in to AWS SSO where that is needed, and hand out credentials.

mod cli;

use std::process::ExitCode;

use sso_login::commands::login;
use sso_tool::settings::Settings;

use cli::Cli;

const TOOL: &str = "sso-login";

fn main() -> ExitCode {
    sso_tool::main(TOOL, |cli: Cli| {
        let settings = &Settings::new(TOOL);
        match &cli.command {
            Some(command) => command.run(settings),
            None => login::run(&cli.login, settings),
        }
    })
}
