//! When a monitor was last seen: a small stamp in `signals/` for each that names itself (`write --source`), since
//! that folder is all that a monitor in a container can write. For display only: nothing is decided by it.

use std::fs;
use std::path::PathBuf;

use crate::signal_store::places::Places;
use sso_tool::atomic_write;
use sso_tool::profile_name::file_stem;
use sso_tool::safe_read::{self, Found};
use sso_tool::sanitize::sanitize;
use sso_tool::settings::Settings;
use sso_tool::state_dir::make_private;
use sso_tool::stream::{self, Document};
use sso_tool::time::{self, Moment};

/// How often a stamp is renewed at most, in seconds.
const EVERY: i64 = 5;
/// How many stamps are shown: a writer gone wild must not fill the screen.
const MOST: usize = 20;
/// How many are looked at.
const MOST_FILES: usize = 1000;
const PREFIX: &str = ".monitor-";

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MonitorStamp {
    /// Who: the `source` of its signals.
    pub source: String,
    /// When it last handed a document on.
    pub at: Moment,
}

/// Renews a stamp while a monitor runs.
#[derive(Debug, Default)]
pub struct Heartbeat(Option<Moment>);

impl Heartbeat {
    /// Notes that `source` is alive. A stamp that can't be written changes nothing.
    pub fn beat(&mut self, settings: &Settings, source: &str, now: Moment) {
        if self.0.is_some_and(|last| (now - last).num_seconds().abs() < EVERY) {
            return;
        }
        self.0 = Some(now);
        if let Err(err) = stamp(settings, source, now) {
            settings.debug(|| format!("{err:#}"));
        }
    }
}

fn stamp(settings: &Settings, source: &str, now: Moment) -> anyhow::Result<()> {
    let folder = Places::new(settings)?.further;
    make_private(&folder)?;
    let path = folder.join(format!("{PREFIX}{}", file_stem(source)));
    let document = Document::new().with("source", source).with("at", time::format(now));
    atomic_write::replace(
        &path,
        format!("{}\n", serde_json::Value::from(document)).as_bytes(),
        atomic_write::FileMode::Private,
    )
}

/// The monitors that were seen, the latest first. What can't be read is left out.
pub fn seen(settings: &Settings) -> anyhow::Result<Vec<MonitorStamp>> {
    let mut seen: Vec<MonitorStamp> = stamps(settings)?.iter().filter_map(|path| read(path)).collect();
    seen.sort_by(|a, b| b.at.cmp(&a.at).then_with(|| a.source.cmp(&b.source)));
    seen.truncate(MOST);
    Ok(seen)
}

/// Forgets every monitor, for a clean start: those at work are back in a minute.
pub fn forget(settings: &Settings) -> anyhow::Result<()> {
    for path in stamps(settings)? {
        atomic_write::remove(&path)?;
    }
    Ok(())
}

fn stamps(settings: &Settings) -> anyhow::Result<Vec<PathBuf>> {
    let entries = fs::read_dir(Places::new(settings)?.further).into_iter().flatten().flatten();
    let is_stamp = |path: &PathBuf| {
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        name.starts_with(PREFIX) && !name.ends_with(".tmp")
    };
    Ok(entries.map(|entry| entry.path()).filter(is_stamp).take(MOST_FILES).collect())
}

fn read(path: &std::path::Path) -> Option<MonitorStamp> {
    let Ok(Found::Bytes(bytes)) = safe_read::read(path, 4096) else { return None };
    let document = stream::parse(&bytes, "a monitor's stamp").ok()?;
    let source = sanitize(document.text("source").ok()??);
    Some(MonitorStamp { source, at: document.get("at").and_then(time::from_value)? })
}
