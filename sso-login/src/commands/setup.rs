//! `sso-login setup`: from a start URL to being logged in, with profiles that work.
//!
//! Everything happens in a copy of the config first: the login, the profiles, and the proof that one of them works. The
//! person's own file is written once, at the end, so that whatever stops the set-up before leaves it as it was.
#![expect(clippy::doc_markdown, reason = "doc comments here are help texts")]

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant, SystemTime};

use anyhow::Context as _;
use sso_cache::registration::Flow;
use sso_profile::choice::{self, Pick};
use sso_profile::config::{Content, Role};
use sso_profile::plan;
use sso_profile::request::{NAMES, Request, writable_name};
use sso_profile::section_edit::edit;
use sso_profile::snapshot::Snapshot;
use sso_profile::template::Template;
use sso_profile::{AwsConfig, Profile, Sso, StartUrl, WriteOptions};
use sso_tool::exit::{Exit, Fault, hint_of, status_of, warn};
use sso_tool::flock::{self, Try};
use sso_tool::profile_name::check_profile;
use sso_tool::sanitize::sanitize;
use sso_tool::settings::Settings;
use sso_tool::shell::shell_word;
use sso_tool::state_dir;
use sso_tool::stream::{Document, Output};
use tempfile::TempDir;

use crate::aws_api::oidc::Oidc;
use crate::aws_api::refusal::Refusal;
use crate::credentials::{identity, listing};
use crate::flows::client::Client;
use crate::interrupt::{self, Interrupt};
use crate::keys::login_process::LoginProcess;
use crate::keys::prompter::Answers;
use crate::keys::stop::{cancelled, is_cancelled};
use crate::keys::{config_file, role_choice};
use crate::session::cached::Session;
use crate::session::error::SessionError;
use crate::session::login_options::{Via, parse_timeout};
use crate::session::obtain::{HowFar, Want, obtain};

/// How long the SSO service may take to say whether it knows a portal.
const TIMEOUT: Duration = Duration::from_secs(20);
/// The name of the folders with copies, before what tells them apart.
const PREFIX: &str = "setup-";

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

Without a terminal it can't ask: give NAME, --start-url, --sso-region, and --all or --pick. You can
leave out values that the config already has for the portal or the profile. The document of each
profile has its `change` (added, replaced, unchanged); that of the tested profile also has `arn`.

Exit status:
  0      set up, tested and logged in
  1      nothing was chosen
  2      bad command line, or no terminal to ask on
  69     a service can't be reached
  74     a file failed
  75     another login is under way
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
    let own = config_file(settings)?;
    let setup = Setup {
        args,
        settings,
        interrupt,
        answers: Answers::new(interrupt),
        config: AwsConfig::load(settings)?,
        own,
    };
    match setup.run(&mut Output::stdout()) {
        Err(err) if is_cancelled(&err) => {
            setup.answers.say("Nothing was chosen; the config is unchanged.\n")?;
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
    answers: Answers<'a>,
    config: AwsConfig,
    /// The person's config file.
    own: PathBuf,
}

/// The session to log in to.
#[derive(Clone, Debug)]
struct Place {
    session: String,
    start_url: String,
    region: String,
    /// Whether the config doesn't have it yet.
    is_new: bool,
}

impl Place {
    fn sso(&self) -> Sso {
        Sso {
            session: Some(self.session.clone()),
            start_url: self.start_url.clone(),
            region: self.region.clone(),
            scopes: None,
        }
    }

    /// What a profile says that makes or names it.
    fn request(&self) -> Request {
        Request {
            sso_session: Some(self.session.clone()),
            start_url: self.is_new.then(|| self.start_url.clone()),
            sso_region: self.is_new.then(|| self.region.clone()),
            ..Request::default()
        }
    }
}

impl Setup<'_> {
    fn run(&self, output: &mut Output) -> anyhow::Result<Exit> {
        self.check()?;
        let there = self.there();
        self.need(there.as_ref())?;
        let place = self.place(there.as_ref())?;
        let copy = &Copy::new(&self.own, self.settings)?;
        copy.add(&place)?;
        let login = self.log_in(&place, copy, output)?;
        let done = self.write(&place, copy, there, &login, output);
        if done.is_err() && place.is_new {
            // No config names the session, so no other command finds it by its name.
            warn(
                self.settings.tool(),
                &format!(
                    "you are still logged in to session `{}`; run the same command again to continue, or \
                     end the session: sso-login logout --sso-session {}",
                    sanitize(&place.session),
                    shell_word(&place.session)
                ),
            );
        }
        done
    }

    /// Writes what the person wants, once all of it is proven.
    fn write(
        &self,
        place: &Place,
        copy: &Copy,
        there: Option<Profile>,
        login: &Document,
        output: &mut Output,
    ) -> anyhow::Result<Exit> {
        let write = if self.args.all { self.all(place, copy)? } else { self.one(place, copy, there)? };
        let (options, rehearsed) = self.rehearse(&write, copy)?;
        let arn = prove(&rehearsed, copy)?;
        interrupt::check()?;
        let written = write.run(options, self.settings)?;
        self.tell_other_regions(place, &written)?;
        tell(written, login, &arn, output)?;
        Ok(Exit::Done)
    }

    /// Says that profiles keep a region of their own, where another one was given.
    fn tell_other_regions(&self, place: &Place, written: &[Document]) -> anyhow::Result<()> {
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
        let session = shell_word(&place.session);
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

    /// Refuses to go on without a terminal while answers are missing.
    fn need(&self, there: Option<&Profile>) -> anyhow::Result<()> {
        let known = self.known(there);
        let has_role = there.is_some_and(|profile| profile.role_name.is_some());
        let needed = [
            ("NAME", self.args.name.is_none()),
            ("--start-url", known.is_none() && self.start_url()?.is_none()),
            ("--sso-region", known.is_none() && self.sso_region().is_none()),
            ("--all or --pick", !self.args.all && self.args.pick.is_empty() && !has_role),
        ];
        let missing: Vec<_> =
            needed.into_iter().filter_map(|(what, is_missing)| is_missing.then_some(what)).collect();
        let example = format!(
            "sso-login setup {} --start-url https://d-1234567890.awsapps.com/start --sso-region us-east-1 \
             --region us-east-1 --all",
            shell_word(self.args.name.as_deref().unwrap_or("corp"))
        );
        self.answers.need(&missing, "setup", &example)
    }

    /// The start URL that is given, clean.
    fn start_url(&self) -> anyhow::Result<Option<StartUrl>> {
        let given = self.args.start_url.clone().or_else(|| self.settings.text("AWS_SSO_START_URL"));
        Ok(given.as_deref().map(StartUrl::parse).transpose()?)
    }

    fn sso_region(&self) -> Option<String> {
        self.args.sso_region.clone().or_else(|| self.settings.text("AWS_SSO_REGION"))
    }

    /// The session that the config has for what is given.
    fn known(&self, there: Option<&Profile>) -> Option<Sso> {
        if let Some(sso) = there.and_then(|profile| profile.sso.clone()).filter(|sso| sso.session.is_some()) {
            return Some(sso);
        }
        let named = self.args.name.as_ref().filter(|_| self.args.all);
        if let Some(sso) = self.config.sessions().find(|sso| named.is_some() && sso.session.as_ref() == named)
        {
            return Some(sso);
        }
        // A portal that has a session never gets a second one, whatever NAME is: that would be two logins from then on.
        let start_url = self.start_url().ok().flatten()?;
        self.config.sessions().find(|sso| StartUrl::of(&sso.start_url) == start_url)
    }

    /// Finds out where to log in.
    fn place(&self, there: Option<&Profile>) -> anyhow::Result<Place> {
        if let Some(sso) = self.known(there) {
            return self.of_known(sso);
        }
        let legacy = there.and_then(|profile| profile.sso.clone());
        let start_url = match self.start_url()?.or_else(|| Some(StartUrl::of(&legacy.as_ref()?.start_url))) {
            Some(start_url) => start_url,
            None => match self.pick_portal()? {
                Some(sso) => return self.of_known(sso),
                None => self.ask_portal()?,
            },
        };
        let is_it = |sso: &Sso| StartUrl::of(&sso.start_url) == start_url;
        if let Some(sso) = self.config.sessions().find(is_it) {
            return self.of_known(sso);
        }
        let session = self.session_name(&start_url)?;
        let region = self.sso_region().or_else(|| Some(legacy?.region));
        self.new_place(&session, &start_url, region.as_deref())
    }

    /// A session that the config has; flags may repeat it, and not contradict it.
    fn of_known(&self, sso: Sso) -> anyhow::Result<Place> {
        let session = sso.session.unwrap_or_default();
        let given = self.args.start_url.as_deref().map(StartUrl::of);
        if given.is_some_and(|given| given != StartUrl::of(&sso.start_url)) {
            let message = format!("sso-session `{session}` belongs to another portal, {}", sso.start_url);
            return Err(Fault::new(Exit::Config, message)
                .hint("choose another NAME, or leave out --start-url")
                .into());
        }
        if self.args.sso_region.as_ref().is_some_and(|region| *region != sso.region) {
            let given = self.args.sso_region.as_deref().unwrap_or_default();
            let message = format!("sso-session `{session}` is in {}, not in {given}", sso.region);
            return Err(Fault::new(Exit::Config, message).hint("leave out --sso-region").into());
        }
        if let Some(name) = self.args.name.as_ref().filter(|name| self.args.all && **name != session) {
            let message =
                format!("this portal has the sso-session `{session}`, which is used instead of `{name}`");
            warn(self.settings.tool(), &message);
        }
        Ok(Place { session, start_url: sso.start_url, region: sso.region, is_new: false })
    }

    /// A person's choice among the portals of the config; `None` for another one.
    fn pick_portal(&self) -> anyhow::Result<Option<Sso>> {
        let known: Vec<_> = self.config.sessions().collect();
        if known.is_empty() {
            return Ok(None);
        }
        let row = |sso: &Sso| format!("{}  ({})", sso.start_url, sso.session.as_deref().unwrap_or_default());
        let rows: Vec<_> = known.iter().map(row).chain(["another start URL".to_owned()]).collect();
        let chosen = self.answers.one_of("Where do you log in?", &rows)?;
        Ok(known.into_iter().nth(chosen))
    }

    fn ask_portal(&self) -> anyhow::Result<StartUrl> {
        let check = |url: &str| StartUrl::parse(url).map(drop);
        let url = self.answers.text(None, "Start URL of the access portal", None, check)?;
        Ok(StartUrl::parse(&url)?)
    }

    /// The name of a new session: NAME, or the portal's own.
    fn session_name(&self, start_url: &StartUrl) -> anyhow::Result<String> {
        let is_taken = |name: &str| self.config.sessions().any(|sso| sso.session.as_deref() == Some(name));
        let host = start_url.as_str().trim_start_matches("https://");
        let own = host.split(['.', '/']).next().unwrap_or(host);
        if self.args.all && self.args.name.is_none() {
            return self.answers.text(None, "Name of the sso-session", Some(own), |name| {
                writable_name("sso-session", name)?;
                if is_taken(name) {
                    let message = format!("sso-session `{name}` belongs to another portal");
                    return Err(Fault::new(Exit::Config, message));
                }
                Ok(())
            });
        }
        let name = self.args.name.as_deref().unwrap_or(own);
        let numbered = (2..u32::MAX).map(|number| format!("{name}-{number}"));
        let mut names = std::iter::once(name.to_owned()).chain(numbered);
        names.find(|name| !is_taken(name)).context("no name of a session is left")
    }

    /// A session that the config doesn't have. A region that isn't the portal's is found out here: in a browser it would be a
    /// page of AWS's that says nothing of it.
    fn new_place(&self, session: &str, start_url: &StartUrl, given: Option<&str>) -> anyhow::Result<Place> {
        let check =
            |region: &str| Request { sso_region: Some(region.to_owned()), ..Request::default() }.check();
        loop {
            let question = "Region of IAM Identity Center";
            let region = self.answers.text(given, question, Some("us-east-1"), check)?;
            let place =
                Place { session: session.to_owned(), start_url: start_url.to_string(), region, is_new: true };
            match self.refusal(&place)? {
                None => return Ok(place),
                Some(fault) if given.is_some() || !self.answers.is_somebody_there() => {
                    return Err(fault.into());
                }
                Some(fault) => self.answers.say(&format!("  {fault}\n"))?,
            }
        }
    }

    /// Why the SSO service of that region doesn't know the portal, if it doesn't.
    fn refusal(&self, place: &Place) -> anyhow::Result<Option<Fault>> {
        let sso = &place.sso();
        let session = &Session::new(self.settings, sso)?;
        if is_logged_in(session, place)? {
            return Ok(None);
        }
        let oidc = Oidc::new(&place.region, None)?;
        let client = Client::new(session, Flow::Device);
        let ask = async {
            // A client of its own: nobody is asked to allow it, so it must not be taken for one that was allowed.
            let registered = oidc.register(&client.name(), &client.scopes()).await?;
            oidc.authorize(&registered, &place.start_url).await.map(drop)
        };
        let asked =
            crate::wait_for(async { tokio::time::timeout_at((Instant::now() + TIMEOUT).into(), ask).await })?
                .ok();
        let Place { start_url, region, .. } = place;
        Ok(match asked {
            Some(Err(Refusal::Other(name))) if name == "InvalidRequestException" => Some(
                Fault::new(Exit::Config, format!("the portal {start_url} isn't in the region {region}"))
                    .hint(
                        "give the region of IAM Identity Center, which its console shows, with --sso-region",
                    ),
            ),
            Some(Err(Refusal::Unreachable(why))) => {
                let message = format!("the SSO service in {region} can't be reached: {why}");
                Some(Fault::new(Exit::Unavailable, message).hint("sso-login doctor --text"))
            }
            // Anything else the login itself says better.
            Some(Ok(()) | Err(_)) => None,
            None => {
                let message = format!("the SSO service in {region} did not answer in time");
                Some(Fault::new(Exit::Unavailable, message).hint("sso-login doctor --text"))
            }
        })
    }

    /// Logs in, unless somebody is; answers what the login said.
    fn log_in(&self, place: &Place, copy: &Copy, output: &mut Output) -> anyhow::Result<Document> {
        let sso = &place.sso();
        let session = &Session::new(self.settings, sso)?;
        // A token of another portal, under the same name.
        let is_forced = obtain(session, Want::Valid, HowFar::Cached)?.cached().is_some()
            && !is_logged_in(session, place)?;
        let about = Document::new().with("ssoSession", place.session.as_str());
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
    fn one(&self, place: &Place, copy: &Copy, there: Option<Profile>) -> anyhow::Result<Write> {
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
            let hint = format!("{} shows your accounts and roles", place.start_url);
            Fault::new(Exit::Config, message).hint(hint)
        };
        let role = role_choice::choose(
            copy.settings.clone(),
            copy.session(place)?,
            &picks,
            SessionError::fault,
            none_fits,
        )?;
        let suggested = role_choice::suggested_name(&role, &place.session)?;
        let check = |name: &str| self.profile_name(name);
        let given = self.args.name.as_deref();
        let name = self.answers.text(given, "Name of the profile", Some(&suggested), check)?;
        let has_region = there.is_some_and(|profile| profile.region.is_some());
        let region = if has_region { self.args.region.clone() } else { self.region(place)? };
        let text = |key: &str| anyhow::Ok(Some(role.text(key)?.unwrap_or_default().to_owned()));
        let (account_id, role_name) = (text("accountId")?, text("roleName")?);
        Ok(Write::One { name, request: Request { account_id, role_name, region, ..place.request() } })
    }

    /// What writes a profile for every role.
    fn all(&self, place: &Place, copy: &Copy) -> anyhow::Result<Write> {
        self.answers.say("Listing accounts and roles…\n")?;
        let (mut rows, profile) = (Vec::new(), copy.session(place)?);
        let failure = listing::rows(&copy.settings, &profile, &mut |row| {
            rows.push(row);
            Ok(())
        })?;
        if let Some(failure) = failure {
            return Err(failure.fault(&profile).into());
        }
        if rows.is_empty() {
            let message = format!("nobody has given you a role in {}", place.start_url);
            return Err(Fault::new(Exit::Config, message)
                .hint("ask the administrator of IAM Identity Center for an account and a role")
                .into());
        }
        let template = match &self.args.name_template {
            Some(template) => template.clone(),
            None => role_choice::template()?,
        };
        let request = Request { region: self.region(place)?, ..Request::default() };
        Ok(Write::All { rows, template, request })
    }

    /// The region to work in: a flag's, else that of the session's other profiles, else a person's.
    fn region(&self, place: &Place) -> anyhow::Result<Option<String>> {
        let check = |region: &str| Request { region: Some(region.to_owned()), ..Request::default() }.check();
        let given = self.args.region.as_deref();
        let is_of_session = |profile: &Profile| {
            profile.sso.as_ref().and_then(|sso| sso.session.as_ref()) == Some(&place.session)
        };
        let others = self.config.profiles().filter_map(|(_, profile)| profile.ok());
        let usual = others.filter(is_of_session).find_map(|profile| profile.region);
        if given.is_none() && (usual.is_some() || !self.answers.is_somebody_there()) {
            return Ok(usual);
        }
        let default = ["AWS_REGION", "AWS_DEFAULT_REGION"].iter().find_map(|name| self.settings.text(name));
        let default = default.filter(|region| check(region).is_ok()).unwrap_or_else(|| place.region.clone());
        self.answers.text(given, "Region to work in", Some(&default), check).map(Some)
    }

    /// Writes into the copy. A profile that is there and differs is replaced only if a person says so.
    fn rehearse(&self, write: &Write, copy: &Copy) -> anyhow::Result<(WriteOptions, Vec<Document>)> {
        let adding = WriteOptions::default();
        let err = match write.run(adding, &copy.settings) {
            Ok(written) => return Ok((adding, written)),
            Err(err) => err,
        };
        let name = match write {
            Write::One { name, .. } if status_of(&err) == Exit::Config && self.config.contains(name) => name,
            Write::All { .. } if hint_of(&err).is_some() => {
                return Err(Fault::new(status_of(&err), format!("{err:#}"))
                    .hint("add --name-template '{session}-{account}-{role}', which gives the profiles other names")
                    .into());
            }
            _ => return Err(err),
        };
        let Ok(shown) = write.run(WriteOptions { replace: true, dry_run: true }, &copy.settings) else {
            return Err(err);
        };
        if !self.answers.is_somebody_there() {
            let name = shell_word(&sanitize(name));
            return Err(Fault::new(status_of(&err), format!("{err:#}"))
                .hint(format!("sso-profile remove {name} && run this again, or choose another NAME"))
                .into());
        }
        if !self.answers.agrees_to_replace(name, shown.first().unwrap_or(&Document::new()))? {
            return Err(cancelled());
        }
        let replacing = WriteOptions { replace: true, dry_run: false };
        Ok((replacing, write.run(replacing, &copy.settings)?))
    }
}

/// Asks STS who the first of the profiles is.
fn prove(written: &[Document], copy: &Copy) -> anyhow::Result<String> {
    let first = written.first().map_or(Ok(None), |first| first.text("profile"))?;
    let name = first.context("no profile was written")?;
    let proven = AwsConfig::load(&copy.settings).and_then(|config| {
        let profile = config.known_profile(name)?;
        let answer = identity::of_profile(&copy.settings, &config, &profile)?;
        Ok(answer.map_err(|failure| failure.fault(&profile))?)
    });
    match proven {
        Ok((identity, _)) => Ok(identity.arn),
        Err(err) => {
            interrupt::check()?;
            let message = format!("the new profile doesn't work, so the config is left unchanged: {err:#}");
            Err(Fault::reworded(&err, message).into())
        }
    }
}

/// What was chosen to be written.
enum Write {
    One { name: String, request: Request },
    All { rows: Vec<Document>, template: Template, request: Request },
}

impl Write {
    /// Writes what was chosen into the config of these settings. The answers are those of `sso-profile write`.
    fn run(&self, options: WriteOptions, settings: &Settings) -> anyhow::Result<Vec<Document>> {
        match self {
            Self::One { name, request } => {
                Ok(vec![sso_profile::write_profile(name, request, options, settings)?])
            }
            Self::All { rows, template, request } => {
                let (rows, template, request) = (rows.clone(), template.clone(), request.clone());
                sso_profile::write_profiles(rows, template, request, options, settings)
            }
        }
    }
}

/// A copy of the config, in which everything is tried first.
struct Copy {
    /// The settings with this config.
    settings: Settings,
    config: PathBuf,
    /// Held, so that no other set-up takes the folder for one that was left behind: the kernel frees the lock of a killed one.
    _lock: File,
    _dir: TempDir,
}

impl Copy {
    fn new(own: &Path, settings: &Settings) -> anyhow::Result<Self> {
        let state = settings.state_dir()?;
        sweep(&state);
        let dir = state_dir::private_folder(&state, PREFIX)?;
        let lock = File::open(dir.path()).with_context(|| format!("cannot open {}", dir.path().display()))?;
        flock::exclusive(&lock).with_context(|| format!("cannot lock {}", dir.path().display()))?;
        let config = dir.path().join("config");
        let copy = Self { settings: settings.with_config_file(&config), config, _lock: lock, _dir: dir };
        copy.put(Snapshot::take(own)?.text())?;
        Ok(copy)
    }

    /// Adds the session, if it is new.
    fn add(&self, place: &Place) -> anyhow::Result<()> {
        let text = fs::read_to_string(&self.config).context("cannot read the copy of the config")?;
        let config = AwsConfig::of_text(&text)?;
        let mut numbered = (1..u32::MAX).map(|number| format!("{PREFIX}{number}"));
        let unused = numbered.find(|name| !config.contains(name)).unwrap_or_default();
        let content = Content::parse(&text)
            .map_err(|refusal| sso_profile::config_file::unreadable(&self.config, &refusal))?;
        let mut edits = plan::write(&unused, &place.request(), &content, false)?.edits;
        edits.retain(|edit| matches!(edit.role, Role::Session(_)));
        self.put(&edit(&text, &edits, &[])?)
    }

    fn session(&self, place: &Place) -> anyhow::Result<Profile> {
        AwsConfig::load(&self.settings)?.known_session(&place.session)
    }

    fn put(&self, text: &str) -> anyhow::Result<()> {
        state_dir::write_private(&self.config, text)
    }
}

/// Removes the copies of set-ups that were killed: nobody holds their lock any more.
fn sweep(state: &Path) {
    for entry in fs::read_dir(state).into_iter().flatten().flatten() {
        if entry.file_name().to_string_lossy().starts_with(PREFIX) && is_left_behind(&entry) {
            // One that can't be removed is in nobody's way.
            let _ = fs::remove_dir_all(entry.path());
        }
    }
}

/// Whether nobody uses a copy. One that is just being made has no lock yet, and where a file system has no locks, a day tells.
fn is_left_behind(entry: &fs::DirEntry) -> bool {
    const MAKING: Duration = Duration::from_secs(10);
    const DAY: Duration = Duration::from_secs(24 * 3600);
    let modified = entry.metadata().and_then(|metadata| metadata.modified());
    let age = modified.and_then(|at| SystemTime::now().duration_since(at).map_err(io::Error::other));
    let locked = File::open(entry.path()).and_then(|dir| flock::shared(&dir));
    match (age, locked) {
        (Ok(age), Ok(Try::Got)) => age > MAKING,
        (Ok(age), Ok(Try::Unsupported)) => age > DAY,
        _ => false,
    }
}

/// Whether there is a valid token of this very portal.
fn is_logged_in(session: &Session<'_>, place: &Place) -> anyhow::Result<bool> {
    let token = obtain(session, Want::Valid, HowFar::Cached)?.cached();
    let start_url = StartUrl::of(&place.start_url);
    Ok(token.is_some_and(|token| token.start_url.is_none_or(|url| StartUrl::of(&url) == start_url)))
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
