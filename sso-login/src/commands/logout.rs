//! `sso-login logout`: end one session, at the service and in the caches of this machine. Other sessions, other
//! tools' files and client registrations stay, unlike with `aws sso logout` (AWS-FORMATS 9).

mod stray;

use std::collections::BTreeSet;
use std::io::{self, ErrorKind};
use std::path::PathBuf;
use std::time::Duration;

use sso_cache::session_store::Happened;
use sso_cache::{copies, salvage};
use sso_lock::{Lock, Outcome};
use sso_profile::{AwsConfig, Kind, Profile, Sso};
use sso_tool::atomic_write;
use sso_tool::exit::{Exit, Fault, report, status_of};
use sso_tool::settings::Settings;
use sso_tool::state_dir;
use sso_tool::stream::{Document, Output};
use sso_tool::time;

use crate::commands::subjects::{self, Elsewhere, Form, Reply, RoleFlags, SubjectFlags, Target};
use crate::session::cached::Session;
use crate::session::error::{SessionError, named};
use crate::session::sign_out::sign_out;
use crate::session::target::no_sso;
use crate::session::waiting;

/// How long a refresh that is under way may hold us up.
const LOCKED: Duration = Duration::from_secs(15);

/// End a session, here and at the service
///
/// One session, by one of its profiles; the files of others stay.
#[derive(clap::Args, Clone, Debug)]
#[command(after_long_help = EXAMPLES)]
pub struct Args {
    /// Profile whose session to end
    #[arg(conflicts_with = "all")]
    profile: Option<String>,
    #[command(flatten)]
    subject: SubjectFlags,
    /// End every session: those that the AWS config names, and those whose token is in the cache
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

`sessionProfiles` names all profiles of the session: they are logged out too. `wasLoggedIn` is
false if there was nothing to end. `removed` names the files. They go even if the service can't be
told; `serviceTold` is false then, and the session may live on there until it ends. A session that no
config names is ended, too: by --sso-session, or with --all, which knows it by its `startUrl`.

Exit status:
  0   logged out (or nobody was logged in)
  2   bad command line
  65  bad document
  69  the files are gone, but the service couldn't be told
  74  a file failed
  75  a login is under way
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
        let lack = logout(settings, config, profile, document)?;
        if let Some(lack) = &lack
            && !document.contains_key("loggedOut")
        {
            lack.add_to(document);
        }
        output.document(document)?;
        // The document has it all.
        Ok(match lack {
            Some(lack) if *is_command => Reply::Failed(lack),
            lack => Reply::Written(lack.map_or(Exit::Done, |lack| lack.kind.exit())),
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
        let lack = logout(settings, &config, &profile, &mut document)?;
        output.document(&document)?;
        if let Some(lack) = lack {
            exit = lack.kind.exit();
            report(settings.tool(), &lack.fault(&profile).into());
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
    let lack = end(settings, &profile, &session, Vec::new(), vec![session.token_file()], &mut document)?;
    output.document(&document)?;
    let Some(lack) = lack else { return Ok(None) };
    let exit = lack.kind.exit();
    report(settings.tool(), &Fault::new(exit, format!("{}: {}", named(&session), lack.reason())).into());
    Ok(Some(exit))
}

fn logout(
    settings: &Settings,
    config: &AwsConfig,
    profile: &Profile,
    document: &mut Document,
) -> anyhow::Result<Option<SessionError>> {
    let Some(sso) = &profile.sso else { return Err(no_sso(profile).into()) };
    let session = &Session::new(settings, sso)?;
    let profiles = config.session_profiles(profile);
    let mut files = vec![session.token_file()];
    for name in &profiles {
        let Some(other) = config.profile(name)? else { continue };
        if let (Some(account_id), Some(role_name)) = (&other.account_id, &other.role_name) {
            files.push(session.role_file(account_id, role_name));
        }
    }
    end(settings, profile, session, profiles, files, document)
}

/// Ends a session and removes its files; `profiles` are those that have it.
fn end(
    settings: &Settings,
    profile: &Profile,
    session: &Session<'_>,
    profiles: Vec<String>,
    files: Vec<PathBuf>,
    document: &mut Document,
) -> anyhow::Result<Option<SessionError>> {
    // A refresh that is under way would write the token again.
    let lock = Lock::of(settings, "login")?;
    let guard = match waiting::acquire(settings, &lock, "sso-login logout", LOCKED, true) {
        Ok(Outcome::Held(guard)) => Some(guard),
        // Nobody can make one on a full disk. That keeps no session alive.
        Err(err) if is_full(&err) => None,
        Err(err) => return Err(err),
        Ok(Outcome::Busy(owner)) => {
            let holder = waiting::in_words(owner.as_ref());
            let busy = SessionError::busy(format!("a login or refresh is under way: {holder}"));
            return Ok(Some(busy.hint("sso-lock status login")));
        }
    };
    let token = session.token()?.whole();
    let now = time::now()?;
    let was_logged_in =
        token.as_ref().is_some_and(|token| now < token.expires_at || token.is_refreshable(now));
    let mut removed = Vec::new();
    let told = match &token {
        Some(token) => sign_out(settings, profile, session, token)?,
        None => Ok(()),
    };
    let state_dir = settings.state_dir()?;
    // A repair that is under way may be about to put a token back; where no turn can be taken, none is.
    let turn = if state_dir.is_dir() { state_dir::lock(&state_dir).ok() } else { None };
    for file in files {
        let copies = copies::of(&file, &state_dir);
        removed.extend(atomic_write::remove(&file)?.then_some(file));
        for copy in copies {
            // Another token of the session, such as one that a killed writer left, keeps it alive at the service.
            let other = salvage::any_token_in(&copy).filter(|other| {
                now < other.expires_at && token.as_ref().is_none_or(|token| !token.is_same(other))
            });
            if let Some(other) = other
                && let Err(why) = sign_out(settings, profile, session, &other)?
            {
                settings.debug(|| format!("the service couldn't be told of {}: {why}", copy.display()));
            }
            let is_removed = copies::remove(&copy)?;
            removed.extend(is_removed.then_some(copy));
        }
    }
    drop(turn);
    session.note(Happened::LoggedOut);
    if let Some(guard) = guard {
        guard.release()?;
    }

    if let Some(name) = &session.sso.session {
        document.set("ssoSession", name.as_str());
    }
    document.set("startUrl", session.sso.start_url.as_str());
    document.set("loggedOut", true);
    document.set("wasLoggedIn", was_logged_in);
    document.set("serviceTold", token.is_some() && told.is_ok());
    document.set("sessionProfiles", profiles);
    document.set("observedAt", time::format_millis(time::now()?));
    document.set(
        "removed",
        removed.iter().map(|path| path.to_string_lossy()).map(String::from).collect::<Vec<_>>(),
    );
    let Err(why) = told else { return Ok(None) };
    let untold = SessionError::unreachable(format!(
        "the files are removed, but the SSO service couldn't be told: {why}"
    ));
    document.set("note", untold.reason());
    Ok(Some(untold))
}

fn is_full(err: &anyhow::Error) -> bool {
    let is_it = |err: &io::Error| matches!(err.kind(), ErrorKind::StorageFull | ErrorKind::QuotaExceeded);
    err.chain().any(|cause| cause.downcast_ref().is_some_and(is_it))
}
