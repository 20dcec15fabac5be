//! Many boxes at once: `just sso-fleet`, and a signal that leads to a login on its box.

mod call;
mod manifests;
mod signals;
