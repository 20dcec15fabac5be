//! `sso-login doctor`; the work is in its own room.

pub use crate::doctor::{DoctorArgs as Args, run};
