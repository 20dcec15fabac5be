//! The subcommands, each in a file of its name: its `Args` and its `run`.

pub mod accounts;
pub mod console;
pub mod credentials;
pub mod exec;
pub mod login;
pub mod logout;
pub mod refresh;
pub mod steps;
pub mod subjects;
pub mod token;
pub mod whoami;
