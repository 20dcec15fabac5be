//! The dialogs of KDE.

use std::path::PathBuf;
use std::process::Command;

use super::dialog::{Button, CANCEL, DISABLE, DONT_REMIND, Dialog, REFRESH, Reply, SNOOZE};
use super::limits::Limits;
use super::process::{Ended, run};
use super::question::Question;
use super::question::{SNOOZE_TITLE, WARNING_TITLE};

pub(super) struct Kdialog<'a> {
    pub(super) program: PathBuf,
    pub(super) limits: Limits<'a>,
}

impl Dialog for Kdialog<'_> {
    /// A menu: with three buttons, a closed window would look like the third.
    fn choose(&self, question: &Question) -> Reply<Button> {
        let labels = [REFRESH, SNOOZE, DONT_REMIND];
        self.menu(question.title, &question.text, &labels, REFRESH, Button::of_label)
    }

    fn snooze(&self, question: &Question) -> Reply<u64> {
        let labels = question.labels();
        let usual = labels.get(question.usual).copied().unwrap_or_default();
        self.menu(SNOOZE_TITLE, &question.snooze, &labels, usual, |label| question.seconds_of(label))
    }

    fn confirm(&self, question: &Question) -> Reply<()> {
        let mut command = self.command(WARNING_TITLE);
        command
            .arg(format!("--warningcontinuecancel={}", rich(&question.warning)))
            .arg(format!("--continue-label={DISABLE}"))
            .arg(format!("--cancel-label={CANCEL}"));
        self.run(command, |ended| (ended.code == 0).then_some(()))
    }
}

impl Kdialog<'_> {
    fn menu<T>(
        &self,
        title: &str,
        text: &str,
        labels: &[&str],
        default: &str,
        understand: impl FnOnce(&str) -> Option<T>,
    ) -> Reply<T> {
        let mut command = self.command(title);
        command
            .arg(format!("--default={default}"))
            .arg(format!("--menu={}", rich(text)))
            // The tag that is printed, and the label that is shown.
            .args(labels.iter().flat_map(|label| [label, label]));
        self.run(command, |ended| understand(if ended.code == 0 { ended.label() } else { "" }))
    }

    fn command(&self, title: &str) -> Command {
        let mut command = Command::new(&self.program);
        command.arg(format!("--title={title}"));
        command
    }

    /// `kdialog` knows no time limit: it is ended after `timeout`.
    fn run<T>(&self, command: Command, understand: impl FnOnce(&Ended) -> Option<T>) -> Reply<T> {
        run(command, "", self.limits.timeout, self.limits).then(|ended| match understand(&ended) {
            Some(value) => Reply::Given(value),
            // Closed or cancelled.
            None if matches!(ended.code, 0..=2) => Reply::Nothing,
            None => Reply::Broken(format!("it ended with status {}", ended.code)),
        })
    }
}

/// Plain text as Qt's rich text. Qt guesses whether a text is rich, and `kdialog` reads `\n` as a line's end: so it is
/// rich always, and without a backslash.
fn rich(text: &str) -> String {
    let mut rich = "<qt>".to_owned();
    for c in text.chars() {
        match c {
            '&' => rich.push_str("&amp;"),
            '<' => rich.push_str("&lt;"),
            '>' => rich.push_str("&gt;"),
            '"' => rich.push_str("&quot;"),
            '\\' => rich.push_str("&#92;"),
            '\n' => rich.push_str("<br>"),
            other => rich.push(other),
        }
    }
    rich.push_str("</qt>");
    rich
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_text_becomes_markup_or_an_escape() {
        let text = "a <b>&\\n</b>\n\"c\"";
        assert_eq!(rich(text), "<qt>a &lt;b&gt;&amp;&#92;n&lt;/b&gt;<br>&quot;c&quot;</qt>");
    }
}
