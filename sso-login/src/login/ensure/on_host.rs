//! A login for a document that is about another host.

use sso_tool::episode;
use sso_tool::sanitize::sanitize;
use sso_tool::stream::{Document, Output};
use sso_tool::subject::Remote;
use sso_tool::time;

use super::{Ensure, STANDALONE};
use crate::remote::{self, hosts};
use crate::session::answer::Answer;
use crate::session::login_options::Permission;
use crate::session::outlook::SLACK;

impl Ensure<'_> {
    /// Logs in on the host that the document is about: only where this machine's owner has listed it, and with the consent
    /// that a login here would need.
    pub(super) fn on_host(
        &self,
        remote: &Remote,
        document: &mut Document,
        output: &mut Output,
    ) -> anyhow::Result<Answer> {
        let host = remote.host.as_str();
        let Some(name) = remote.profile.as_deref() else {
            let why =
                format!("the document names no profile of {}, and a login there needs one", sanitize(host));
            return Ok(Answer::unknown_profile(why));
        };
        if !hosts::is_listed(self.settings, host)? {
            let note = format!("the signal is about {}, which SSO_HOSTS doesn't list", sanitize(host));
            return Ok(Answer::dismissed(Some(&note)));
        }
        let permission = self.options.permission_elsewhere(self.settings, document, host)?;
        if permission == Permission::Denied {
            return Ok(Answer::dismissed(Some(STANDALONE)));
        }
        // A session that runs there is given up for a new one only by a person, as it is here.
        let now = time::now()?;
        let ends_at = document.text("episode")?.and_then(episode::end_of).filter(|end| now < *end);
        let asks = permission == Permission::Asked || ends_at.is_some();
        if asks && let Some(refusal) = self.consent.ask_for_host(host, name, document, ends_at)? {
            return Ok(refusal);
        }
        // Without that, the host would answer that its session is valid, and the reminder of its end would be gone.
        let min_left = ends_at.and_then(|end| (end - now + SLACK).to_std().ok());
        let request = remote::SessionRequest { profile: name, min_left, timeout: self.options.timeout };
        let (said, answer) = remote::log_in(self.settings, host, request, output)?;
        // Nothing else of what another machine says gets into this one's state.
        for key in ["error", "via", "expiresAt", "registration", "registrationReason", "arn", "accountId"] {
            if let Some(text) = said.text(key).ok().flatten() {
                document.set(key, sanitize(text));
            }
        }
        if asks {
            self.consent.keep_for_host(host, name, &answer)?;
        }
        Ok(answer)
    }
}
