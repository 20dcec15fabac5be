//! A login: needed or not, by which way, with whose consent.

pub mod consent_forecast;
pub mod ensure;
pub mod route;
