//! AWS's three services behind a session: the OIDC service, the access portal and STS, and how they are spoken to.

pub mod bounded;
pub mod federation;
pub mod http;
pub mod oidc;
pub mod pace;
pub mod portal;
pub mod refusal;
pub mod sts;
