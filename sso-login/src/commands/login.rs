//! `sso-login`: ensure a session.
#![expect(clippy::doc_markdown, reason = "doc comments here are help texts")]

use std::time::Duration;

use sso_signal::{end_lock, settle_one};
use sso_tool::exit::{Exit, report, warn};
use sso_tool::filter::{Handled, filter};
use sso_tool::outcome::Outcome;
use sso_tool::settings::Settings;
use sso_tool::stream::{Document, Output};
use sso_tool::synonyms;

use crate::commands::subjects::{Asked, RoleFlags, SubjectFlags, document_of};
use crate::login::ensure::Ensure;
use crate::session::answer::Answer;
use crate::session::login_options::{Ask, LoginOptions, Via};

/// The text behind the help.
pub const EXAMPLES: &str = "\
Examples:
  sso-login corp && aws s3 ls --profile corp
  sso-login corp --no-browser                          on a host without a browser
  sso-login corp --min-left 3h && ./long-job           with a session that lasts
  sso-login corp --via pkce                            with a browser here, without the AWS CLI
  while sso-signal wait | sso-login - | sso-signal settle; do :; done
  sso-login sandbox -- bash                            try everything without an AWS account

Outcomes: success, valid, failed, timeout, busy, snoozed, dismissed, suppressed, unknown-profile
Settings (environment, ~/.backlog-toolkit-env or SSO_ENV_FILE, .env): AWS_PROFILE,
  SSO_PROFILE_VARS, SSO_LOGIN_TIMEOUT (120 s), SSO_LOGIN_VIA (auto), SSO_AUTO_PROFILES
Environment only: SSO_ENV_FILE, SSO_AWS (the AWS CLI v2 to use), SSO_DIALOG (asks a person),
  BROWSER, AWS_CA_BUNDLE, HTTPS_PROXY, AWS_ENDPOINT_URL_SSO_OIDC, SSO_LOG=debug

Exit status:
  0    there is a session
  2    bad command line
  65   bad document
  69   the service can't be reached
  74   a file failed
  75   not now: another login is under way, a person said later, or no session lasts long enough
  77   no login
  78   profile or configuration wrong
  124  timed out";

/// Ensure a session
#[expect(clippy::struct_excessive_bools, reason = "each is a flag of the command line")]
#[derive(clap::Args, Debug)]
pub struct Args {
    /// Profile whose session to ensure
    profile: Option<String>,
    #[command(flatten)]
    subject: SubjectFlags,
    /// Log in even if the session is valid
    #[arg(long)]
    force: bool,
    /// How a person logs in
    ///
    /// `aws` runs `aws sso login`. `pkce` opens a browser on this machine, which returns to a port on 127.0.0.1. `device`
    /// shows a URL and a code, for a browser anywhere. `auto` means `aws` if an AWS CLI v2 is found, otherwise `pkce`. A
    /// browser can't always return to this machine: over ssh, in containers, CI and clouds, in WSL without wslview, without a
    /// display, with --no-browser, and for a profile without an sso-session. There the AWS CLI uses a code, and `device`
    /// takes the place of `pkce`. SSO_LOGIN_VIA changes what `auto` means.
    #[arg(long, value_enum, default_value_t = Via::Auto)]
    via: Via,
    /// Open no browser here: show the URL and the code only
    #[arg(long)]
    no_browser: bool,
    /// Ask a person first; `auto` follows the document's `mode`
    ///
    /// The question offers Refresh, Snooze and Don't Remind. SSO_DIALOG says who asks: osascript, zenity, kdialog, terminal,
    /// none, or a command that reads the document and prints one with `answer` (refresh, snooze with `seconds`, suppress,
    /// dismiss). Without SSO_DIALOG, the first of these that is installed asks. If nobody answers or nobody can be asked, the
    /// outcome is `dismissed`, never a login. An unknown `mode` counts as `notify`; in `standalone` nobody is asked, and
    /// nobody logs in.
    #[arg(long, value_enum, default_value_t = Ask::Auto)]
    ask: Ask,
    /// Treat no answer within this time as "not now"
    #[arg(long, value_name = "DURATION", default_value = "2m", value_parser = sso_tool::time::parse_duration)]
    ask_timeout: Duration,
    /// Give up after this time [default: SSO_LOGIN_TIMEOUT or 2m; 10m with --no-browser]
    #[arg(long, value_name = "DURATION", value_parser = crate::session::login_options::parse_timeout)]
    timeout: Option<Duration>,
    /// Make sure that the session lasts at least this long
    ///
    /// The session is renewed if that is enough. Otherwise the tool ends the current session at the AWS access portal, and a
    /// person logs in again; without this logout, AWS would hand out a session with the same end. A person must agree, on the
    /// terminal, in a dialog or with --yes. If nobody can agree, the current session stays (77). If the tools don't know when
    /// the session ends, they assume that it lasts long enough (`sso-cache check --help` says under --ahead how they learn
    /// the end). If even the new session is known to end too early, an error says so (75).
    #[arg(long, value_name = "D", value_parser = sso_tool::time::parse_duration)]
    min_left: Option<Duration>,
    /// With --min-left, end the current session without asking; the watcher's question is still asked
    #[arg(long, requires = "min_left")]
    yes: bool,
    /// As a filter, end with the status of the first outcome that isn't good
    #[arg(short, long)]
    exit_status: bool,
}

impl Args {
    fn options(&self) -> LoginOptions {
        LoginOptions {
            force: self.force,
            via: self.via,
            opens_browser: !self.no_browser,
            ask: self.ask,
            timeout: self.timeout,
            ask_timeout: self.ask_timeout,
            min_left: self.min_left,
            is_agreed: self.yes,
        }
    }
}

/// Ensures each session that is asked for.
pub fn run(args: &Args, settings: &Settings) -> anyhow::Result<Exit> {
    let ensure = Ensure::new(settings, args.options());
    let output = &mut Output::stdout();
    let subject = match args.subject.asked(args.profile.as_deref(), &RoleFlags::default())? {
        Asked::Command(subject) => subject,
        // An outcome is an answer, not an error, so that a loop of pipes goes on.
        Asked::Documents(documents) => {
            return filter(documents, args.exit_status, output, |subject, document, output| {
                let Some(answer) = ensure.ensure(subject, document, output)? else {
                    return Ok(Handled::PassedOn);
                };
                // A watcher's log tells why its reminders reach nobody.
                if answer.outcome() == Outcome::Dismissed
                    && let Some(fault) = answer.fault_of(document)?.filter(|_| answer.has_hint())
                {
                    report(settings.tool(), &fault.into());
                }
                Ok(match answer.exit() {
                    // Told to end while a login ran: the rest of the stream isn't handled, which 0 would say.
                    exit @ Exit::Command(_) => {
                        output.document(document)?;
                        Handled::Ended(exit)
                    }
                    exit => Handled::Answered(exit),
                })
            });
        }
    };
    let mut document = document_of(&subject);
    let Some(mut answer) = ensure.ensure(subject, &mut document, output)? else { return Ok(Exit::Done) };
    // A word of another tool, which only the missing profile tells from a profile's name.
    if answer.outcome() == Outcome::UnknownProfile
        && let Some(typed) = &args.profile
        && let Some(command) = synonyms::command("sso-login", typed, None)
    {
        document.set("hint", command.as_str());
        answer = answer.hint_if(Some(&command));
    }
    if answer.is_good() {
        settle(&document, &answer, settings);
    }
    let fault = answer.fault_of(&document)?.filter(|_| !answer.is_good());
    // People read the reason once, on standard error.
    if fault.is_none() || !output.is_text() {
        output.document(&document)?;
    }
    match fault {
        Some(fault) => Err(fault.into()),
        None => Ok(answer.exit()),
    }
}

/// Ends the reminders of a session that somebody has just logged in to, and the lock of one that is asked for by hand: no pipe
/// follows a plain command that would.
fn settle(document: &Document, answer: &Answer, settings: &Settings) {
    let mut document = document.clone();
    if !document.contains_key("profile") {
        let first = document.texts("sessionProfiles").ok().and_then(|names| names.into_iter().next());
        let Some(first) = first else { return };
        document.set("profile", first);
    }
    let settle = if answer.is_login() { settle_one } else { end_lock };
    if let Err(err) = settle(&document, settings) {
        // The login counts for more.
        warn(settings.tool(), &format!("the reminders could not be settled: {err:#}"));
    }
}
