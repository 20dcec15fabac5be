//! `sso-cache check`: the state of token and credentials in profile documents, once or as a monitor.

use std::time::Duration;

use sso_cache::folder::Cache;
use sso_cache::template::Template;
use sso_cache::view::{PROFILES, View};
use sso_cache::{check, monitor};
use sso_tool::beat::parse_every;
use sso_tool::exit::Exit;
use sso_tool::settings::Settings;
use sso_tool::stream;
use sso_tool::time::parse_duration;

/// Add the state of token and credentials to profile documents
///
/// A filter: reads documents of `sso-profile list` or `sso-profile show` on standard input and adds `token`,
/// `credentials`, `loginRequired`, `reason`, `observedAt` and, if somebody must log in, `episode`. Token states are valid,
/// refreshable (expired, but renewable without a person), expired, missing and corrupt. The last three need a login, except
/// for a corrupt file that still has one whole token (`salvageable`), which `sso-login` and `sso-login refresh` recover.
/// Documents about another host, and documents with an earlier tool's `error`, are passed on unchanged. A profile whose
/// file can't be read gets an `error`, and no `loginRequired`.
#[derive(Debug, clap::Args)]
#[command(after_long_help = EXAMPLES)]
pub(crate) struct Args {
    /// End with the status of the first answer that isn't good
    #[arg(short, long, conflicts_with = "every")]
    exit_status: bool,

    /// Monitor: read all documents, then check them again every D
    ///
    /// Prints one document per profile at once, then every D, until standard output closes or SIGTERM or SIGINT arrives; the
    /// status is then 0. D is a time such as 30s, 15m or 1h30m, at least one second; without D, it is `SSO_CHECK_SECONDS`
    /// (60). The list of profiles stays the same: for a monitor that notices changes of the config, use
    /// `sso-profile list --every D | sso-cache check`.
    #[arg(long, value_name = "D", num_args = 0..=1, value_parser = parse_every)]
    #[expect(clippy::option_option, reason = "absent, without D, with D: clap's own form for that")]
    every: Option<Option<Duration>>,

    /// Report a session that ends within D as `ending`, and require a login
    ///
    /// The end is known for a token that can't be renewed, and for a session whose length was observed or is set in
    /// `SSO_SESSION_LENGTH` (8h; `SSO_SESSION_LENGTH_corp` for session corp). `session` then has `startedAt`, `endsAt` and
    /// `from` (`observed` or `setting`). If the end isn't known, `session` is left out.
    ///
    /// Without D, and in a monitor (--every) without --ahead, D is `SSO_AHEAD` (0s: only sessions that have ended).
    #[arg(long, value_name = "D", num_args = 0..=1, value_parser = parse_duration)]
    #[expect(clippy::option_option, reason = "absent, without D, with D: clap's own form for that")]
    ahead: Option<Option<Duration>>,

    /// Print a table for people instead of documents
    #[arg(long, conflicts_with = "format")]
    text: bool,

    /// Print a line of this form for each profile, for prompts: `{profile} {left}`
    ///
    /// Fields: {profile}, {session}, {state}, {left} (42m, 3h10m, expired), {expires}, {end}, {account}, {role}, {region}.
    /// {left} and {expires} are about the session if its end is known, else about the access token; {end} says which
    /// (`session`, `token`). A field without a value is empty. `{{` and `}}` print braces.
    #[arg(long, value_name = "TEMPLATE")]
    format: Option<Template>,

    /// Print gauges for Prometheus's textfile collector
    ///
    /// `sso_token_expiry_timestamp_seconds`, `sso_session_expiry_timestamp_seconds` and `sso_login_required` (0, 1), labelled
    /// `profile` and `session`, and `host` for documents of `sso-login inspect`. An unknown value has no sample.
    #[arg(long, conflicts_with_all = ["format", "text", "every"])]
    prometheus: bool,
}

const EXAMPLES: &str = "\
Examples:
  sso-profile show corp | sso-cache check -e || sso-login corp
  sso-profile list | sso-cache check | jq -r 'select(.loginRequired) | .profile'
  sso-profile list --every 60s | sso-cache check --ahead 15m | sso-login refresh |
    sso-signal write --source monitor
  sso-profile list | sso-cache check --prometheus
  PS1='$(sso-profile show 2> /dev/null | sso-cache check --format \"{profile} {left} \")$ '

Exit status:
  0   every document was checked; with -e: every answer is good
  2   bad command line, or standard input is a terminal
  65  a document is bad or has no profile data; with -e or --every: there is none
  74  a file could not be read (the others were checked), or a stream failed
  77  with -e: a person must log in
  78  HOME, SSO_CHECK_SECONDS or SSO_AHEAD is wrong; with -e: a document has `error`";

pub(crate) fn run(args: &Args, settings: &Settings) -> anyhow::Result<Exit> {
    let cache = Cache::of(settings)?;
    let documents = stream::stdin()?;
    let mut view = match &args.format {
        _ if args.prometheus => View::metrics(),
        Some(template) => View::lines(template.clone()),
        None => View::stdout(args.text.then_some(PROFILES)),
    };
    let ahead = match (args.ahead, args.every) {
        (Some(Some(ahead)), _) => ahead,
        (Some(None), _) | (None, Some(_)) => settings.ahead()?,
        (None, None) => Duration::ZERO,
    };
    match args.every {
        Some(every) => {
            let every = every.map_or_else(|| settings.check_interval(), Ok)?;
            monitor::watch(documents, every, &cache, settings, ahead, &mut view)
        }
        None => {
            let exit = check::filter(documents, &cache, settings, args.exit_status, ahead, &mut view)?;
            view.end()?;
            Ok(exit)
        }
    }
}
