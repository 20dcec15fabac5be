//! What every request may need.

use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use axum::http::StatusCode;

use super::announcer::Announcer;
use super::app::App;
use super::digest::Digest;
use super::flow::Flows;
use super::gate::Gate;
use super::handout::Handout;
use super::locked::locked;
use super::log;
use super::problem::Problem;
use super::token::keys::Keys;
use super::token::sign_ins::SignIns;
use crate::aws_api::oidc::Oidc;

/// What every request may need.
pub(crate) struct Server {
    pub(crate) gate: Gate,
    pub(crate) app: Option<(App, Oidc)>,
    pub(crate) is_debug: bool,
    pub(crate) flows: Mutex<Flows>,
    pub(crate) keys: Mutex<Keys>,
    pub(crate) sign_ins: Arc<SignIns>,
    pub(crate) audience: String,
    pub(crate) aws_login_secret: Option<Digest>,
    pub(crate) has_keys: bool,
    pub(crate) handout: Handout,
    pub(crate) announcer: Arc<Announcer>,
    /// When a token last named a key that isn't known.
    pub(crate) looked_for_keys: Mutex<Option<Instant>>,
}

impl Server {
    /// Where people sign in, if the settings say so.
    pub(crate) fn app(&self) -> Result<(&App, &Oidc), Problem> {
        self.app.as_ref().map(|(app, oidc)| (app, oidc)).ok_or_else(|| {
            Problem::new(
                StatusCode::SERVICE_UNAVAILABLE,
                "not_configured",
                "AWS SSO is not configured: set AWS_SSO_START_URL, AWS_SSO_REGION, AWS_SSO_ACCOUNT_ID and \
                 AWS_SSO_ROLE_NAME in .env",
            )
        })
    }

    /// A line about a step of a flow, where `DEBUG=true` wants it. Never give it a secret.
    pub(crate) fn debug(&self, message: impl FnOnce() -> String) {
        if self.is_debug {
            log::line(&format!("debug: {}", message()));
        }
    }

    /// Whether the file of keys may be read again: once a second, whoever sends whichever tokens.
    pub(crate) fn may_look_for_keys(&self) -> bool {
        let mut last = locked(&self.looked_for_keys);
        let is_long_ago = last.is_none_or(|last| last.elapsed() >= Duration::from_secs(1));
        if is_long_ago {
            *last = Some(Instant::now());
        }
        is_long_ago
    }
}
