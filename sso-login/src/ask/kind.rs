//! Which dialogs there are here: found at run time, since a desktop is no property of a build.

use sso_tool::process::on_path;
use sso_tool::settings::from_environment;

use super::dialog::Dialog;
use super::kdialog::Kdialog;
use super::limits::Limits;
use super::osascript::Osascript;
use super::terminal::Terminal;
use super::zenity::Zenity;

/// The dialogs that are built in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum DialogKind {
    Osascript,
    Zenity,
    Kdialog,
    Terminal,
}

impl DialogKind {
    const ALL: [Self; 4] = [Self::Osascript, Self::Zenity, Self::Kdialog, Self::Terminal];

    /// The dialogs to try, the best first. macOS has no display variable, and `osascript` nobody else.
    pub(super) fn of_this_desktop() -> Vec<Self> {
        let has_display = ["WAYLAND_DISPLAY", "DISPLAY"].iter().any(|name| from_environment(name).is_some());
        let is_possible = |kind: &Self| has_display || !matches!(kind, Self::Zenity | Self::Kdialog);
        Self::ALL.into_iter().filter(is_possible).collect()
    }

    pub(super) fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.word() == word)
    }

    pub(super) fn word(self) -> &'static str {
        match self {
            Self::Osascript => "osascript",
            Self::Zenity => "zenity",
            Self::Kdialog => "kdialog",
            Self::Terminal => "terminal",
        }
    }

    /// `None` if it isn't here.
    pub(super) fn open(self, limits: Limits<'_>) -> Option<Box<dyn Dialog + '_>> {
        Some(match self {
            Self::Osascript => Box::new(Osascript { program: on_path("osascript")?, limits }),
            Self::Zenity => Box::new(Zenity { program: on_path("zenity")?, limits }),
            Self::Kdialog => Box::new(Kdialog { program: on_path("kdialog")?, limits }),
            Self::Terminal => Box::new(Terminal::open(limits)?),
        })
    }
}
