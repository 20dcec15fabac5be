//! The guided set-up: from a start URL to a profile.

use anyhow::Context as _;
use serde_json::Value;
use sso_profile::choice::Pick;
use sso_profile::request::{Request, writable_name};
use sso_profile::snapshot::Snapshot;
use sso_profile::{AwsConfig, Profile, WriteOptions};
use sso_tool::exit::{Exit, Fault, is_conflict, status_of};
use sso_tool::sanitize::sanitize;
use sso_tool::shell::shell_word;
use sso_tool::stream::Document;

use super::config_change::ConfigChange;
use super::keepsake::Login;
use super::round::{Round, is_login};
use crate::session::error::SessionError;
use crate::setup::config_copy::{ConfigCopy, config_file};
use crate::setup::portal_session::{Finder, Given, PortalSession};
use crate::setup::{region, role_choice};

/// Finds out where to log in, once it is known that whatever isn't given can be asked for.
pub(super) fn find_session(round: &mut Round<'_>) -> anyhow::Result<()> {
    let config = &AwsConfig::load(round.settings)?;
    round.set_up.check()?;
    let name = round.args.reference.as_ref();
    let there = name.and_then(|name| config.profile(name).ok().flatten());
    let legacy = there.as_ref().and_then(|profile| profile.sso.clone()).filter(|sso| sso.session.is_none());
    round.set_up = std::mem::take(&mut round.set_up).or(there);
    let set_up = round.set_up.clone();
    let needed = [
        ("the profile's name", name.is_none()),
        ("--account-id", set_up.account_id.is_none()),
        ("--role-name", set_up.role_name.is_none()),
    ];
    let given = Given {
        // Whoever says so much by flags has said all that is needed.
        is_name_asked: name.is_none() || set_up.start_url.is_none(),
        session: set_up.sso_session,
        start_url: set_up.start_url,
        region: set_up.sso_region,
        scopes: set_up.scopes,
        legacy,
        name: name.cloned(),
        flag: Some("--sso-session"),
    };
    let finder = Finder { given, config, settings: round.settings, prompter: &round.prompter };
    let mut missing = finder.missing()?;
    missing.extend(needed.into_iter().filter_map(|(what, is_missing)| is_missing.then_some(what)));
    round.prompter.need(&missing, "a new profile", &example(round))?;
    let session = finder.find()?;
    check_conflict(round, &session, config)?;
    round.portal = Some(session);
    Ok(())
}

/// What to type where nobody can be asked.
fn example(round: &Round<'_>) -> String {
    let name = round.args.reference.as_deref().unwrap_or("corp-dev");
    let [key, env, name] = [&round.args.key, &round.args.env, name].map(shell_word);
    format!(
        "sso-login key-set {key} {env} aws.iam.sso {name} --start-url https://d-1234567890.awsapps.com/start \
         --sso-region us-east-1 --account-id 111122223333 --role-name Developer"
    )
}

/// A profile that is there and differs is no reason for a login first, where nobody can be asked about it.
fn check_conflict(round: &Round<'_>, session: &PortalSession, config: &AwsConfig) -> anyhow::Result<()> {
    let (Some(name), Some(account), Some(role)) =
        (&round.args.reference, &round.set_up.account_id, &round.set_up.role_name)
    else {
        return Ok(());
    };
    if !config.contains(name) || round.set_up.replace || round.prompter.is_somebody_there() {
        return Ok(());
    }
    let request = profile_request(session, [account, role], round.set_up.region.clone());
    let rehearsed = sso_profile::write_profile(
        name,
        &request,
        WriteOptions { dry_run: true, ..WriteOptions::default() },
        round.settings,
    );
    rehearsed.map(drop).map_err(refused)
}

/// What the profile is to say.
fn profile_request(session: &PortalSession, [account, role]: [&str; 2], region: Option<String>) -> Request {
    let [account_id, role_name] = [account, role].map(|text| Some(text.to_owned()));
    Request { account_id, role_name, region, ..session.request() }
}

/// A refusal to write. One of what is there and differs leads to the flag of this command, not to those of
/// `sso-profile write`.
fn refused(err: anyhow::Error) -> anyhow::Error {
    if is_conflict(&err) {
        return Fault::new(Exit::Config, format!("{err:#}")).hint("--replace changes the profile").into();
    }
    err
}

/// Logs in by a copy of the config.
pub(super) fn log_in(round: &mut Round<'_>) -> anyhow::Result<()> {
    let (session, request) = (round.portal()?.name.clone(), round.portal()?.request());
    let copy = ConfigCopy::new(round.settings)?;
    let (profile, settings) = (copy.add_profile(&request)?, copy.settings.clone());
    // As the copy has it: its scopes are part of a registration's name.
    let sso = AwsConfig::load(&settings)?.known_profile(&profile)?.sso;
    let sso = sso.context("the copy of the config has no session")?;
    round.login = Some(Login::new(&sso, copy, profile.clone(), round.settings, round.log.as_mut())?);
    let document = round.log_in(&profile, &settings)?.good()?;
    let until = document.text("expiresAt")?.unwrap_or("some time");
    let how = if is_login(&document) { "logged in" } else { "logged in already" };
    let words = format!("session \"{}\": {how}, until {until}", sanitize(&session));
    round.reporter.step("login", &words, &Document::new().with("ssoSession", session))
}

/// Has a role of the session chosen, by a person or by the flags.
pub(super) fn choose_role(round: &mut Round<'_>) -> anyhow::Result<()> {
    let (set_up, session) = (&round.set_up, round.portal()?);
    let picks: Vec<_> = [("accountId", &set_up.account_id), ("roleName", &set_up.role_name)]
        .into_iter()
        .filter_map(|(key, value)| Some(Pick::new(key, value.as_ref()?)))
        .collect();
    let Login { copy, profile, .. } = round.login.as_ref().context("nobody is logged in")?;
    let settings = copy.settings.clone();
    let profile = AwsConfig::load(&settings)?.known_profile(profile)?;
    let none_fits = || {
        let asked = picks.iter().map(Pick::to_string).collect::<Vec<_>>().join(", ");
        let hint = format!("see {}, or leave out the flags on a terminal and choose", session.sso.start_url);
        Fault::new(Exit::Config, format!("{asked} isn't a role that you have")).hint(hint)
    };
    // Nobody knows the temporary profile.
    let failed = |failure: &SessionError, _: &Profile| failure.nameless_fault();
    let role = role_choice::choose(settings, profile, &picks, failed, none_fits);
    round.role = role.map_err(|err| of_session(err, session))?;
    Ok(())
}

/// What went wrong with a listing, in words that don't send a person to the temporary profile.
fn of_session(err: anyhow::Error, session: &PortalSession) -> anyhow::Error {
    if status_of(&err) != Exit::LoginRequired {
        return err;
    }
    let message = format!("session \"{}\" was ended by somebody else meanwhile", sanitize(&session.name));
    Fault::new(Exit::LoginRequired, message).hint("run it again").into()
}

fn name(round: &Round<'_>) -> anyhow::Result<String> {
    let suggested = role_choice::suggested_name(&round.role, &round.portal()?.name)?;
    let given = round.args.reference.as_deref();
    round.prompter.text(given, "Name of the profile", Some(&suggested), |name| writable_name("profile", name))
}

/// Writes the profile, by another name if a person doesn't want the one of that name replaced.
pub(super) fn write_profile(round: &mut Round<'_>) -> anyhow::Result<()> {
    let config = AwsConfig::load(round.settings)?;
    let mut name = name(round)?;
    let written = loop {
        let text = |key| anyhow::Ok(round.role.text(key)?.unwrap_or_default());
        let identity = [text("accountId")?, text("roleName")?];
        let region = region(round, &name, &config)?;
        let request = profile_request(round.portal()?, identity, region);
        match write_or_replace(round, &name, &request, &config)? {
            Some(written) => break written,
            // The login isn't lost by a name that was taken.
            None => name = another_name(round)?,
        }
    };
    let change = written.text("change")?.unwrap_or_default();
    let warnings = written.get("warnings").cloned();
    let mut words = format!("profile {}: {change}", sanitize(&name));
    for warning in warnings.iter().filter_map(Value::as_array).flatten().filter_map(Value::as_str) {
        words = format!("{words}; {}", sanitize(warning));
    }
    let more =
        Document::new().with("profile", name.as_str()).with("change", change).with("warnings", warnings);
    round.reference = name;
    round.reporter.step("write", &words, &more)
}

fn another_name(round: &Round<'_>) -> anyhow::Result<String> {
    let question = "Another name for the profile (Ctrl-D leaves)";
    round.prompter.text(None, question, None, |name| writable_name("profile", name))
}

/// Writes the profile; replaces one that is there and differs if a flag or the person says so. `None` if they don't.
fn write_or_replace(
    round: &mut Round<'_>,
    name: &str,
    request: &Request,
    config: &AwsConfig,
) -> anyhow::Result<Option<Document>> {
    match write_once(round, name, request, round.set_up.replace) {
        Err(err) if is_conflict(&err) && config.contains(name) && round.prompter.is_somebody_there() => {}
        written => return written.map(Some).map_err(refused),
    }
    let replaced = WriteOptions { replace: true, dry_run: true };
    let document = sso_profile::write_profile(name, request, replaced, round.settings)?;
    if !round.prompter.agrees_to_replace(name, &document)? {
        return Ok(None);
    }
    write_once(round, name, request, true).map(Some)
}

/// Writes the profile, unless a rehearsal with a copy says that it can't be. What the config becomes by that is known beforehand, so
/// that somebody else's edit at the same time is told from it, and stays if ours is undone.
fn write_once(
    round: &mut Round<'_>,
    name: &str,
    request: &Request,
    replace: bool,
) -> anyhow::Result<Document> {
    let options = WriteOptions { replace, dry_run: false };
    let before = Snapshot::take(&config_file(round.settings)?)?;
    let copy = ConfigCopy::of(&before, round.settings)?;
    sso_profile::write_profile(name, request, options, &copy.settings)?;
    if !AwsConfig::of_text(before.text())?.contains(name)
        && let Some(log) = &mut round.log
    {
        log.adds(name);
    }
    let since = before.becoming(copy.text()?);
    round.config_change = Some(ConfigChange { name: name.to_owned(), since, before });
    sso_profile::write_profile(name, request, options, round.settings)
}

/// The region to work in: a flag's; else a person's, asked with what is usual. The region of IAM Identity Center is none to
/// work in by itself.
fn region(round: &Round<'_>, name: &str, config: &AwsConfig) -> anyhow::Result<Option<String>> {
    let given = round.set_up.region.as_deref();
    if given.is_none() && (!round.prompter.is_somebody_there() || config.contains(name)) {
        return Ok(None);
    }
    let usual = region::of_session(config, &round.portal()?.name)
        .or_else(|| region::of_environment(round.settings))
        .or_else(|| region::of_any(config));
    region::ask(&round.prompter, given, usual.as_deref()).map(Some)
}
