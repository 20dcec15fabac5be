//! The ways in which a person logs in: the device flow, and PKCE with a browser that comes back.

pub mod browser;
pub mod callback;
pub mod client;
pub(crate) mod consent_notice;
pub mod device;
pub(crate) mod handover;
pub mod landing;
pub mod pkce;
pub mod progress;
pub mod query;
pub mod random;
pub mod request;
pub mod stop;
pub mod surroundings;
pub mod way_back;
