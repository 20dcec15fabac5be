//! A session: cached, renewed or ended, once for however many ask at the same time.

pub mod answer;
pub mod cached;
pub mod error;
pub mod failure;
pub mod login_options;
pub(crate) mod logout;
pub mod obtain;
pub(crate) mod outlook;
pub mod refresh;
pub(crate) mod sign_out;
pub(crate) mod target;
pub mod waiting;
