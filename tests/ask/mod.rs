//! Asking a person, whole: from a signal through a dialog to what is remembered.

mod ending;
mod hostile;
mod kdialog;
mod osascript;
mod session;
mod terminal;
mod watch;
mod zenity;
