//! `sso-signal wait`: block until a signal is due, and hand it over with a lease.
#![expect(clippy::doc_markdown, reason = "doc comments here are help texts")]

use std::io::{self, IsTerminal as _};
use std::thread;
use std::time::{Duration, Instant};

use crate::changes::Changes;
use crate::machine::{Circumstances, Due};
use crate::queue::{self, Judged, Leased, Queue};
use sso_tool::exit::Exit;
use sso_tool::settings::Settings;
use sso_tool::state_dir;
use sso_tool::stream::Output;
use sso_tool::time;

/// How long a failure takes before it ends the pipe of a loop.
const PAUSE_OF_LOOPS: Duration = Duration::from_secs(1);

/// Block until a signal is due, and print it
///
/// Adds `mode` (`notify` or `auto`) and takes a lease of 30 s: if the process that handles the signal dies, the signal comes
/// back. In mode `standalone` no signal is ever due. It wakes on file events, where the file system sends them, and at
/// every poll.
#[derive(clap::Args, Clone, Debug)]
#[command(after_long_help = "\
Examples:
  while sso-signal wait | sso-login - | sso-signal settle; do :; done
  sso-signal wait --timeout 0s && echo due

Exit status:
  0    one was due
  2    bad command line
  65   state of a newer version
  74   a file failed
  75   not now: another process keeps the state locked
  78   bad SSO_POLL_SECONDS
  124  none was due within --timeout")]
pub(crate) struct Args {
    /// End (124) when the process that started this one has ended
    #[arg(long)]
    pub(crate) with_parent: bool,
    /// Give up after this time
    #[arg(long, value_name = "DURATION", value_parser = sso_tool::time::parse_duration)]
    pub(crate) timeout: Option<Duration>,
    /// Look at least this often (SSO_POLL_SECONDS, 5 s)
    #[arg(long, value_name = "DURATION", value_parser = parse_poll)]
    pub(crate) poll: Option<Duration>,
    /// Continue after the first signal
    #[arg(long)]
    pub(crate) follow: bool,
}

/// Waits as the flags say, and prints what is due.
pub(crate) fn run(args: &Args, settings: &Settings) -> anyhow::Result<Exit> {
    let output = &mut Output::stdout();
    let Args { with_parent, timeout, follow, .. } = *args;
    let waited = args
        .poll
        .map_or_else(|| settings.poll_interval(), Ok)
        .and_then(|poll| wait(settings, WaitOptions { timeout, poll, follow, with_parent }, output));
    // `while sso-signal wait | … ; do :; done` begins anew at once: a setting that is wrong, or a state of a newer version,
    // must not fill a log and take a core. A person at a terminal sees the error without delay.
    if waited.is_err() && !io::stdout().is_terminal() {
        thread::sleep(PAUSE_OF_LOOPS);
    }
    waited
}

fn parse_poll(text: &str) -> Result<Duration, String> {
    let poll = time::parse_duration(text)?;
    if poll.is_zero() {
        return Err("the poll interval must be more than zero".to_owned());
    }
    Ok(poll)
}

/// How to wait.
#[derive(Clone, Copy, Debug)]
struct WaitOptions {
    /// Give up (124) after that.
    timeout: Option<Duration>,
    /// Look at least that often.
    poll: Duration,
    /// Go on after the first signal.
    follow: bool,
    /// End (124) once the process that started this one is gone.
    with_parent: bool,
}

/// Waits as `options` says and prints what is due.
fn wait(settings: &Settings, options: WaitOptions, output: &mut Output) -> anyhow::Result<Exit> {
    let begin = Instant::now();
    let parent = rustix::process::getppid();
    let mut queue = Queue::new(settings)?;
    state_dir::make_private(&queue.state_dir)?;
    queue.signals.make()?;
    // Watching begins before the first look, so nothing falls between the two.
    let mut said = LastLine::default();
    let changes = Changes::watch(settings, queue.signals.watched());
    loop {
        // Before the look: a watcher whose loop was killed must not ask anybody.
        if options.with_parent && rustix::process::getppid() != parent {
            return Ok(Exit::Timeout);
        }
        let at = queue.circumstances()?;
        queue.note(&at)?;
        let judged = queue.judge(&at)?;
        said.say(settings, &judged, &at);
        for Judged { located, .. } in judged.iter().filter(|judged| judged.due == Due::Now) {
            let Some(Leased { signal, until }) = queue.lease(located, &at)? else { continue };
            settings.debug(|| {
                let (file, until) = (located.path.display(), time::format(until));
                format!(
                    "{}: handed over from {file}; without an answer it comes back at {until}",
                    signal.profile
                )
            });
            output.document(
                &signal.document().with("nextAttemptAfter", until.timestamp()).with("mode", at.mode.word()),
            )?;
            if !options.follow {
                return Ok(Exit::Done);
            }
        }
        let left = options.timeout.map(|timeout| timeout.saturating_sub(begin.elapsed()));
        if left == Some(Duration::ZERO) {
            return Ok(Exit::Timeout);
        }
        let pause = [Some(options.poll), next_look(&judged, &at), left]
            .into_iter()
            .flatten()
            .min()
            .unwrap_or(options.poll);
        changes.sleep(pause);
    }
}

/// What was logged last: a look at every poll is a line only if it saw something else.
#[derive(Default)]
struct LastLine(String);

impl LastLine {
    fn say(&mut self, settings: &Settings, judged: &[Judged], at: &Circumstances) {
        if !settings.is_debug() {
            return;
        }
        let described = |Judged { located, due }: &Judged| {
            let (state, until) = queue::described(due);
            let until = until.map(|until| format!(" until {until}")).unwrap_or_default();
            format!("{} {state}{until}", located.signal.key())
        };
        let signals: Vec<_> = judged.iter().map(described).collect();
        let seen = if signals.is_empty() { "no signals".to_owned() } else { signals.join(", ") };
        let line = format!("mode {}: {seen}", at.mode);
        if line != self.0 {
            settings.debug(|| line.clone());
            self.0 = line;
        }
    }
}

/// How long until the next signal is due.
fn next_look(judged: &[Judged], at: &Circumstances) -> Option<Duration> {
    let left = |judged: &Judged| match judged.due {
        Due::At(until, _) => (until - at.now).to_std().ok(),
        Due::Now | Due::Not(_) => None,
    };
    judged.iter().filter_map(left).min()
}
