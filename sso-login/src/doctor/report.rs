//! All findings, for a person: what is wrong and what to do first, what is fine in one line.

use std::fmt::Write as _;

use sso_tool::exit::Exit;
use sso_tool::sanitize::sanitize;

use super::finding::{Finding, Status};

/// All findings.
#[derive(Default)]
pub(crate) struct Report(Vec<Finding>);

impl Report {
    pub(crate) fn add(&mut self, finding: Finding) {
        self.0.push(finding);
    }

    /// The status of the worst: of the first error; 1 if there are warnings alone.
    pub(crate) fn exit(&self) -> Exit {
        let first = |status| self.of(status).next().map(|finding| finding.exit);
        first(Status::Error).or_else(|| first(Status::Warning)).unwrap_or(Exit::Done)
    }

    /// The text, without a line break at its end.
    pub(crate) fn text(&self) -> String {
        let mut text = String::new();
        let (errors, warnings) = (self.of(Status::Error).count(), self.of(Status::Warning).count());
        let begin = match (errors, warnings) {
            (0, 0) => "Nothing is wrong here.".to_owned(),
            (0, _) => "Nothing is broken. Worth a look:".to_owned(),
            (1, _) => "One thing is wrong:".to_owned(),
            (n, _) => format!("{n} things are wrong:"),
        };
        let _ = writeln!(text, "{begin}");
        self.tell(&mut text, Status::Error);
        if errors > 0 && warnings > 0 {
            let _ = writeln!(text, "\nWorth a look, too:");
        }
        self.tell(&mut text, Status::Warning);
        let mut names: Vec<_> = Vec::new();
        // What is fine of one session isn't fine as long as another's is in the list above.
        let is_told = |check: &str| {
            self.of(Status::Error).chain(self.of(Status::Warning)).any(|finding| finding.check == check)
        };
        for finding in self.of(Status::Ok).filter(|finding| !is_told(finding.check)) {
            if !names.contains(&finding.check) {
                names.push(finding.check);
            }
        }
        if !names.is_empty() {
            let _ = write!(text, "\nFine: {}.", names.join(", "));
        }
        if self.of(Status::Skipped).next().is_some() {
            let _ = write!(text, "\nNot present, or not checked:");
        }
        for finding in self.of(Status::Skipped) {
            let _ = write!(text, "\n  {}: {}.", finding.check, sanitize(&finding.seen));
        }
        text
    }

    fn tell(&self, text: &mut String, status: Status) {
        for finding in self.of(status) {
            let _ = writeln!(text, "\n  {}: {}.", finding.check, sanitize(&finding.seen));
            if let Some(fix) = &finding.fix {
                let _ = writeln!(text, "    What helps:  {}", sanitize(fix));
            }
        }
    }

    fn of(&self, status: Status) -> impl Iterator<Item = &Finding> {
        self.0.iter().filter(move |finding| finding.status == status)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_wrong_comes_first_and_what_is_fine_in_one_line() {
        let mut report = Report::default();
        assert_eq!((report.text().as_str(), report.exit()), ("Nothing is wrong here.\n", Exit::Done));
        report.add(Finding::ok("a", "x"));
        report.add(Finding::warning("b", "it is old", "renew it"));
        assert_eq!(report.exit(), Exit::No);
        report.add(Finding::error("c", Exit::Config, "it is broken", "mend it"));
        report.add(Finding::error("d", Exit::Io, "gone", "find it"));
        report.add(Finding::ok("f", "x"));
        report.add(Finding::ok("b", "another is new"));
        report.add(Finding::ok("a", "y"));
        report.add(Finding::skipped("e", "none was seen"));
        assert_eq!(report.exit(), Exit::Config);
        assert_eq!(
            report.text(),
            "2 things are wrong:\n\n  c: it is broken.\n    What helps:  mend it\n\n  d: gone.\n    What helps:  \
             find it\n\nWorth a look, too:\n\n  b: it is old.\n    What helps:  renew it\n\nFine: a, \
             f.\nNot present, or not checked:\n  e: none was seen."
        );
    }
}
