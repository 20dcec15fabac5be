//! Keep the "login required" signals and what the user decided about them.

mod cli;

use std::io::{self, IsTerminal as _};
use std::process::ExitCode;

use sso_signal::raise::Raiser;
use sso_signal::service::{self, Wish};
use sso_signal::wait::{Patience, wait};
use sso_signal::{clear, dashboard, journal, mode, quiet, read, request, settle, status};
use sso_tool::exit::{Exit, Fault};
use sso_tool::profile_name::check_profile;
use sso_tool::settings::Settings;
use sso_tool::stream::{self, Document, Output};
use sso_tool::time;

use cli::{Cli, Command, Service};

fn main() -> ExitCode {
    sso_tool::main("sso-signal", |cli: Cli| run(cli.command))
}

fn run(command: Command) -> anyhow::Result<Exit> {
    let settings = &Settings::new("sso-signal");
    let output = &mut Output::stdout();
    match command {
        Command::Write { profile, reason, source } => {
            let mut raiser = Raiser::new(settings, reason.as_deref(), source.as_deref())?;
            match profile {
                Some(profile) => raiser.command(&profile, output),
                None => raiser.filter(stream::stdin()?, output),
            }
        }
        Command::Read { profile, all } => {
            let chosen = || settings.chosen_profile().map(|(name, _)| name);
            let wanted = if all { None } else { profile.or_else(chosen) };
            read::print(settings, wanted.as_deref(), output)
        }
        Command::Wait { with_parent, timeout, poll, follow } => {
            let poll = poll.map_or_else(|| settings.poll_interval(), Ok)?;
            wait(settings, Patience { timeout, poll, follow, with_parent }, output)
        }
        Command::Settle => settle::filter(settings, stream::stdin()?, output),
        Command::Snooze { profile, duration } => {
            check_profile(&profile)?;
            if duration.is_zero() || duration > settle::LONGEST_SNOOZE {
                return Err(Fault::new(Exit::Usage, "a snooze lasts from 1s to 24h")
                    .hint("sso-signal snooze PROFILE 4h")
                    .into());
            }
            let until = settle::snooze_by_hand(settings, &profile, duration)?;
            output.document(
                &Document::new().with("profile", profile).with("snoozedUntil", time::format(until)),
            )?;
            Ok(Exit::Done)
        }
        Command::Clear { profile, all } => {
            let wanted = (!all).then(|| profile.unwrap_or_else(|| settings.profile()));
            clear::clear(settings, wanted.as_deref(), output)
        }
        Command::Mode { text, mode } => mode::command(settings, mode.as_deref(), text, output),
        Command::Status { documents: None, text } => status::print(settings, text, output),
        Command::Status { documents: Some(_), text } => {
            dashboard::print(settings, stream::stdin()?, text, output)
        }
        Command::Request { profile, reason, text } => match profile.filter(|profile| !profile.is_empty()) {
            Some(documents) if documents == "-" => {
                request::filter(settings, stream::stdin()?, &reason, text, output)
            }
            profile => {
                let profile = profile.unwrap_or_else(|| settings.profile());
                request::request(settings, &profile, &reason, text, output)
            }
        },
        Command::Log => {
            let is_watched = io::stdout().is_terminal();
            journal::write(io::stdin().lock(), is_watched, &mut io::stdout().lock())
        }
        Command::Service { command } => service(settings, command, output),
        Command::Quiet { profile } => match (stream::subjects(profile.as_deref())?, profile) {
            (Some(documents), _) => quiet::filter(settings, documents, output),
            (None, Some(profile)) => quiet::command(settings, &profile, output),
            (None, None) => Err(Fault::new(Exit::Usage, "no profile is named")
                .hint("sso-signal quiet PROFILE, or pipe in documents that have `profile`")
                .into()),
        },
    }
}

fn service(settings: &Settings, command: Service, output: &mut Output) -> anyhow::Result<Exit> {
    match command {
        Service::Install { without_aws, replace, monitor, watcher_only, print, text, command } => {
            let wish = Wish { command, monitor, is_watcher_only: watcher_only, without_aws, replace, print };
            service::install(settings, &wish, text, output)
        }
        Service::Uninstall { text } => service::uninstall(settings, text, output),
        Service::Restart { text } => service::restart(settings, text, output),
        Service::Status => service::status(settings, output),
        Service::Logs { lines, follow } => service::logs(settings, lines, follow, output),
        Service::Check => service::permit(settings, output),
    }
}
