//! Why a step of the device flow came to nothing: told apart in the document's `error` and in the status.

use sso_tool::exit::{Exit, Fault, report};
use sso_tool::stream::Document;

use crate::aws_api::oidc::Refusal;

/// Errors after which the same document can be tried again.
pub(crate) fn is_passing(error: &serde_json::Value) -> bool {
    ["authorization_pending", "slow_down", "unreachable"].iter().any(|word| error == word)
}

/// Why a step came to nothing.
pub(crate) struct Stop {
    pub(crate) act: &'static str,
    pub(crate) refusal: Refusal,
    pub(crate) hint: Option<String>,
}

impl Stop {
    pub(crate) fn new(act: &'static str, refusal: Refusal) -> Self {
        Self { act, refusal, hint: None }
    }

    fn exit(&self) -> Exit {
        match self.refusal {
            Refusal::Pending | Refusal::SlowDown => Exit::TryLater,
            Refusal::Denied | Refusal::InvalidGrant | Refusal::InvalidClient => Exit::LoginRequired,
            Refusal::Expired => Exit::Timeout,
            Refusal::Unreachable(_) => Exit::Unavailable,
            Refusal::Other(_) => Exit::Config,
        }
    }

    /// Writes the refusal into the document, and for people on stderr if it is for good.
    pub(crate) fn tell(self, document: &mut Document) -> Exit {
        let exit = self.exit();
        document.set("error", self.refusal.word());
        document.set("reason", self.refusal.to_string());
        if exit != Exit::TryLater {
            let fault = Fault::new(exit, format!("{}: {}", self.act, self.refusal)).hint_if(self.hint);
            report("sso-login", &fault.into());
        }
        exit
    }
}
