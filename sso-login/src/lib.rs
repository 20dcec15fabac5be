//! Get an AWS SSO session, silently, and hand out credentials.

pub mod sandbox;
