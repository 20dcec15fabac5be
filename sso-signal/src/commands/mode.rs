//! `sso-signal mode`: shows or sets what the watcher does.

use crate::mode::{current, set};
use sso_tool::exit::Exit;
use sso_tool::settings::Settings;
use sso_tool::state_dir::make_private;
use sso_tool::stream::{Document, Output};
use sso_tool::time;

/// Show or set what the watcher does: ask (notify), log in (auto) or nothing (standalone)
#[derive(clap::Args, Clone, Debug)]
#[command(after_long_help = "\
Examples:
  sso-signal mode
  sso-signal mode auto

Exit status:
  0   done
  2   no such mode
  74  a file failed")]
pub(crate) struct Args {
    /// Print sentences for people
    #[arg(long)]
    pub(crate) text: bool,
    /// `notify`, `auto` or `standalone`; the change takes effect within one poll
    pub(crate) mode: Option<String>,
}

/// Sets the mode if a word is given, and prints the one in force.
pub(crate) fn run(args: &Args, settings: &Settings) -> anyhow::Result<Exit> {
    let output = &mut Output::stdout();
    let (word, as_text) = (args.mode.as_deref(), args.text);
    let state_dir = settings.state_dir()?;
    if let Some(word) = word {
        make_private(&state_dir)?;
        set(&state_dir, word)?;
    }
    let (mode, from) = current(settings, &state_dir);
    if as_text {
        let takes_effect = time::format_duration(settings.poll_interval()?);
        output.text(&match word {
            Some(_) => format!("switched to {mode}: {} (within {takes_effect})", mode.meaning()),
            None => {
                format!("{mode}: {}\nSwitch with: sso-signal mode notify|auto|standalone", mode.meaning())
            }
        })?;
        return Ok(Exit::Done);
    }
    let document =
        Document::new().with("mode", mode.word()).with("modeFrom", from).with("meaning", mode.meaning());
    output.document(&document)?;
    Ok(Exit::Done)
}
