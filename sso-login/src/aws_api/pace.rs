//! The pace of calls to the portal: its documented quota is 20 a second, for all processes of a user together
//! (AWS-FORMATS 5).

use std::fs::{File, OpenOptions};
use std::io;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::PathBuf;
use std::sync::Mutex;
use std::time::{Duration, Instant, SystemTime};

use sso_tool::flock::{self, Try};
use sso_tool::settings::Settings;
use sso_tool::state_dir;

/// Between two calls: 18 in a second.
pub(crate) const INTERVAL: Duration = Duration::from_millis(55);
/// A slot later than this was taken by a clock that is wrong, so it counts for nothing.
const FURTHEST: Duration = Duration::from_secs(120);

/// How long one holder may keep the file: a shift takes microseconds.
const HELD: Duration = Duration::from_millis(200);

/// Hands out slots in time. The file `portal.pace` in the state directory carries them in its modification time: that
/// changes in one step, whatever is killed when, and there is no content to tear.
pub(crate) struct Pace {
    path: Option<PathBuf>,
    /// Where there is no state directory to write to, this process paces itself alone.
    own: Mutex<Instant>,
}

impl Pace {
    /// The pace of the user that these settings are for.
    pub(crate) fn new(settings: &Settings) -> Self {
        let dir = settings.state_dir().ok().filter(|dir| state_dir::make_private(dir).is_ok());
        Self { path: dir.map(|dir| dir.join("portal.pace")), own: Mutex::new(Instant::now()) }
    }

    /// Waits for a slot.
    pub(crate) async fn slot(&self) {
        tokio::time::sleep(self.take(INTERVAL)).await;
    }

    /// Makes everybody wait: the service throttles.
    pub(crate) fn pause(&self, pause: Duration) {
        self.take(pause);
    }

    /// Takes the next slot and puts the one after it that much later; answers how long it is until the slot.
    fn take(&self, then: Duration) -> Duration {
        let shared = self.path.as_ref().and_then(|path| {
            let file = OpenOptions::new().create(true).append(true).mode(0o600).open(path).ok()?;
            shift(&file, SystemTime::now(), then).ok()
        });
        shared.unwrap_or_else(|| {
            let Ok(mut next) = self.own.lock() else { return then };
            let (now, slot) = (Instant::now(), *next);
            *next = slot.max(now) + then;
            slot.saturating_duration_since(now)
        })
    }
}

fn shift(file: &File, now: SystemTime, then: Duration) -> io::Result<Duration> {
    // Anybody of this user can lock the file, and stop then: the others go on by themselves.
    if flock::wait(file, HELD)? != Try::Got {
        return Err(io::ErrorKind::WouldBlock.into());
    }
    let next = file.metadata()?.modified()?;
    let wait = next.duration_since(now).ok().filter(|wait| *wait <= FURTHEST).unwrap_or_default();
    file.set_modified(now + wait + then)?;
    Ok(wait)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_that_somebody_keeps_locked_stops_no_call() {
        let file = tempfile::NamedTempFile::new().unwrap();
        let pace = Pace { path: Some(file.path().to_owned()), own: Mutex::new(Instant::now()) };
        assert_eq!(flock::wait(file.as_file(), Duration::ZERO).unwrap(), Try::Got);
        let (sender, taken) = std::sync::mpsc::channel();
        std::thread::spawn(move || sender.send([pace.take(INTERVAL), pace.take(INTERVAL)]));
        let [first, second] = taken.recv_timeout(Duration::from_secs(30)).unwrap();
        assert!(first.is_zero() && second <= INTERVAL, "{first:?} {second:?}");
    }

    #[test]
    fn slots_follow_one_another_and_a_wrong_clock_counts_for_nothing() {
        let file = tempfile::tempfile().unwrap();
        let now = SystemTime::now();
        file.set_modified(now - Duration::from_secs(9)).unwrap();
        let waits: Vec<_> = (0..3).map(|_| shift(&file, now, INTERVAL).unwrap()).collect();
        assert_eq!(waits, [Duration::ZERO, INTERVAL, 2 * INTERVAL]);
        file.set_modified(now + Duration::from_secs(3600)).unwrap();
        assert_eq!(shift(&file, now, INTERVAL).unwrap(), Duration::ZERO);
    }
}
