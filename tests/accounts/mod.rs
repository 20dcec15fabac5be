//! `sso-login whoami`, `accounts` and `logout`, whole.

mod list;
mod logout;
mod whoami;
