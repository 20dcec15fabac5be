//! `sso-login logout`: end one session, or every one.

mod stray;

use std::collections::BTreeSet;
use std::path::PathBuf;

use sso_profile::{AwsConfig, Kind, Profile, Sso};
use sso_tool::exit::{Exit, Fault, report, status_of};
use sso_tool::settings::Settings;
use sso_tool::stream::{Document, Output};

use crate::commands::subjects::{self, Elsewhere, Form, Reply, RoleFlags, SubjectFlags, Target};
use crate::session::cached::Session;
use crate::session::error::named;
use crate::session::logout::{end, logout};

/// End a session, here and at the service
///
/// Ends one session, which you name by one of its profiles. The files of other sessions stay.
#[derive(clap::Args, Clone, Debug)]
#[command(after_long_help = EXAMPLES)]
pub struct Args {
    /// Profile whose session to end
    #[arg(conflicts_with = "all")]
    profile: Option<String>,
    #[command(flatten)]
    subject: SubjectFlags,
    /// End every session in the AWS config, and every session whose token is in the cache
    #[arg(long, conflicts_with_all = ["profile-flag", "sso_session"])]
    all: bool,
    /// As a filter, end with the status of the first answer that isn't good
    #[arg(short, long)]
    exit_status: bool,
}

const EXAMPLES: &str = "\
Examples:
  sso-login logout corp
  sso-login logout --all
  sso-login logout corp | jq -r '.sessionProfiles[]'     which profiles are logged out

`sessionProfiles` names all profiles of the session, which are all logged out. `wasLoggedIn` is
false if there was nothing to end. `removed` names the removed files. If the service can't be
reached, the files are removed anyway; `serviceTold` is then false, and the session lasts at the
service until it expires. To end a session that no config names, use --sso-session, or --all, which
finds its token.

Exit status:
  0   logged out (or nobody was logged in)
  2   bad command line
  65  bad document
  69  the files are removed, but the service couldn't be reached
  74  a file failed
  75  not now: a login is under way
  78  profile or configuration wrong";

/// Ends each session that is asked about.
pub fn run(args: &Args, settings: &Settings) -> anyhow::Result<Exit> {
    if args.all {
        return all(settings, &mut Output::stdout());
    }
    if let Some(name) = args.subject.session()
        && AwsConfig::load(settings)?.known_session(name).is_err()
        && let Some((file, sso)) = stray::named(settings, name)?
    {
        // A set-up that was left after its login, or a section that somebody removed.
        return Ok(alone(settings, &sso, Some(file), &mut Output::stdout())?.unwrap_or(Exit::Done));
    }
    let asked = args.subject.asked(args.profile.as_deref(), &RoleFlags::default())?;
    let form = Form {
        command: "logout",
        is_status_wanted: args.exit_status,
        is_text: false,
        has_role: false,
        elsewhere: Elsewhere::Refused,
    };
    subjects::answer(asked, form, settings, |Target { profile, config, is_command }, document, output| {
        let error = logout(settings, config, profile, document)?;
        if let Some(error) = &error
            && !document.contains_key("loggedOut")
        {
            error.add_to(document);
        }
        output.document(document)?;
        // The document has it all.
        Ok(match error {
            Some(error) if *is_command => Reply::Failed(error),
            error => Reply::Written(error.map_or(Exit::Done, |error| error.kind.exit())),
        })
    })
}

fn all(settings: &Settings, output: &mut Output) -> anyhow::Result<Exit> {
    let config = AwsConfig::load(settings)?;
    let mut seen = BTreeSet::new();
    let mut exit = Exit::Done;
    for profile in config.profiles().filter_map(|(_, profile)| profile.ok()) {
        let Some(sso) = &profile.sso else { continue };
        if !seen.insert(Session::new(settings, sso)?.token_file()) {
            continue;
        }
        let mut document = Document::new();
        let error = logout(settings, &config, &profile, &mut document)?;
        output.document(&document)?;
        if let Some(error) = error {
            exit = error.kind.exit();
            report(settings.tool(), &error.fault(&profile).into());
        }
    }
    // Of the config, but no profile's.
    for sso in config.sessions() {
        let file = Session::new(settings, &sso)?.token_file();
        if file.exists() && seen.insert(file) {
            exit = alone(settings, &sso, None, output)?.unwrap_or(exit);
        }
    }
    for found in stray::find(settings, &seen)? {
        match found {
            Ok((file, sso)) => exit = alone(settings, &sso, Some(file), output)?.unwrap_or(exit),
            Err(err) => {
                exit = status_of(&err);
                report(settings.tool(), &err);
            }
        }
    }
    Ok(exit)
}

/// Ends a session that no profile has: that of the config's section, or of a file in the cache. The status, if it isn't 0.
fn alone(
    settings: &Settings,
    sso: &Sso,
    file: Option<PathBuf>,
    output: &mut Output,
) -> anyhow::Result<Option<Exit>> {
    let profile = Profile::elsewhere("", Kind::SsoSession);
    let session = match file {
        Some(file) => Session::of_file(settings, sso, file)?,
        None => Session::new(settings, sso)?,
    };
    let mut document = Document::new();
    let error = end(settings, &profile, &session, Vec::new(), vec![session.token_file()], &mut document)?;
    output.document(&document)?;
    let Some(error) = error else { return Ok(None) };
    let exit = error.kind.exit();
    report(settings.tool(), &Fault::new(exit, format!("{}: {}", named(&session), error.reason())).into());
    Ok(Some(exit))
}
