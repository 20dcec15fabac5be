//! What a login waits for and how long is left: one line, redrawn each second, on stderr, on a terminal only.

use std::io::{self, IsTerminal as _, Write as _};
use std::sync::mpsc::{self, RecvTimeoutError, Sender};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use rustix::termios::tcgetwinsize;
use sso_tool::settings::from_environment;
use sso_tool::time::format_duration;

const SECOND: Duration = Duration::from_secs(1);

/// The line, as long as this lives.
pub(crate) struct Countdown(Option<(Sender<()>, JoinHandle<()>)>);

impl Countdown {
    /// Begins to show it, where a person sees it.
    pub(crate) fn start(what: &str, until: Instant) -> Self {
        let is_dumb = from_environment("TERM").is_none_or(|term| term == "dumb");
        if is_dumb || !io::stderr().is_terminal() {
            return Self(None);
        }
        let (end, ended) = mpsc::channel();
        let what = what.to_owned();
        let drawing = thread::Builder::new().name("countdown".to_owned()).spawn(move || {
            loop {
                draw(&in_words(&what, until.saturating_duration_since(Instant::now())));
                match ended.recv_timeout(SECOND) {
                    Err(RecvTimeoutError::Timeout) => {}
                    Ok(()) | Err(RecvTimeoutError::Disconnected) => break,
                }
            }
            draw("");
        });
        // Without a thread to spare the login goes on all the same.
        Self(drawing.ok().map(|drawing| (end, drawing)))
    }
}

impl Drop for Countdown {
    fn drop(&mut self) {
        if let Some((end, drawing)) = self.0.take() {
            drop(end);
            let _ = drawing.join();
        }
    }
}

fn in_words(what: &str, left: Duration) -> String {
    // The second that has begun counts: it ends with 1s, not with 0s.
    let left = Duration::from_secs(left.as_secs() + u64::from(left.subsec_nanos() > 0));
    format!("{what}: {} left", format_duration(left))
}

/// Takes the place of the line. The cursor goes back to its beginning, so that whatever else is written takes its place.
fn draw(line: &str) {
    let columns = tcgetwinsize(io::stderr()).map_or(0, |size| usize::from(size.ws_col));
    let line: String = line.chars().take(columns.saturating_sub(1)).collect();
    let mut stderr = io::stderr().lock();
    let _ = write!(stderr, "\r\x1b[K{line}\r");
    let _ = stderr.flush();
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_time_left_is_in_whole_seconds() {
        for (millis, words) in [
            (120_000, "2m left"),
            (119_001, "2m left"),
            (61_000, "1m 1s left"),
            (400, "1s left"),
            (0, "0s left"),
        ] {
            let line = in_words("Waiting", Duration::from_millis(millis));
            assert_eq!(line, format!("Waiting: {words}"));
        }
    }
}
