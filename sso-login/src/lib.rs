//! Log in to AWS SSO where that is needed, and hand out credentials. It keeps no state about reminders.
//!
//! [`login::ensure`] is the idea: a valid session is left alone, one that can be renewed is renewed silently, and only
//! then a person logs in, by the AWS CLI ([`aws_cli`]), a browser that comes back or the device flow ([`flows`]).

pub mod ask;
pub mod aws_api;
pub mod aws_cli;
pub mod commands;
mod countdown;
pub mod credentials;
pub mod doctor;
pub mod flows;
pub mod interrupt;
pub mod keys;
pub mod login;
pub mod remote;
mod runtime;
pub mod sandbox;
pub mod serve;
pub mod session;
pub(crate) mod setup;
pub mod terminal;

#[cfg(test)]
mod fuzz;
