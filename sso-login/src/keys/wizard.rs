//! The guided set-up: from a start URL to a profile.

use std::fs;

use anyhow::Context as _;
use serde_json::Value;
use sso_profile::request::{Request, writable_name};
use sso_profile::snapshot::Snapshot;
use sso_profile::template::{Names, Template};
use sso_profile::{AwsConfig, Profile};
use sso_tool::exit::{Exit, Fault, hint_of, status_of};
use sso_tool::sanitize::sanitize;
use sso_tool::shell::shell_word;
use sso_tool::state_dir;
use sso_tool::stream::Document;

use super::rollback::{Login, Written};
use super::running::Said;
use super::scratch::Scratch;
use super::site::Site;
use super::stop::cancelled;
use super::tools::{Call, Chosen};
use super::{Round, config_file, is_login};

/// Walks a person, or the flags, to a profile, and writes it. Answers its name.
pub(super) fn set_up(round: &mut Round<'_>) -> anyhow::Result<String> {
    let config = AwsConfig::load(round.settings)?;
    round.set_up.check()?;
    let there = round.args.reference.as_ref().and_then(|name| config.profile(name).ok().flatten());
    round.set_up = std::mem::take(&mut round.set_up).or(there);
    let set_up = &round.set_up;
    let mut missing = Site::missing(set_up, &config, round.settings);
    let needed = [
        ("the profile's name", round.args.reference.is_none()),
        ("--account-id", set_up.account_id.is_none()),
        ("--role-name", set_up.role_name.is_none()),
    ];
    missing.extend(needed.into_iter().filter_map(|(what, is_missing)| is_missing.then_some(what)));
    round.answers.need(&missing, "a new profile", &example(round))?;

    let reference = round.args.reference.clone();
    let site = Site::find(set_up, reference.as_deref(), &config, round.settings, &round.answers)?;
    check_conflict(round, &site, &config)?;
    log_in(round, &site)?;
    let role = choose_role(round, &site)?;
    let name = name(round, reference.as_deref(), &site, &role)?;
    write(round, name, &site, &role, &config)
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
fn check_conflict(round: &Round<'_>, site: &Site, config: &AwsConfig) -> anyhow::Result<()> {
    let (Some(name), Some(account), Some(role)) =
        (&round.args.reference, &round.set_up.account_id, &round.set_up.role_name)
    else {
        return Ok(());
    };
    if !config.contains(name) || round.set_up.replace || round.answers.is_somebody_there() {
        return Ok(());
    }
    let flags = profile_flags(site, [account, role], round.set_up.region.as_deref());
    let rehearsal =
        Call::of("sso-profile", &[&["write"], flags.as_slice(), &["--dry-run", "--", name]].concat());
    written(round.tools.run(&rehearsal)?).map(drop)
}

/// The flags of `sso-profile write`.
fn profile_flags<'a>(site: &'a Site, [account, role]: [&'a str; 2], region: Option<&'a str>) -> Vec<&'a str> {
    let mut flags = site.flags();
    flags.extend(["--account-id", account, "--role-name", role]);
    flags.extend(region.into_iter().flat_map(|region| ["--region", region]));
    flags
}

/// What was written; a refusal leads to the flag of this command, not to those of `sso-profile write`.
fn written(said: Said) -> anyhow::Result<Said> {
    let is_conflict = said.exit == Exit::Config;
    said.good().map_err(|err| match hint_of(&err) {
        Some(hint) if is_conflict && hint.contains("--replace") => {
            Fault::new(Exit::Config, format!("{err:#}")).hint("--replace changes the profile").into()
        }
        _ => err,
    })
}

fn log_in(round: &mut Round<'_>, site: &Site) -> anyhow::Result<()> {
    let scratch = Scratch::new(site, &config_file(round.settings)?, round.settings, &round.tools)?;
    let (config, profile) = (scratch.config.clone(), scratch.profile.clone());
    let sso = scratch.sso()?;
    round.undo.login = Some(Login::new(&sso, scratch, round.settings, round.undo.trail.as_mut())?);
    let said = round.log_in(&profile, Some(&config))?.good()?;
    let until = said.document.text("expiresAt")?.unwrap_or("some time").to_owned();
    let how = if is_login(&said) { "logged in" } else { "logged in already" };
    let words = format!("session \"{}\": {how}, until {until}", sanitize(&site.session));
    round.told.step("login", &words, &Document::new().with("ssoSession", site.session.as_str()))
}

fn scratch<'a>(round: &'a Round<'_>) -> anyhow::Result<&'a Scratch> {
    round.undo.login.as_ref().map(|login| &login.scratch).context("nobody is logged in")
}

fn choose_role(round: &Round<'_>, site: &Site) -> anyhow::Result<Document> {
    let set_up = &round.set_up;
    let picks: Vec<_> = [("accountId", &set_up.account_id), ("roleName", &set_up.role_name)]
        .into_iter()
        .filter_map(|(key, value)| Some(format!("{key}={}", value.as_ref()?)))
        .collect();
    let scratch = scratch(round)?;
    let tools = round.tools.with_config(&scratch.config);
    let source = Call::of("sso-login", &["accounts", "--", &scratch.profile]);
    match tools.choose(&source, &picks).map_err(|err| of_session(&err, &scratch.profile, site))? {
        Chosen::Row(role) => Ok(role),
        Chosen::Nothing => Err(cancelled()),
        Chosen::NoSuchRow => {
            let message = format!("{} isn't a role that you have", picks.join(", "));
            let hint = format!("see {}, or leave the flags out at a terminal and choose", site.start_url);
            Err(Fault::new(Exit::Config, message).hint(hint).into())
        }
    }
}

/// What went wrong with a listing, in words that don't send a person to the temporary profile.
fn of_session(err: &anyhow::Error, temporary: &str, site: &Site) -> anyhow::Error {
    if status_of(err) == Exit::LoginRequired {
        let message = format!("session \"{}\" was ended by somebody else meanwhile", sanitize(&site.session));
        return Fault::new(Exit::LoginRequired, message).hint("run it again").into();
    }
    let message = format!("{err:#}");
    let message = message.strip_prefix(&format!("profile \"{temporary}\": ")).unwrap_or(&message);
    Fault::reworded(err, message).into()
}

fn name(round: &Round<'_>, reference: Option<&str>, site: &Site, role: &Document) -> anyhow::Result<String> {
    let text = |key: &str| role.get(key).and_then(Value::as_str).unwrap_or_default();
    let template: Template = "{account}-{role}".parse()?;
    let suggested = template.name(&Names {
        account: text("accountName"),
        account_id: text("accountId"),
        role: text("roleName"),
        session: &site.session,
        email: text("emailAddress"),
    });
    round
        .answers
        .text(reference, "Name of the profile", Some(&suggested), |name| writable_name("profile", name))
}

/// Writes the profile, by another name if a person doesn't want the one of that name replaced. Answers the name.
fn write(
    round: &mut Round<'_>,
    mut name: String,
    site: &Site,
    role: &Document,
    config: &AwsConfig,
) -> anyhow::Result<String> {
    let text = |key| anyhow::Ok(role.text(key)?.unwrap_or_default());
    let identity = [text("accountId")?, text("roleName")?];
    let written = loop {
        let region = region(round, &name, site, config)?;
        let flags = profile_flags(site, identity, region.as_deref());
        match write_or_replace(round, &name, &flags, config)? {
            Some(written) => break written,
            // The login isn't lost by a name that was taken.
            None => name = another_name(round)?,
        }
    };
    let change = written.document.text("change")?.unwrap_or_default().to_owned();
    let warnings = written.document.get("warnings").cloned();
    let mut words = format!("profile {}: {change}", sanitize(&name));
    for warning in warnings.iter().filter_map(Value::as_array).flatten().filter_map(Value::as_str) {
        words = format!("{words}; {}", sanitize(warning));
    }
    let more =
        Document::new().with("profile", name.as_str()).with("change", change).with("warnings", warnings);
    round.told.step("write", &words, &more)?;
    Ok(name)
}

fn another_name(round: &Round<'_>) -> anyhow::Result<String> {
    let question = "Another name for the profile (Ctrl-D leaves)";
    round.answers.text(None, question, None, |name| writable_name("profile", name))
}

/// A profile that exists and differs is replaced only if a flag or the person says so; `None` if they don't.
fn write_or_replace(
    round: &mut Round<'_>,
    name: &str,
    flags: &[&str],
    config: &AwsConfig,
) -> anyhow::Result<Option<Said>> {
    let arguments =
        |more: &[&str]| Call::of("sso-profile", &[&["write"], flags, more, &["--", name]].concat());
    let (adding, replacing) = (arguments(&[]), arguments(&["--replace"]));
    let said = write_once(round, name, if round.set_up.replace { &replacing } else { &adding })?;
    if said.exit != Exit::Config || !config.contains(name) || !round.answers.is_somebody_there() {
        return written(said).map(Some);
    }
    let diff = round.tools.run(&arguments(&["--replace", "--dry-run"]))?.good()?;
    let diff = diff.document.text("diff")?.unwrap_or_default().lines();
    let diff: String = diff.flat_map(|line| [sanitize(line), "\n".to_owned()]).collect();
    round.answers.say(&format!("\nThe profile `{}` exists and differs:\n\n{diff}", sanitize(name)))?;
    if !round.answers.agrees("\nReplace it?")? {
        return Ok(None);
    }
    written(write_once(round, name, &replacing)?).map(Some)
}

/// Writes it, unless a rehearsal with a copy says that it can't be. What the config becomes by that is known beforehand, so
/// that somebody else's edit at the same time is told from it, and stays if ours is undone.
fn write_once(round: &mut Round<'_>, name: &str, call: &Call) -> anyhow::Result<Said> {
    let before = Snapshot::take(&config_file(round.settings)?)?;
    let copy = scratch(round)?.rehearsal();
    state_dir::write_private(&copy, before.text())?;
    let said = round.tools.with_config(&copy).run(call)?;
    if said.exit != Exit::Done {
        return Ok(said);
    }
    let text = fs::read_to_string(&copy).with_context(|| format!("cannot read {}", copy.display()))?;
    if !AwsConfig::of_text(before.text())?.contains(name)
        && let Some(trail) = &mut round.undo.trail
    {
        trail.adds(name);
    }
    round.undo.config = Some(Written { name: name.to_owned(), since: before.becoming(text), before });
    round.tools.run(call)
}

/// The region to work in: a flag's; else a person's, asked with what the session's other profiles have, or any. The
/// region of IAM Identity Center is none to work in by itself.
fn region(round: &Round<'_>, name: &str, site: &Site, config: &AwsConfig) -> anyhow::Result<Option<String>> {
    let check = |region: &str| Request { region: Some(region.to_owned()), ..Request::default() }.check();
    let given = round.set_up.region.as_deref();
    if given.is_none() && (!round.answers.is_somebody_there() || config.contains(name)) {
        return Ok(None);
    }
    let region_of = |is_wanted: &dyn Fn(&Profile) -> bool| {
        let mut profiles = config.profiles().filter_map(|(_, profile)| profile.ok());
        profiles.find_map(|profile| {
            let is_wanted = is_wanted(&profile);
            profile.region.filter(|region| is_wanted && check(region).is_ok())
        })
    };
    let session_of = |profile: &Profile| profile.sso.as_ref()?.session.clone();
    let usual = region_of(&|profile| session_of(profile).as_ref() == Some(&site.session))
        .or_else(|| ["AWS_REGION", "AWS_DEFAULT_REGION"].iter().find_map(|name| round.settings.text(name)))
        .filter(|region| check(region).is_ok())
        .or_else(|| region_of(&|_| true));
    round.answers.text(given, "Region to work in", usual.as_deref(), check).map(Some)
}
