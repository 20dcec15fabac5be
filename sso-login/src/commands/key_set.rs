//! `sso-login key-set`; the work is in its own room.

pub use crate::keys::{KeySetArgs as Args, run};
