//! `sso-login tunnel`; the work is in its own room.

pub use crate::remote::{TunnelArgs as Args, run};
