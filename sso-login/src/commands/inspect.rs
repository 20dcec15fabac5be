//! `sso-login inspect`; the work is in its own room.

pub use crate::remote::inspect::{InspectArgs as Args, run};
