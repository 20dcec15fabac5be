//! `sso-login tunnel`, whole: a real sshd, a box with a network and a HOME of its own, real tunnels.

mod ends;
mod hostile;
pub mod metta;
mod whole;
