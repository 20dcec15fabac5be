//! `sso-login tunnel`, whole: a real sshd, a box with a network and a HOME of its own, real tunnels.

mod ends;
pub mod metta;
mod whole;
