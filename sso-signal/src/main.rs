//! Keep the "login required" signals and what the user decided about them.

use std::process::ExitCode;

use sso_signal::Cli;
use sso_tool::settings::Settings;

const TOOL: &str = "sso-signal";

fn main() -> ExitCode {
    sso_tool::main(TOOL, |cli: Cli| cli.run(&Settings::new(TOOL)))
}
