//! Now, timestamps and durations: what is written is RFC 3339 in UTC to the second; what is read is
//! every form that AWS clients write (AWS-FORMATS 1).

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use chrono::{DateTime, NaiveDateTime, SecondsFormat, TimeDelta, Utc};
use serde_json::Value;

use crate::environment::from_environment;
use crate::exit::{Exit, Fault};

/// A moment in UTC.
pub type Moment = DateTime<Utc>;

/// Now, or what `SSO_NOW` says (a timestamp or epoch seconds), so that a test can fix the clock.
pub fn now() -> anyhow::Result<Moment> {
    let Some(fixed) = from_environment("SSO_NOW") else { return Ok(Utc::now()) };
    parse(&fixed)
        .or_else(|| fixed.parse().ok().and_then(from_epoch))
        .ok_or_else(|| Fault::new(Exit::Usage, format!("SSO_NOW is not a timestamp: `{fixed}`")).into())
}

/// The one form that is written: `2025-01-15T18:00:00Z`.
pub fn format(moment: Moment) -> String {
    moment.to_rfc3339_opts(SecondsFormat::Secs, true)
}

/// The form to the millisecond, where seconds can't tell what came first: `2025-01-15T18:00:00.250Z`.
pub fn format_millis(moment: Moment) -> String {
    moment.to_rfc3339_opts(SecondsFormat::Millis, true)
}

/// Reads a timestamp: `Z`, an offset, `UTC` or no zone at all (meaning UTC), a fraction or none, `T`
/// or a space.
pub fn parse(text: &str) -> Option<Moment> {
    let text = text.trim();
    if !text.is_ascii() {
        return None;
    }
    let zoneless = text.strip_suffix("UTC").map(str::trim_end);
    if zoneless.is_none()
        && let Ok(moment) = DateTime::parse_from_rfc3339(text)
    {
        return Some(moment.to_utc());
    }
    let zoneless = zoneless.unwrap_or(text);
    ["%Y-%m-%dT%H:%M:%S%.f", "%Y-%m-%d %H:%M:%S%.f"]
        .iter()
        .find_map(|form| NaiveDateTime::parse_from_str(zoneless, form).ok())
        .map(|naive| naive.and_utc())
        .or_else(|| DateTime::parse_from_str(text, "%Y-%m-%dT%H:%M:%S%.f%z").ok().map(|m| m.to_utc()))
}

/// Reads a timestamp out of a document: a string as [`parse`] takes it, or an epoch number, in seconds
/// (with a fraction or without) or, where that would lie past the year 5138, in milliseconds.
pub fn from_value(value: &Value) -> Option<Moment> {
    match value {
        Value::String(text) => parse(text),
        Value::Number(number) => number.as_f64().and_then(from_epoch),
        _ => None,
    }
}

/// The moment of an epoch number, as [`from_value`] reads it. `None` for NaN, infinity and years
/// that no calendar here has.
pub fn from_epoch(epoch: f64) -> Option<Moment> {
    const MILLISECONDS_FROM: f64 = 1e11;
    if !epoch.is_finite() {
        return None;
    }
    let seconds = if epoch.abs() >= MILLISECONDS_FROM { epoch / 1000.0 } else { epoch };
    // Whole microseconds: a double holds those exactly for the next centuries.
    #[expect(clippy::cast_possible_truncation, reason = "`as` saturates, and the result is checked")]
    DateTime::from_timestamp_micros((seconds * 1e6).round() as i64)
        .filter(|moment| (FIRST..=LAST).contains(&moment.timestamp()))
}

/// The time that a file system gives; `None` if no timestamp can say it.
pub fn from_system(time: SystemTime) -> Option<Moment> {
    from_epoch(match time.duration_since(UNIX_EPOCH) {
        Ok(since) => since.as_secs_f64(),
        Err(before) => -before.duration().as_secs_f64(),
    })
}

/// Reads a duration of the command line: `30s`, `15m`, `4h`, `1h30m`. For clap's `value_parser`.
pub fn parse_duration(text: &str) -> Result<Duration, String> {
    humantime::parse_duration(text.trim()).map_err(|err| {
        // The units that humantime proposes itself (ms among them) suit nobody here.
        let why = match err {
            humantime::DurationError::UnknownUnit { unit, .. } if unit.is_empty() => {
                "it has no unit".to_owned()
            }
            err => err.to_string(),
        };
        format!("{why}; write a duration like 30s, 15m, 4h or 1h30m")
    })
}

/// A duration for people: `1h 30m`, to the second.
pub fn format_duration(duration: Duration) -> String {
    humantime::format_duration(Duration::from_secs(duration.as_secs())).to_string()
}

/// How long until `end`, in whole seconds. The second that has begun counts: the times of documents have no fraction, and
/// the clock has one, so that an hour that has just been set would show as 59 minutes and 59 seconds.
pub fn seconds_left(end: Moment, now: Moment) -> i64 {
    let left = end - now;
    left.num_seconds() + i64::from(left.subsec_nanos() > 0)
}

/// The time until `end` for people, to the second, as [`seconds_left`] counts them: `59m 12s`.
pub fn format_left(end: Moment, now: Moment) -> String {
    format_duration(Duration::from_secs(u64::try_from(seconds_left(end, now)).unwrap_or_default()))
}

/// A length of time in whole minutes, for people: the nearest one, so that what has just been set to an hour isn't shown as
/// 59 minutes. Less than a minute is none: the last minute of a session isn't promised to anybody.
pub fn whole_minutes(seconds: i64) -> i64 {
    match seconds {
        ..60 => 0,
        seconds => seconds.saturating_add(29) / 60,
    }
}

/// `moment` moved on by `duration`; the end of the year 9999, the last that RFC 3339 can write, if that lies
/// beyond it.
pub fn after(moment: Moment, duration: Duration) -> Moment {
    TimeDelta::from_std(duration)
        .ok()
        .and_then(|delta| moment.checked_add_signed(delta))
        .filter(|moment| moment.timestamp() <= LAST)
        .or_else(|| DateTime::from_timestamp(LAST, 0))
        .unwrap_or(moment)
}

/// 0000-01-01T00:00:00Z.
const FIRST: i64 = -62_167_219_200;
/// 9999-12-31T23:59:59Z.
const LAST: i64 = 253_402_300_799;

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use serde_json::json;

    #[test]
    fn every_form_that_clients_write_is_read() {
        let expected = "2026-11-21T01:02:56Z";
        for text in [
            "2026-11-21T01:02:56Z",
            "2026-11-21T01:02:56UTC",
            "2026-11-21T01:02:56 UTC",
            "2026-11-21T01:02:56.360Z",
            "2026-11-21T01:02:56.123456789Z",
            "2026-11-21T01:02:56+00:00",
            "2026-11-21T03:02:56.1+02:00",
            "2026-11-21T03:02:56+0200",
            "2026-11-21T01:02:56",
            "2026-11-21 01:02:56",
            "2026-11-21t01:02:56z",
        ] {
            assert_eq!(parse(text).map(format).as_deref(), Some(expected), "{text}");
        }
        for number in [json!(1_795_222_976), json!(1_795_222_976.25), json!(1_795_222_976_360_i64)] {
            assert_eq!(from_value(&number).map(format).as_deref(), Some(expected), "{number}");
        }
    }

    #[test]
    fn what_is_no_timestamp_is_none() {
        for text in ["", "soon", "2026-13-01T00:00:00Z", "2026-11-21", "UTC", "2026-11-21T01:02:56Zx", "é"] {
            assert_eq!(parse(text), None, "{text}");
        }
        for value in [json!(true), json!(null), json!(1e300), json!([1]), json!(-1e300)] {
            assert_eq!(from_value(&value), None, "{value}");
        }
    }

    #[test]
    fn durations_are_read_and_written() {
        assert_eq!(parse_duration("1h30m"), Ok(Duration::from_secs(5400)));
        assert_eq!(parse_duration("15m"), Ok(Duration::from_secs(900)));
        assert!(parse_duration("15").unwrap_err().contains("1h30m"));
        assert_eq!(format_duration(Duration::from_millis(5_400_700)), "1h 30m");
    }

    #[test]
    fn a_time_left_is_not_shown_a_minute_short_and_the_last_minute_is_not_promised() {
        let end = parse("2026-11-21T13:00:00Z").unwrap();
        for (now, seconds, words, minutes) in [
            ("2026-11-21T12:00:00Z", 3600, "1h", 60),
            ("2026-11-21T12:00:00.700Z", 3600, "1h", 60),
            ("2026-11-21T12:00:04Z", 3596, "59m 56s", 60),
            ("2026-11-21T12:00:31Z", 3569, "59m 29s", 59),
            ("2026-11-21T12:59:01Z", 59, "59s", 0),
            ("2026-11-21T13:00:00.700Z", 0, "0s", 0),
            ("2026-11-21T14:00:00Z", -3600, "0s", 0),
        ] {
            let now = parse(now).unwrap();
            assert_eq!(seconds_left(end, now), seconds, "{now}");
            assert_eq!(format_left(end, now), words, "{now}");
            assert_eq!(whole_minutes(seconds_left(end, now)), minutes, "{now}");
        }
    }

    #[test]
    fn a_moment_beyond_the_calendar_is_its_end() {
        let moment = parse("2026-11-21T01:02:56Z").unwrap();
        assert_eq!(format(after(moment, Duration::MAX)), "9999-12-31T23:59:59Z");
    }

    proptest! {
        #[test]
        fn any_text_is_read_without_panic(text in any::<String>(), number in any::<f64>()) {
            let _ = parse(&text);
            let _ = from_epoch(number);
        }

        #[test]
        fn a_written_moment_reads_back(seconds in 0_i64..4_000_000_000) {
            let moment = DateTime::from_timestamp(seconds, 0).unwrap();
            prop_assert_eq!(parse(&format(moment)), Some(moment));
        }
    }
}
