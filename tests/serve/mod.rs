//! `sso-login serve`: who may ask, signing in, tokens, credentials, and what a front end sees.

mod canaries;
mod credentials;
mod documentation;
mod gate;
mod judges;
mod networks;
mod page;
mod recipes;
mod serving;
mod settings;
mod sign_in;
mod tokens;
