//! A command of the user's own, in `SSO_DIALOG`.

use std::path::Path;
use std::process::Command;

use serde_json::Value;
use sso_signal::LONGEST_SNOOZE;
use sso_tool::stream;

use super::dialog::{Reply, Response};
use super::limits::Limits;
use super::process::run;
use super::question::Question;
use crate::session::answer::Answer;

/// Asks with the command `line`: it gets the document on stdin and prints one with `answer`: `refresh`, `snooze`
/// (with `seconds`), `suppress` or `dismiss`.
pub(super) fn ask(line: &str, question: &Question, limits: Limits<'_>) -> Reply<Response> {
    let input = format!("{}\n", Value::from(question.document.clone()));
    run(command(line), &input, limits.timeout, limits).then(|ended| match ended.code {
        0 => understand(&ended.out),
        // As zenity and the others end when a person closes them.
        1 => Reply::Nothing,
        code => Reply::Broken(format!("it ended with status {code}")),
    })
}

/// A file of that name, spaces and all; else words.
fn command(line: &str) -> Command {
    if Path::new(line).is_file() {
        return Command::new(line);
    }
    let mut words = line.split_whitespace();
    let mut command = Command::new(words.next().unwrap_or_default());
    command.args(words);
    command
}

/// No word at all is a person who closed the dialog; words that mean nothing are a broken program, and say so.
fn understand(text: &str) -> Reply<Response> {
    if text.trim().is_empty() {
        return Reply::Nothing;
    }
    let Ok(answer) = stream::parse(text.as_bytes(), "the dialog's answer") else {
        return Reply::Broken("its answer isn't a JSON object".to_owned());
    };
    match answer.text("answer") {
        Ok(Some("refresh")) => Reply::Given(Response::Refresh),
        Ok(Some("suppress")) => Reply::Given(Response::No(Answer::suppressed())),
        Ok(Some("dismiss")) => Reply::Nothing,
        Ok(Some("snooze")) => match answer.whole("seconds").ok().flatten().map(u64::try_from) {
            Some(Ok(seconds)) if (1..=LONGEST_SNOOZE.as_secs()).contains(&seconds) => {
                Reply::Given(Response::No(Answer::snoozed(seconds)))
            }
            _ => Reply::Broken("its answer `snooze` needs `seconds`, from 1 to 86400".to_owned()),
        },
        _ => Reply::Broken("its `answer` must be refresh, snooze, suppress or dismiss".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn anything_but_a_clear_answer_is_a_dismissal() {
        assert_eq!(understand("{\"answer\":\"refresh\"}\n"), Reply::Given(Response::Refresh));
        let snoozed = Reply::Given(Response::No(Answer::snoozed(900)));
        assert_eq!(understand("{\"answer\":\"snooze\",\"seconds\":900}"), snoozed);
        assert_eq!(understand("{\"answer\":\"suppress\"}"), Reply::Given(Response::No(Answer::suppressed())));
        for text in ["", "\n", "{\"answer\":\"dismiss\"}"] {
            assert_eq!(understand(text), Reply::Nothing, "{text}");
        }
    }

    #[test]
    fn an_answer_without_a_meaning_is_the_programs_mistake_and_no_login() {
        for text in [
            "refresh",
            "{\"answer\":\"yes\"}",
            "{\"answer\":\"snooze\"}",
            "{\"answer\":\"snooze\",\"seconds\":0}",
            "{\"answer\":\"snooze\",\"seconds\":-900}",
            "{\"answer\":\"snooze\",\"seconds\":86401}",
            "{\"answer\":1}",
        ] {
            assert!(matches!(understand(text), Reply::Broken(_)), "{text}");
        }
    }
}
