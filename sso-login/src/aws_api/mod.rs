//! AWS's two services behind a session, the OIDC service and the access portal: how they are spoken to, and which hosts are AWS's.

pub mod bounded;
pub mod http;
pub mod oidc;
pub mod pace;
pub mod page_host;
pub mod portal;
pub mod refusal;
