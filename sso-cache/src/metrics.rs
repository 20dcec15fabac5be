//! `check --prometheus`: gauges in Prometheus's text format, for the textfile collector of `node_exporter`.

use std::fmt;

use serde_json::Value;
use sso_tool::sanitize::sanitize;
use sso_tool::stream::Document;
use sso_tool::time;

/// A gauge: its name, its help, and where a document has its value.
struct Gauge {
    name: &'static str,
    help: &'static str,
    value: fn(&Document) -> Option<i64>,
}

const GAUGES: [Gauge; 3] = [
    Gauge {
        name: "sso_token_expiry_timestamp_seconds",
        help: "When the access token expires, in seconds since 1970.",
        value: |document| seconds(document.get("token")?.get("expiresAt")?),
    },
    Gauge {
        name: "sso_session_expiry_timestamp_seconds",
        help: "When the session ends, which no renewal prolongs, in seconds since 1970.",
        value: |document| seconds(document.get("session")?.get("endsAt")?),
    },
    Gauge {
        name: "sso_login_required",
        help: "Whether a person must log in (1) or not (0).",
        value: |document| document.get("loginRequired")?.as_bool().map(i64::from),
    },
];

/// The labels, and the keys of a document that they have their values from.
const LABELS: [(&str, &str); 3] = [("profile", "profile"), ("session", "ssoSession"), ("host", "host")];

/// The samples so far, by gauge. What a document doesn't know has no sample.
#[derive(Debug, Default)]
pub struct Metrics([Vec<(String, i64)>; 3]);

impl Metrics {
    /// Adds what a checked document says.
    pub fn add(&mut self, document: &Document) {
        let labels = labels(document);
        for (gauge, samples) in GAUGES.iter().zip(&mut self.0) {
            // The scraper refuses the whole file if a series is there twice.
            if let Some(value) = (gauge.value)(document)
                && !samples.iter().any(|(known, _)| *known == labels)
            {
                samples.push((labels.clone(), value));
            }
        }
    }
}

impl fmt::Display for Metrics {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (gauge, samples) in GAUGES.iter().zip(&self.0) {
            writeln!(f, "# HELP {} {}", gauge.name, gauge.help)?;
            writeln!(f, "# TYPE {} gauge", gauge.name)?;
            for (labels, value) in samples {
                writeln!(f, "{}{{{labels}}} {value}", gauge.name)?;
            }
        }
        Ok(())
    }
}

fn seconds(value: &Value) -> Option<i64> {
    time::from_value(value).map(|moment| moment.timestamp())
}

/// `profile="corp",session="corp"`, each value one line that is safe on a terminal, with `\\` and `"` escaped.
fn labels(document: &Document) -> String {
    let label = |(label, key): &(&str, &str)| {
        let value = document.get(*key)?.as_str()?;
        let value = sanitize(value).replace('\\', "\\\\").replace('"', "\\\"");
        Some(format!("{label}=\"{value}\""))
    };
    LABELS.iter().filter_map(label).collect::<Vec<_>>().join(",")
}

#[cfg(test)]
mod tests {
    use super::*;
    use sso_tool::stream::parse;

    #[test]
    fn what_is_known_is_a_sample_once_and_labels_are_escaped() {
        let mut metrics = Metrics::default();
        for text in [
            r#"{"profile":"a","ssoSession":"corp","token":{"expiresAt":"1970-01-01T00:01:00Z"},"session":{"endsAt":"1970-01-01T01:00:00Z"},"loginRequired":false}"#,
            r#"{"profile":"a","ssoSession":"corp","token":{"expiresAt":"1970-01-01T00:01:00Z"},"loginRequired":false}"#,
            r#"{"profile":"b\"\\\n","token":{"state":"missing"},"loginRequired":true,"host":"far"}"#,
            r#"{"profile":"c","error":"unreadable"}"#,
        ] {
            metrics.add(&parse(text.as_bytes(), "input").unwrap());
        }
        let text = metrics.to_string();
        let samples: Vec<_> = text.lines().filter(|line| !line.starts_with('#')).collect();
        assert_eq!(
            samples,
            [
                r#"sso_token_expiry_timestamp_seconds{profile="a",session="corp"} 60"#,
                r#"sso_session_expiry_timestamp_seconds{profile="a",session="corp"} 3600"#,
                r#"sso_login_required{profile="a",session="corp"} 0"#,
                r#"sso_login_required{profile="b\"\\",host="far"} 1"#,
            ]
        );
        assert_eq!(text.matches("# TYPE").count(), 3);
    }
}
