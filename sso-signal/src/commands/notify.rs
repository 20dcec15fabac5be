//! `sso-signal notify`: a command for every episode, once, without a say in what the watcher does.

use std::collections::BTreeSet;
use std::fs::{self, File, OpenOptions};
use std::io::{ErrorKind, Seek as _, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;
use std::process::Command;
use std::thread;
use std::time::{Duration, Instant, SystemTime};

use anyhow::Context as _;

use crate::changes::Changes;
use crate::notices::{Notice, Notices};
use crate::queue::Queue;
use crate::signal::Signal;
use sso_tool::atomic_write;
use sso_tool::exit::{Exit, Fault};
use sso_tool::flock::{self, Try};
use sso_tool::process::{End, Program, code};
use sso_tool::profile_name::fnv1a;
use sso_tool::sanitize::sanitize;
use sso_tool::settings::Settings;
use sso_tool::state_dir;
use sso_tool::stream::Document;
use sso_tool::time::{self, parse_duration};

/// How long a command that failed once, and twice, is left alone before it is tried again: a network may be gone for a moment.
const PAUSES: [Duration; 2] = [Duration::from_secs(1), Duration::from_secs(4)];
/// Between two looks at a run of another process.
const LOOK: Duration = Duration::from_millis(100);
/// How much longer than its time a run of another process may take.
const GRACE: Duration = Duration::from_secs(1);
/// How a run that takes longer counts, as for coreutils' timeout.
const TIMED_OUT: i32 = 124;

/// Run a command for every expired session, once for each expiry
///
/// Use it for desktop notifications, webhooks and mail. CMD gets the signal's document on stdin. It runs once for each
/// session and episode, in any mode and even if the session is snoozed, and a restart doesn't repeat it. A session that is
/// locked on purpose (`sso-signal quiet`) is left out. The watcher doesn't wait for CMD or depend on it. A CMD that fails is
/// tried three times in all; it runs twice only if it was interrupted. `notify` kills a CMD
/// that takes longer than --timeout and counts it as failed, so that it doesn't hold up other sessions. Without --follow, the command handles the signals
/// that exist now, and ends.
#[derive(clap::Args, Clone, Debug)]
#[command(after_long_help = "\
Examples:
  sso-signal notify --follow -- sh -c 'notify-send \"AWS SSO\" \"$(jq -r .reason)\"'
  sso-signal notify --follow -- sh -c 'jq \"{text: (.profile + \\\": \\\" + .reason)}\" |
    curl -fsS -H \"content-type: application/json\" --data-binary @- https://chat.example.com/hook'
  sso-signal notify -- mail -s 'AWS SSO login required' me@example.com

Exit status:
  0    CMD ran for each new signal
  1    nothing was new
  2    bad command line
  65   state of a newer version
  74   a file failed
  75   not now: another process keeps the state locked
  127  CMD isn't found (126: it can't be run)
  N    CMD's own, if it failed three times (124: it took too long)")]
pub(crate) struct Args {
    /// Keep running until interrupted
    #[arg(long)]
    follow: bool,
    /// How long CMD may take
    #[arg(long, value_name = "D", default_value = "1m", value_parser = parse_duration)]
    timeout: Duration,
    /// The command and its arguments
    #[arg(last = true, required = true, value_name = "CMD")]
    command: Vec<String>,
}

/// Tells of what stands now; with `--follow` of what comes, too.
pub(crate) fn run(args: &Args, settings: &Settings) -> anyhow::Result<Exit> {
    let mut queue = Queue::new(settings)?;
    state_dir::make_private(&queue.state_dir)?;
    queue.signals.make()?;
    let poll = settings.poll_interval();
    // A poll interval is of use only to whoever goes on.
    let poll = if args.follow { poll? } else { poll.unwrap_or(GRACE) };
    // Watching begins before the first look, so nothing falls between the two.
    let changes = args.follow.then(|| Changes::watch(settings, queue.signals.watched()));
    loop {
        let told = look(&mut queue, args)?;
        match &changes {
            Some(changes) => changes.sleep(poll),
            None => return Ok(told),
        }
    }
}

/// Tells of every signal that wasn't told of: done, no if there was none, or how the command failed last.
fn look(queue: &mut Queue<'_>, args: &Args) -> anyhow::Result<Exit> {
    let mut told = Exit::No;
    for (notice, signal) in untold(queue, &args.command)? {
        let ended = tell(queue, &notice, &signal, args)?;
        told = match u8::try_from(ended) {
            Ok(0) if matches!(told, Exit::Command(_)) => told,
            Ok(0) => Exit::Done,
            code => Exit::Command(code.unwrap_or(u8::MAX)),
        };
    }
    Ok(told)
}

/// What stands and wasn't told of, one signal for each episode of a session, the oldest first.
fn untold(queue: &mut Queue<'_>, command: &[String]) -> anyhow::Result<Vec<(Notice, Signal)>> {
    let at = queue.circumstances()?;
    let reminders = queue.reminders()?;
    let reading = queue.signals.read(at.now)?;
    for (_, err) in &reading.unreadable {
        queue.settings.warn_once(format!("{err:#}"));
    }
    let notices = Notices::load(queue.settings, &queue.state_dir)?;
    let command = format!("{:016x}", fnv1a(&format!("{command:?}")));
    let mut seen = BTreeSet::new();
    let mut untold = Vec::new();
    for located in reading.signals {
        let signal = located.signal;
        let key = signal.key();
        if reminders.entry(&key).quiet {
            continue;
        }
        let session = reminders.session_of(&key).map(str::to_owned).or_else(|| signal.session_key());
        let notice = Notice {
            subject: session.unwrap_or(key),
            episode: signal.episode.clone(),
            command: command.clone(),
        };
        if !notices.is_told(&notice) && seen.insert(notice.clone()) {
            untold.push((notice, signal));
        }
    }
    Ok(untold)
}

/// Runs the command until it ends well, three times at most, over restarts as well; answers how it ended. What came of it is
/// kept before anything else happens.
fn tell(queue: &Queue<'_>, notice: &Notice, signal: &Signal, args: &Args) -> anyhow::Result<i32> {
    let (receipt, run_file) = (notice.receipt(&queue.state_dir), notice.run_file(&queue.state_dir));
    let mut pauses = PAUSES.into_iter();
    loop {
        let ended = match begin(queue, notice, &signal.document(), args.timeout)? {
            Begun::Settled => return Ok(0),
            Begun::UnderWay => {
                thread::sleep(LOOK);
                continue;
            }
            Begun::EndedWell => 0,
            Begun::Hanging => TIMED_OUT,
            Begun::Ours(input) => run_command(args, input, &run_file, &receipt)?,
        };
        let is_settled = {
            let _lock = state_dir::lock(&queue.state_dir)?;
            let mut notices = Notices::load(queue.settings, &queue.state_dir)?;
            let is_settled = notices.tried(notice, ended == 0, time::now()?);
            notices.save(&queue.state_dir)?;
            is_settled
        };
        atomic_write::remove(&run_file)?;
        atomic_write::remove(&receipt)?;
        if ended != 0 {
            let whom = sanitize(&signal.key());
            let then = if is_settled { "it isn't tried again for this episode" } else { "tried again" };
            queue.settings.warn_once(format!("{whom}: the command ended with {ended}; {then}"));
        }
        if is_settled {
            return Ok(ended);
        }
        thread::sleep(pauses.next().unwrap_or_default());
    }
}

/// What the look before a run finds.
enum Begun {
    /// Another process has run the command for it meanwhile.
    Settled,
    /// A run that an earlier process began goes on.
    UnderWay,
    /// Such a run has ended well, and its process couldn't say so.
    EndedWell,
    /// Such a run has had its time. Nobody waits for it any more.
    Hanging,
    /// The turn of this process: the document, to be read from its beginning.
    Ours(File),
}

/// Takes the turn for a notice. The run file holds the document and is the command's standard input, and its lock lives as
/// long as anybody has that open: a run is there with its whole document or not at all, and is never taken for another's.
fn begin(
    queue: &Queue<'_>,
    notice: &Notice,
    document: &Document,
    timeout: Duration,
) -> anyhow::Result<Begun> {
    let _lock = state_dir::lock(&queue.state_dir)?;
    let run_file = notice.run_file(&queue.state_dir);
    if Notices::load(queue.settings, &queue.state_dir)?.is_told(notice) {
        return Ok(Begun::Settled);
    }
    if is_under_way(&run_file)? {
        return Ok(if has_had_its_time(&run_file, timeout) { Begun::Hanging } else { Begun::UnderWay });
    }
    if notice.receipt(&queue.state_dir).exists() {
        return Ok(Begun::EndedWell);
    }
    atomic_write::remove(&run_file)?;
    let line = format!("{}\n", serde_json::Value::from(document.clone()));
    let mut options = OpenOptions::new();
    options.read(true).write(true).create_new(true).mode(0o600);
    let mut file = options.open(&run_file).with_context(|| format!("cannot make {}", run_file.display()))?;
    flock::exclusive(&file)
        .and_then(|_| file.write_all(line.as_bytes()))
        .and_then(|()| file.rewind())
        .with_context(|| format!("cannot write {}", run_file.display()))?;
    Ok(Begun::Ours(file))
}

/// Whether somebody has a run file open for a run. A file system without locks says no.
fn is_under_way(run_file: &Path) -> anyhow::Result<bool> {
    match File::open(run_file) {
        Ok(file) => {
            let tried = flock::shared(&file);
            Ok(tried.with_context(|| format!("cannot lock {}", run_file.display()))? == Try::Held)
        }
        Err(err) if err.kind() == ErrorKind::NotFound => Ok(false),
        Err(err) => Err(err).with_context(|| format!("cannot read {}", run_file.display())),
    }
}

/// Whether a run began so long ago that its own process would have ended it.
fn has_had_its_time(run_file: &Path, timeout: Duration) -> bool {
    let begun = fs::metadata(run_file).and_then(|file| file.modified());
    let age = begun.ok().and_then(|begun| SystemTime::now().duration_since(begun).ok());
    age.is_some_and(|age| age > timeout.saturating_add(GRACE))
}

/// Runs the command with a document on stdin; answers its status. A shell stands between, in a process group of its own:
/// it leaves the receipt, although this process may have been killed by then.
fn run_command(args: &Args, input: File, run_file: &Path, receipt: &Path) -> anyhow::Result<i32> {
    const SCRIPT: &str = "receipt=$1; shift; \
        command -v \"$1\" > /dev/null || exit 127; \"$@\"; code=$?; \
        [ \"$code\" -ne 0 ] || : > \"$receipt\"; exit \"$code\"";
    let mut command = Command::new("/bin/sh");
    command.args(["-c", SCRIPT, "sh"]).arg(receipt).args(&args.command);
    let mut program = Program::new(command).reading_file(input).showing_all().ending_within(Duration::ZERO);
    if let Some(deadline) = Instant::now().checked_add(args.timeout) {
        program = program.until(deadline);
    }
    let status = match program.run(drop).context("cannot run /bin/sh")? {
        End::Status(status) => code(status),
        _ => TIMED_OUT,
    };
    match status {
        // What isn't there is no failure of one notice: none could be told.
        status @ (126 | 127) => {
            let program = args.command.first().map(|program| sanitize(program)).unwrap_or_default();
            atomic_write::remove(run_file)?;
            Err(Fault::new(
                Exit::Command(u8::try_from(status).unwrap_or(u8::MAX)),
                format!("cannot run `{program}`"),
            )
            .into())
        }
        status => Ok(status),
    }
}
