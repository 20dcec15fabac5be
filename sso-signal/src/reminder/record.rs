//! An entry as it stands in `state.json` and in the document of `status`: only what is set.

use std::time::Duration;

use serde_json::{Map, Value, json};

use crate::reminder::{ConfigStamp, Pause, Reminder, Standing};
use sso_tool::stream::Document;
use sso_tool::time::{self, Moment};

/// An entry as a document.
pub(crate) fn write(entry: &Reminder) -> Document {
    let pause =
        |pause: &Pause| json!({"until": time::format(pause.until), "lengthSeconds": pause.length.as_secs()});
    let mut document = Document::new();
    let mut set = |key: &str, value: Option<Value>| {
        if let Some(value) = value {
            document.set(key, value);
        }
    };
    let profiles: Vec<&String> = entry.profiles.iter().collect();
    set("profiles", (!profiles.is_empty()).then(|| json!(profiles)));
    set("retry", entry.retry.as_ref().map(pause));
    set("snooze", entry.snooze.as_ref().map(pause));
    set("nearEnd", entry.near_end.map(|at| time::format(at).into()));
    set("dismissedAt", entry.dismissed.map(|at| time::format(at).into()));
    set("suppressedEpisodes", (!entry.suppressed.is_empty()).then(|| json!(entry.suppressed)));
    set("failures", (entry.failures > 0).then(|| entry.failures.into()));
    set("gaveUpOnEpisode", entry.gave_up.clone().map(Value::from));
    set("quiet", entry.quiet.then_some(true.into()));
    set("quietForever", entry.forever.then_some(true.into()));
    set("seenOver", entry.over.then_some(true.into()));
    set(
        "unknownProfileIn",
        entry
            .unknown_in
            .as_ref()
            .map(|stamp| json!({"configFile": stamp.file, "configModified": stamp.modified})),
    );
    set("mirroredNextAttempt", entry.mirrored.map(|at| time::format(at).into()));
    set("decidedAt", entry.decided.map(|at| time::format_millis(at).into()));
    set("heldBackSince", entry.held.map(|at| time::format(at).into()));
    set(
        "standing",
        entry
            .standing
            .as_ref()
            .map(|signal| json!({"key": signal.key, "source": signal.source, "episode": signal.episode})),
    );
    set("skipSaid", entry.skip_said.then_some(true.into()));
    document
}

/// Something in `state.json` isn't what it must be.
pub(crate) struct Broken;

/// An entry from its document. Unknown keys are none of ours; wrong types make it broken.
pub(crate) fn read(value: &Value) -> Result<Reminder, Broken> {
    let map = value.as_object().ok_or(Broken)?;
    Ok(Reminder {
        profiles: optional(map, "profiles", read_texts)?.unwrap_or_default(),
        retry: optional(map, "retry", read_pause)?,
        snooze: optional(map, "snooze", read_pause)?,
        near_end: optional(map, "nearEnd", read_moment)?,
        dismissed: optional(map, "dismissedAt", read_moment)?,
        suppressed: optional(map, "suppressedEpisodes", read_texts)?.unwrap_or_default(),
        failures: optional(map, "failures", |value| u32::try_from(value.as_u64()?).ok())?.unwrap_or_default(),
        gave_up: optional(map, "gaveUpOnEpisode", read_text)?,
        quiet: optional(map, "quiet", Value::as_bool)?.unwrap_or_default(),
        forever: optional(map, "quietForever", Value::as_bool)?.unwrap_or_default(),
        over: optional(map, "seenOver", Value::as_bool)?.unwrap_or_default(),
        unknown_in: optional(map, "unknownProfileIn", read_stamp)?,
        mirrored: optional(map, "mirroredNextAttempt", read_moment)?,
        decided: optional(map, "decidedAt", read_moment)?,
        held: optional(map, "heldBackSince", read_moment)?,
        standing: optional(map, "standing", read_standing)?,
        skip_said: optional(map, "skipSaid", Value::as_bool)?.unwrap_or_default(),
    })
}

/// The value of a key, if it is there.
pub(crate) fn optional<T>(
    map: &Map<String, Value>,
    key: &str,
    read: impl Fn(&Value) -> Option<T>,
) -> Result<Option<T>, Broken> {
    map.get(key).map(|value| read(value).ok_or(Broken)).transpose()
}

fn read_text(value: &Value) -> Option<String> {
    value.as_str().map(str::to_owned)
}

fn read_texts<T: FromIterator<String>>(value: &Value) -> Option<T> {
    value.as_array()?.iter().map(read_text).collect()
}

/// A timestamp.
pub(crate) fn read_moment(value: &Value) -> Option<Moment> {
    value.as_str().and_then(time::parse)
}

fn read_pause(value: &Value) -> Option<Pause> {
    let length = Duration::from_secs(value.get("lengthSeconds")?.as_u64()?);
    Some(Pause { until: read_moment(value.get("until")?)?, length })
}

fn read_stamp(value: &Value) -> Option<ConfigStamp> {
    Some(ConfigStamp {
        file: read_text(value.get("configFile")?)?,
        modified: value.get("configModified").and_then(read_text),
    })
}

fn read_standing(value: &Value) -> Option<Standing> {
    Some(Standing {
        key: read_text(value.get("key")?)?,
        source: read_text(value.get("source")?)?,
        episode: value.get("episode").and_then(read_text),
    })
}
