//! `sso-login setup`: from a start URL to being logged in, with profiles that work.
//!
//! Everything happens in a copy of the config first: the login, the profiles, and the proof that one of them works. The
//! person's own file is written once, at the end, so that whatever stops the set-up before leaves it as it was.
#![expect(clippy::doc_markdown, reason = "doc comments here are help texts")]

use std::time::Duration;

use sso_profile::choice::{self, Pick};
use sso_profile::request::{NAMES, Request, writable_name};
use sso_profile::template::Template;
use sso_profile::{AwsConfig, Profile};
use sso_tool::exit::{Exit, Fault, warn};
use sso_tool::profile_name::check_profile;
use sso_tool::sanitize::sanitize;
use sso_tool::settings::Settings;
use sso_tool::shell::shell_word;
use sso_tool::stream::{Document, Output};

use crate::credentials::listing;
use crate::interrupt::{self, Interrupt};
use crate::session::error::SessionError;
use crate::session::login_options::{Via, parse_timeout};
use crate::setup::config_copy::{ConfigCopy, config_file};
use crate::setup::login_process::LoginProcess;
use crate::setup::portal_session::{Finder, Given, PortalSession};
use crate::setup::prompter::Prompter;
use crate::setup::stop::is_cancelled;
use crate::setup::wanted_profiles::{WantedProfiles, prove};
use crate::setup::{region, role_choice};

/// Set up profiles from a start URL, and log in
///
/// Asks for every value that you don't give, logs in, lists the accounts and roles, writes one profile (or, with --all, one for
/// each role), tests it by asking STS, and leaves you logged in. The config file is written last: if you press Ctrl-C or the test
/// fails, it stays as it was. A second run changes nothing.
#[derive(clap::Args, Clone, Debug)]
#[command(after_long_help = EXAMPLES)]
pub struct Args {
    /// Name of the profile; with --all, of the sso-session
    name: Option<String>,
    /// Start URL of the access portal
    #[arg(long, value_name = "URL")]
    start_url: Option<String>,
    /// Region of IAM Identity Center, which may differ from the region to work in
    #[arg(long, value_name = "REGION")]
    sso_region: Option<String>,
    /// Region to work in
    #[arg(long, value_name = "REGION")]
    region: Option<String>,
    /// Write a profile for every account and role, named ACCOUNT-ROLE
    #[arg(long, conflicts_with = "pick")]
    all: bool,
    /// With --all, the names of the profiles, for example '{session}-{account}-{role}' (also {accountId}, {email})
    #[arg(long, value_name = "TEMPLATE", requires = "all", value_parser = parse_template)]
    name_template: Option<Template>,
    /// Choose the account and role with this value, for example accountId=111122223333 (can be repeated)
    #[arg(long, value_name = "KEY=VALUE")]
    pick: Vec<Pick>,
    /// How to log in: aws, pkce, device or auto
    #[arg(long, value_enum, default_value_t = Via::Auto)]
    via: Via,
    /// Open no browser here: show the URL and the code only
    #[arg(long)]
    no_browser: bool,
    /// Give up the login after this time [default: SSO_LOGIN_TIMEOUT or 2m; 10m with --no-browser]
    #[arg(long, value_name = "DURATION", value_parser = parse_timeout)]
    timeout: Option<Duration>,
}

const EXAMPLES: &str = "\
Examples:
  sso-login setup corp                                asks for the rest
  sso-login setup corp --start-url https://d-1234567890.awsapps.com/start --all
  sso-login setup ci --start-url https://d-1234567890.awsapps.com/start --sso-region us-east-1 \\
    --region eu-west-1 --pick accountId=111122223333 --pick roleName=Developer --no-browser

With a session that is logged in, see beforehand what --all would add:
  sso-login accounts --sso-session corp | sso-profile write --all --dry-run --text

Without a terminal it can't ask: give NAME, --start-url, --sso-region, and --all or --pick. You can
leave out values that the config already has for the portal or the profile. The document of each
profile has its `change` (added, replaced, unchanged); that of the tested profile also has `arn`.

Exit status:
  0      set up, tested and logged in
  1      nothing was chosen
  2      bad command line, or no terminal to ask on
  69     a service can't be reached
  74     a file failed
  75     not now: another login is under way
  77     no login
  78     start URL, region or profile wrong, or no access to the role
  124    timed out
  128+N  ended by signal N";

fn parse_template(text: &str) -> Result<Template, String> {
    text.parse().map_err(|fault: Fault| fault.to_string())
}

/// Sets up one profile, or all.
pub fn run(args: &Args, settings: &Settings) -> anyhow::Result<Exit> {
    let interrupt = &Interrupt::hold()?;
    let _ended_calls = interrupt.end_calls();
    config_file(settings)?;
    let config = AwsConfig::load(settings)?;
    let setup = Setup { args, settings, interrupt, prompter: Prompter::new(interrupt), config };
    match setup.run(&mut Output::stdout()) {
        Err(err) if is_cancelled(&err) => {
            setup.prompter.say("Nothing was chosen; the config is unchanged.\n")?;
            Ok(Exit::No)
        }
        done => done,
    }
}

/// One set-up under way.
struct Setup<'a> {
    args: &'a Args,
    settings: &'a Settings,
    interrupt: &'a Interrupt,
    prompter: Prompter<'a>,
    config: AwsConfig,
}

impl Setup<'_> {
    fn run(&self, output: &mut Output) -> anyhow::Result<Exit> {
        self.check()?;
        let there = self.there();
        let session = &self.session(there.as_ref())?;
        let copy = &ConfigCopy::new(self.settings)?;
        copy.add_session(&session.request())?;
        let login = self.log_in(session, copy, output)?;
        let done = self.write(session, copy, there, &login, output);
        if done.is_err() && session.is_new {
            // No config names the session, so no other command finds it by its name.
            warn(
                self.settings.tool(),
                &format!(
                    "you are still logged in to session `{}`; run the same command again to continue, or \
                     end the session: sso-login logout --sso-session {}",
                    sanitize(&session.name),
                    shell_word(&session.name)
                ),
            );
        }
        done
    }

    /// Writes what the person wants, once all of it is proven.
    fn write(
        &self,
        session: &PortalSession,
        copy: &ConfigCopy,
        there: Option<Profile>,
        login: &Document,
        output: &mut Output,
    ) -> anyhow::Result<Exit> {
        let wanted = if self.args.all { self.all(session, copy)? } else { self.one(session, copy, there)? };
        let (options, rehearsed) = wanted.rehearse(copy, &self.config, &self.prompter)?;
        let arn = prove(&rehearsed, copy)?;
        interrupt::check()?;
        let written = wanted.write(options, self.settings)?;
        self.tell_other_regions(session, &written)?;
        tell(written, login, &arn, output)?;
        Ok(Exit::Done)
    }

    /// Says that profiles keep a region of their own, where another one was given.
    fn tell_other_regions(&self, session: &PortalSession, written: &[Document]) -> anyhow::Result<()> {
        let Some(region) = &self.args.region else { return Ok(()) };
        let mut others = Vec::new();
        for document in written {
            if let (Some(name), Some(own)) = (document.text("profile")?, document.text("region")?)
                && own != region
            {
                others.push(format!("`{}` ({})", sanitize(name), sanitize(own)));
            }
        }
        let who = match others.as_slice() {
            [] => return Ok(()),
            [one] => format!("profile {one} keeps its region"),
            [first, rest @ ..] => {
                format!("profile {first} and {} more keep their region", rest.len())
            }
        };
        let session = shell_word(&session.name);
        let change = format!(
            "sso-login accounts --sso-session {session} | sso-profile write --all --region {region} --replace"
        );
        let why = "--region is only for new profiles";
        warn(self.settings.tool(), &format!("{who}, because {why}; to change it: {change}"));
        Ok(())
    }

    /// Refuses what no AWS tool would take, before anybody logs in for it.
    fn check(&self) -> anyhow::Result<()> {
        let Args { start_url, sso_region, region, .. } = self.args.clone();
        Request { start_url, sso_region, region, ..Request::default() }.check()?;
        if let Some(name) = &self.args.name {
            if self.args.all {
                writable_name("sso-session", name)?;
            } else {
                self.profile_name(name)?;
            }
        }
        Ok(())
    }

    /// Refuses the name of a new profile that nobody could be reminded of: the person would find out when a job fails.
    fn profile_name(&self, name: &str) -> Result<(), Fault> {
        writable_name("profile", name)?;
        if self.config.contains(name) || check_profile(name).is_ok() {
            return Ok(());
        }
        let message = format!("reminders aren't possible for a profile with the name `{}`", sanitize(name));
        Err(Fault::new(Exit::Config, message).hint(NAMES))
    }

    /// The profile of that name, if it can be used.
    fn there(&self) -> Option<Profile> {
        let name = self.args.name.as_ref().filter(|_| !self.args.all)?;
        self.config.profile(name).ok().flatten()
    }

    /// Finds out where to log in, once it is known that whatever isn't given can be asked for.
    fn session(&self, there: Option<&Profile>) -> anyhow::Result<PortalSession> {
        let Args { name, start_url, sso_region: region, all, pick, .. } = self.args.clone();
        let own = there.and_then(|profile| profile.sso.clone());
        let named = name.clone().filter(|_| all);
        let is_there = |name: &String| self.config.sessions().any(|sso| sso.session.as_ref() == Some(name));
        let given = Given {
            session: own.as_ref().and_then(|sso| sso.session.clone()).or(named.clone().filter(is_there)),
            start_url,
            region,
            legacy: own.filter(|sso| sso.session.is_none()),
            name: name.clone(),
            is_name_asked: all && name.is_none(),
            ..Given::default()
        };
        let Self { config, settings, prompter, .. } = self;
        let finder = Finder { given, config, settings, prompter };
        let has_role = there.is_some_and(|profile| profile.role_name.is_some());
        let is_role_missing = !all && pick.is_empty() && !has_role;
        let mut missing: Vec<_> = name.is_none().then_some("NAME").into_iter().collect();
        missing.extend(finder.missing()?);
        missing.extend(is_role_missing.then_some("--all or --pick"));
        let example = format!(
            "sso-login setup {} --start-url https://d-1234567890.awsapps.com/start --sso-region us-east-1 \
             --region us-east-1 --all",
            shell_word(name.as_deref().unwrap_or("corp"))
        );
        prompter.need(&missing, "setup", &example)?;
        let session = finder.find()?;
        if let Some(name) = named.filter(|name| *name != session.name) {
            let message = format!(
                "this portal has the sso-session `{}`, which is used instead of `{name}`",
                session.name
            );
            warn(settings.tool(), &message);
        }
        Ok(session)
    }

    /// Logs in, unless somebody is; answers what the login said.
    fn log_in(
        &self,
        session: &PortalSession,
        copy: &ConfigCopy,
        output: &mut Output,
    ) -> anyhow::Result<Document> {
        let is_forced = session.has_own_token(self.settings)? == Some(false);
        let about = Document::new().with("ssoSession", session.name.as_str());
        let Args { via, no_browser, timeout, .. } = *self.args;
        let process = LoginProcess { via, is_forced, no_browser, timeout };
        let end = process.run(about, &copy.settings, self.interrupt, |event| {
            // Whoever should read this may be gone: the login goes on.
            let _ = output.document(event);
        })?;
        let document = end.good()?;
        if output.is_text() {
            output.document(&document)?;
        }
        Ok(document)
    }

    /// What writes one profile: asks for the role, the name and the region where they aren't given.
    fn one(
        &self,
        session: &PortalSession,
        copy: &ConfigCopy,
        there: Option<Profile>,
    ) -> anyhow::Result<WantedProfiles> {
        let own = there.as_ref().and_then(|profile| {
            Some(vec![
                Pick::new("accountId", profile.account_id.as_ref()?),
                Pick::new("roleName", profile.role_name.as_ref()?),
            ])
        });
        let picks = match own {
            Some(own) if self.args.pick.is_empty() => own,
            _ => self.args.pick.clone(),
        };
        let none_fits = || {
            let message = format!("you have no role with {}", choice::in_words(&picks));
            let hint = format!("{} shows your accounts and roles", session.sso.start_url);
            Fault::new(Exit::Config, message).hint(hint)
        };
        let role = role_choice::choose(
            copy.settings.clone(),
            listed(copy, session)?,
            &picks,
            SessionError::fault,
            none_fits,
        )?;
        let suggested = role_choice::suggested_name(&role, &session.name)?;
        let check = |name: &str| self.profile_name(name);
        let given = self.args.name.as_deref();
        let name = self.prompter.text(given, "Name of the profile", Some(&suggested), check)?;
        let has_region = there.is_some_and(|profile| profile.region.is_some());
        let region = if has_region { self.args.region.clone() } else { self.region(session)? };
        let text = |key: &str| anyhow::Ok(Some(role.text(key)?.unwrap_or_default().to_owned()));
        let (account_id, role_name) = (text("accountId")?, text("roleName")?);
        Ok(WantedProfiles::One {
            name,
            request: Request { account_id, role_name, region, ..session.request() },
        })
    }

    /// What writes a profile for every role.
    fn all(&self, session: &PortalSession, copy: &ConfigCopy) -> anyhow::Result<WantedProfiles> {
        self.prompter.say("Listing accounts and roles…\n")?;
        let (mut rows, profile) = (Vec::new(), listed(copy, session)?);
        let failure = listing::rows(&copy.settings, &profile, &mut |row| {
            rows.push(row);
            Ok(())
        })?;
        if let Some(failure) = failure {
            return Err(failure.fault(&profile).into());
        }
        if rows.is_empty() {
            let message = format!("nobody has given you a role in {}", session.sso.start_url);
            return Err(Fault::new(Exit::Config, message)
                .hint("ask the administrator of IAM Identity Center for an account and a role")
                .into());
        }
        let template = match &self.args.name_template {
            Some(template) => template.clone(),
            None => role_choice::template()?,
        };
        let request = Request { region: self.region(session)?, ..Request::default() };
        Ok(WantedProfiles::All { rows, template, request })
    }

    /// The region to work in: a flag's, else that of the session's other profiles, else a person's.
    fn region(&self, session: &PortalSession) -> anyhow::Result<Option<String>> {
        let given = self.args.region.as_deref();
        let usual = region::of_session(&self.config, &session.name);
        if given.is_none() && (usual.is_some() || !self.prompter.is_somebody_there()) {
            return Ok(usual);
        }
        let usual = region::of_environment(self.settings).unwrap_or_else(|| session.sso.region.clone());
        region::ask(&self.prompter, given, Some(&usual)).map(Some)
    }
}

/// The session as what accounts and roles are listed by.
fn listed(copy: &ConfigCopy, session: &PortalSession) -> anyhow::Result<Profile> {
    AwsConfig::load(&copy.settings)?.known_session(&session.name)
}

/// The profiles as they are now, the proof beside the one that was proven.
fn tell(
    mut documents: Vec<Document>,
    login: &Document,
    arn: &str,
    output: &mut Output,
) -> anyhow::Result<()> {
    if output.is_text() {
        for document in &documents {
            output.document(document)?;
        }
        let name =
            documents.first().and_then(|document| document.get("profile")).and_then(|name| name.as_str());
        let name = sanitize(name.unwrap_or_default());
        output.text(&format!("{name} works: {}", sanitize(arn)))?;
        return output.text(&format!("Next: aws s3 ls --profile {}", shell_word(&name)));
    }
    for document in &mut documents {
        document.shift_remove("listed");
        for key in ["outcome", "via", "expiresAt"] {
            if let Some(value) = login.get(key) {
                document.set(key, value.clone());
            }
        }
    }
    if let Some(first) = documents.first_mut() {
        first.set("arn", arn);
    }
    documents.iter().try_for_each(|document| output.document(document))
}
