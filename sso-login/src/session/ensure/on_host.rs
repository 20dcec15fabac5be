//! A login for a document that is about another host.

use sso_tool::sanitize::sanitize;
use sso_tool::stream::{Document, Output};
use sso_tool::subject::Remote;

use super::{Ensure, STANDALONE};
use crate::remote::{self, hosts};
use crate::session::answer::Answer;
use crate::session::login_options::Permission;

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
        if permission == Permission::Asked
            && let Some(refusal) = self.consent.ask_for_host(host, name, document)?
        {
            return Ok(refusal);
        }
        let (said, answer) = remote::log_in(self.settings, host, name, self.options.timeout, output)?;
        // Nothing else of what another machine says gets into this one's state.
        for key in ["error", "via", "expiresAt", "registration", "registrationReason", "arn", "accountId"] {
            if let Some(text) = said.text(key).ok().flatten() {
                document.set(key, sanitize(text));
            }
        }
        if permission == Permission::Asked {
            self.consent.keep_for_host(host, name, &answer)?;
        }
        Ok(answer)
    }
}
