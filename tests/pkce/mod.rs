//! `sso-login --via pkce`, whole: a browser that comes back, whatever else comes to its port.

mod browser;
mod choice;
mod faults;
mod hostile;
mod outcome;
mod peers;
mod registration;
pub mod under_way;
pub mod webdriver;
