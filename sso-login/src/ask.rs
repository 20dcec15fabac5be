//! Asking a person before a login that nobody at the keyboard asked for.

use std::process::Command;
use std::time::Duration;

use sso_signal::settings::{Settings, from_environment};
use sso_signal::wire::{self, Document};

use crate::answer::Answer;
use crate::child::{self, End, Line};
use crate::wish::after;

/// What the person said.
#[derive(Debug, PartialEq)]
pub enum Said {
    /// Log in.
    Refresh,
    /// Something else, which is the outcome.
    No(Answer),
}

/// Asks with the program in `SSO_DIALOG`: it gets the document on stdin and prints one with `answer`: `refresh`, `snooze`
/// (with `seconds`), `suppress` or `dismiss`. Anything else, and no program at all, is `dismiss`: never a login without
/// consent. After `patience` no answer is a dismissal, too.
pub fn ask(settings: &Settings, document: &Document, patience: Duration) -> anyhow::Result<Said> {
    let Some(program) = from_environment("SSO_DIALOG") else {
        return Ok(Said::No(Answer::dismissed(Some(
            "nobody could be asked: no dialog program (SSO_DIALOG)",
        ))));
    };
    let mut words = program.split_whitespace();
    let mut command = Command::new(words.next().unwrap_or_default());
    command.args(words);
    let mut answer = String::new();
    let input = format!("{}\n", serde_json::Value::from(document.clone()));
    let end = child::run(command, &input, after(patience), |line| {
        if let Line::Out(line) = line {
            answer.push_str(&line);
            answer.push('\n');
        }
        Ok(())
    });
    match end {
        Ok(End::Status(status)) if status.success() => {}
        Ok(End::Interrupted(signal)) => return Ok(Said::No(Answer::interrupted(signal))),
        Ok(end) => {
            settings.debug(|| format!("the dialog ended with {end:?}"));
            return Ok(Said::No(Answer::dismissed(None)));
        }
        Err(err) => {
            settings.debug(|| format!("cannot run the dialog: {err:#}"));
            return Ok(Said::No(Answer::dismissed(Some("nobody could be asked: the dialog program failed"))));
        }
    }
    Ok(understand(&answer))
}

fn understand(text: &str) -> Said {
    /// As `sso-signal settle` takes it.
    const LONGEST_SNOOZE: i64 = 24 * 3600;
    let dismissed = Said::No(Answer::dismissed(None));
    let Ok(answer) = wire::parse(text.as_bytes(), "the dialog's answer") else { return dismissed };
    match answer.text("answer") {
        Ok(Some("refresh")) => Said::Refresh,
        Ok(Some("suppress")) => Said::No(Answer::suppressed()),
        Ok(Some("snooze")) => match answer.whole("seconds") {
            Ok(Some(seconds)) if (1..=LONGEST_SNOOZE).contains(&seconds) => {
                Said::No(Answer::snoozed(seconds.unsigned_abs()))
            }
            _ => dismissed,
        },
        _ => dismissed,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn anything_but_a_clear_answer_is_a_dismissal() {
        assert_eq!(understand("{\"answer\":\"refresh\"}\n"), Said::Refresh);
        assert_eq!(understand("{\"answer\":\"snooze\",\"seconds\":900}"), Said::No(Answer::snoozed(900)));
        assert_eq!(understand("{\"answer\":\"suppress\"}"), Said::No(Answer::suppressed()));
        for text in [
            "",
            "refresh",
            "{\"answer\":\"yes\"}",
            "{\"answer\":\"snooze\"}",
            "{\"answer\":\"snooze\",\"seconds\":0}",
            "{\"answer\":1}",
        ] {
            assert_eq!(understand(text), Said::No(Answer::dismissed(None)), "{text}");
        }
    }
}
