//! `sso-login key-set`: a key that is stored only if it works.
//!
//! Set, unlock, get, relock: only when all four held there is a key, until then one on trial that nobody else sees.
//! Whatever fails on the way leaves key, config and cache as they were, and no session behind.

mod args;
mod config_change;
mod keepsake;
mod recovery_log;
mod reporter;
mod rollback;
mod round;
mod steps;
mod vault;
mod wizard;

use std::io::{self, IsTerminal as _};

use sso_lock::{Acquired, Lock};
use sso_profile::key::{self, Slug};
use sso_tool::exit::{Exit, Fault};
use sso_tool::recipe::Recipe;
use sso_tool::settings::Settings;
use sso_tool::stream::Document;

pub use self::args::{KeySetArgs, SetUp};

use self::recovery_log::RecoveryLog;
use self::reporter::Reporter;
use self::rollback::Stopped;
use self::round::Round;
use self::steps::steps;
use self::vault::adapter;
use crate::interrupt::{self, Interrupt};
use crate::session::waiting;
use crate::setup::config_copy::{config_file, sweep};
use crate::setup::prompter::Prompter;
use crate::setup::stop::is_cancelled;

/// Sets a key, one process at a time.
pub fn run(args: &KeySetArgs, settings: &Settings) -> anyhow::Result<Exit> {
    let slug = Slug::new(&args.env, &args.key).map_err(|why| Fault::new(Exit::Usage, why))?;
    // Two at once would lock each other's session in the middle of a proof. A signal ends the wait for it, as ever.
    let lock = Lock::of(settings, "key-set")?;
    let timeout = args.timeout.unwrap_or_else(|| settings.login_timeout());
    let is_told = io::stderr().is_terminal();
    let guard = match waiting::acquire(settings, &lock, "sso-login key-set", timeout, is_told)? {
        Acquired::Held(guard) => guard,
        Acquired::Busy(owner) => {
            let holder = waiting::in_words(owner.as_ref());
            let message = format!("another key is being set: {holder}");
            return Err(Fault::new(Exit::TryLater, message).hint(lock.help(owner.as_ref())).into());
        }
    };
    let exit = try_out(args, &slug, &Interrupt::hold()?, settings);
    guard.release()?;
    exit
}

fn try_out(
    args: &KeySetArgs,
    slug: &Slug,
    interrupt: &Interrupt,
    settings: &Settings,
) -> anyhow::Result<Exit> {
    sweep(settings, |left| {
        recovery_log::follow(left, settings);
        true
    })?;
    // A vault without profiles needs no config.
    let config = config_file(settings).ok();
    let log = RecoveryLog::begin(slug, config.as_deref(), settings)?;
    let mut round = Round {
        args,
        set_up: args.set_up.clone(),
        settings,
        slug,
        interrupt,
        prompter: Prompter::new(interrupt),
        reporter: Reporter::new(slug, args.text),
        reference: String::new(),
        portal: None,
        role: Document::new(),
        proof: Document::new(),
        has_logged_in: false,
        session_end: None,
        log: Some(log),
        login: None,
        unlocked: None,
        config_change: None,
    };
    let ended_calls = interrupt.end_calls();
    let (steps, begun) = match adapter(args.vault).reference(&mut round) {
        Ok(reference) => {
            let sets_up = reference.is_none();
            round.reference = reference.unwrap_or_default();
            (steps(sets_up), Ok(()))
        }
        Err(err) => (Vec::new(), Err(Stopped::at_once(err))),
    };
    let Err(stopped) = begun.and_then(|()| rollback::forward(&steps, &mut round, interrupt::check)) else {
        // The key is kept: whoever doesn't read that anymore takes nothing back.
        let (words, document) = outcome(&round);
        round.reporter.end(&words, &document)?;
        return Ok(Exit::Done);
    };
    // No signal stops what is undone.
    drop(ended_calls);
    let is_kept = key::is_kept(slug, settings).unwrap_or_default();
    let what = if is_kept { "stays as it was" } else { "is not stored" };
    // The log's room is for what follows.
    drop(round.log.take());
    let left = stopped.undo(&mut round);
    if is_cancelled(&stopped.why) && left.is_empty() {
        let document = Document::new().with("slug", slug.to_string()).with("cancelled", true);
        round.reporter.end("nothing was chosen, and nothing is stored", &document)?;
        return Ok(Exit::No);
    }
    let mut message = format!("key `{slug}` {what}: {:#}", stopped.why);
    for err in left {
        message = format!("{message}; {err:#}");
    }
    Err(Fault::reworded(&stopped.why, message).into())
}

/// What to say at the end, to people and to programs.
fn outcome(round: &Round<'_>) -> (String, Document) {
    let (state, words) = if !adapter(round.args.vault).locks() {
        ("granted", String::new())
    } else if round.keeps_session() {
        ("granted", " Its session stays logged in.".to_owned())
    } else {
        ("locked", format!(" It is locked now; to unlock it: {}", Recipe::Unlock(&round.args.env)))
    };
    let mut document = round.described().with("state", state);
    document.extend(round.proof.iter().map(|(key, value)| (key.clone(), value.clone())));
    (format!("{} is stored, and works.{words}", round.slug), document)
}
