//! Read and write profiles in the AWS config file, byte for byte.

use std::process::ExitCode;

use sso_profile::Cli;
use sso_tool::settings::Settings;

const TOOL: &str = "sso-profile";

fn main() -> ExitCode {
    sso_tool::main(TOOL, |cli: Cli| cli.run(&Settings::new(TOOL)))
}
