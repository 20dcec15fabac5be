//! Keep the "login required" signals and what the user decided about them.

mod cli;

use std::process::ExitCode;

use sso_signal::commands::{
    clear, log, mode, notify, quiet, read, request, service, settle, snooze, status, wait, write,
};
use sso_tool::exit::Exit;
use sso_tool::settings::Settings;
use sso_tool::stream::Output;

use cli::{Cli, Command};

fn main() -> ExitCode {
    sso_tool::main("sso-signal", |cli: Cli| run(&cli.command))
}

fn run(command: &Command) -> anyhow::Result<Exit> {
    let settings = &Settings::new("sso-signal");
    let output = &mut Output::stdout();
    match command {
        Command::Write(args) => write::run(args, settings, output),
        Command::Read(args) => read::run(args, settings, output),
        Command::Wait(args) => wait::run(args, settings, output),
        Command::Notify(args) => notify::run(args, settings),
        Command::Settle(args) => settle::run(args, settings, output),
        Command::Snooze(args) => snooze::run(args, settings, output),
        Command::Clear(args) => clear::run(args, settings, output),
        Command::Mode(args) => mode::run(args, settings, output),
        Command::Status(args) => status::run(args, settings, output),
        Command::Request(args) => request::run(args, settings, output),
        Command::Log(args) => log::run(args),
        Command::Service(args) => service::run(args, settings, output),
        Command::Quiet(args) => quiet::run(args, settings, output),
    }
}
