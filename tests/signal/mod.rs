//! What `sso-signal` promises as a process: every subcommand, hostile files, faults at every system call.

mod clock;
mod container;
mod faults;
mod hostile;
mod large;
mod names;
mod notify;
mod observed;
mod quiet;
mod raise;
mod session;
mod settings;
mod settle;
mod state;
mod subject;
mod unfit;
mod unreadable;
mod watch;
