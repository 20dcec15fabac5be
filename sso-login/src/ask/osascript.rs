//! The dialogs of macOS. `osascript` runs a fixed script; every text is one of its arguments.

use std::path::PathBuf;
use std::process::Command;

use super::dialog::{Button, CANCEL, DISABLE, DONT_REMIND, Dialog, REFRESH, Reply, SNOOZE};
use super::limits::Limits;
use super::process::{limit, run, seconds};
use super::question::Question;
use super::question::{SNOOZE_TITLE, WARNING_TITLE};

const SCRIPT: &str = include_str!("question.applescript");
/// The "no user interaction allowed" of scripts: a shell without the desktop, over ssh say.
const NO_DESKTOP: &str = "(-1713)";

pub(super) struct Osascript<'a> {
    pub(super) program: PathBuf,
    pub(super) limits: Limits<'a>,
}

impl Dialog for Osascript<'_> {
    fn choose(&self, question: &Question) -> Reply<Button> {
        let labels = [DONT_REMIND, SNOOZE, REFRESH];
        self.show("question", question.title, &question.text, &labels, Button::of_label)
    }

    fn snooze(&self, question: &Question) -> Reply<u64> {
        self.show("list", SNOOZE_TITLE, &question.snooze, &question.labels(), |label| {
            question.seconds_of(label)
        })
    }

    fn confirm(&self, question: &Question) -> Reply<()> {
        let labels = [CANCEL, DISABLE];
        let understand = |label: &str| (label == DISABLE).then_some(());
        self.show("warning", WARNING_TITLE, &question.warning, &labels, understand)
    }
}

impl Osascript<'_> {
    fn show<T>(
        &self,
        step: &str,
        title: &str,
        text: &str,
        labels: &[&str],
        understand: impl FnOnce(&str) -> Option<T>,
    ) -> Reply<T> {
        let mut command = Command::new(&self.program);
        // The step's word comes first: what follows can't be taken for an option.
        command.args(["-e", SCRIPT, step, title, text, &seconds(self.limits.timeout)]).args(labels);
        run(command, "", limit(self.limits.timeout), self.limits).then(|ended| match ended.code {
            0 => understand(ended.label()).map_or(Reply::Nothing, Reply::Given),
            _ if ended.err.contains(NO_DESKTOP) => Reply::Broken("no desktop here".to_owned()),
            _ => Reply::Nothing,
        })
    }
}
