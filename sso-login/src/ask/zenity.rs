//! The dialogs of GNOME and GTK.

use std::path::PathBuf;
use std::process::Command;

use super::dialog::{Button, CANCEL, DISABLE, DONT_REMIND, Dialog, REFRESH, Reply, SNOOZE};
use super::limits::Limits;
use super::process::{Ended, limit, run, seconds};
use super::question::Question;
use super::question::{SNOOZE_TITLE, WARNING_TITLE};

pub(super) struct Zenity<'a> {
    pub(super) program: PathBuf,
    pub(super) limits: Limits<'a>,
}

impl Dialog for Zenity<'_> {
    fn choose(&self, question: &Question) -> Reply<Button> {
        self.buttons(question.title, &question.text, &[REFRESH, SNOOZE, DONT_REMIND], Button::of_label)
    }

    fn snooze(&self, question: &Question) -> Reply<u64> {
        self.buttons(SNOOZE_TITLE, &question.snooze, &question.labels(), |label| question.seconds_of(label))
    }

    fn confirm(&self, question: &Question) -> Reply<()> {
        let mut command = self.question(WARNING_TITLE, &question.warning);
        command
            .arg(format!("--ok-label={DISABLE}"))
            .arg(format!("--cancel-label={CANCEL}"))
            .arg("--default-cancel");
        self.run(command, |ended| (ended.code == 0).then_some(()))
    }
}

impl Zenity<'_> {
    /// Buttons of our own only: with OK and Cancel, a closed window would look like Cancel.
    fn buttons<T>(
        &self,
        title: &str,
        text: &str,
        labels: &[&str],
        understand: impl FnOnce(&str) -> Option<T>,
    ) -> Reply<T> {
        let mut command = self.question(title, text);
        command.arg("--switch").args(labels.iter().map(|label| format!("--extra-button={label}")));
        self.run(command, |ended| understand(ended.label()))
    }

    fn question(&self, title: &str, text: &str) -> Command {
        let mut command = Command::new(&self.program);
        command
            .args(["--question", "--no-markup", "--no-wrap"])
            .arg(format!("--title={title}"))
            .arg(format!("--text={text}"))
            .arg(format!("--timeout={}", seconds(self.limits.timeout)));
        command
    }

    fn run<T>(&self, command: Command, understand: impl FnOnce(&Ended) -> Option<T>) -> Reply<T> {
        /// By a button of ours, or closed; what it prints tells them apart.
        const CLOSED: i32 = 1;
        const LATE: i32 = 5;
        run(command, "", limit(self.limits.timeout), self.limits).then(|ended| match understand(&ended) {
            Some(value) => Reply::Given(value),
            None if ended.err.contains("open display") => {
                Reply::Broken("the display can't be opened".to_owned())
            }
            None if matches!(ended.code, 0 | CLOSED | LATE) => Reply::Nothing,
            None => Reply::Broken(format!("it ended with status {}", ended.code)),
        })
    }
}
