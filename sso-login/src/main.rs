//! Get an AWS SSO session, silently, and hand out credentials.

use std::process::ExitCode;

use clap::{Parser, Subcommand};
use sso_login::sandbox::{self, SandboxArgs};

#[derive(Parser)]
#[command(name = "sso-login", version, about)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Run an AWS SSO of your own on loopback, to try everything offline
    Sandbox(SandboxArgs),
}

fn main() -> ExitCode {
    let Command::Sandbox(args) = Cli::parse().command;
    sso_signal::exit::finish("sso-login", sandbox::run(&args))
}
