//! The server's lines on standard error. A log that nobody reads holds up no request: a line that has no room is dropped.

use std::io::{self, Write as _};
use std::sync::Mutex;

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use sso_tool::exit;

use super::locked::locked;

/// Named in messages.
pub(crate) const TOOL: &str = "sso-login";
/// The longest line: a pipe that takes anything takes that much at once (`PIPE_BUF` on Linux is 4096).
const LONGEST: usize = 4000;

/// One line at a time: two could need the room of one.
static TURN: Mutex<()> = Mutex::new(());

/// Writes a line `sso-login: MESSAGE`.
pub(crate) fn line(message: &str) {
    let mut line = format!("{}: {}", TOOL, exit::escaped(message));
    line.truncate(line.floor_char_boundary(LONGEST));
    line.push('\n');
    let _turn = locked(&TURN);
    let stderr = io::stderr();
    let mut ready = [PollFd::new(&stderr, PollFlags::OUT)];
    let now = Timespec { tv_sec: 0, tv_nsec: 0 };
    if poll(&mut ready, Some(&now)).is_ok_and(|count| count > 0) {
        // Nobody is left to tell when stderr itself fails.
        let _ = stderr.lock().write_all(line.as_bytes());
    }
}

/// Writes why something failed, and its hint.
pub(crate) fn failure(err: &anyhow::Error) {
    line(&format!("{err:#}"));
    if let Some(hint) = exit::hint_of(err) {
        line(&format!("hint: {hint}"));
    }
}
