//! A login for a document that is about another machine.

use sso_signal::text::harmless;
use sso_signal::wire::{Document, Output};

use super::{Ensure, STANDALONE};
use crate::answer::Answer;
use crate::tunnel::{self, hosts};
use crate::wish::Leave;

impl Ensure<'_> {
    /// Logs in on the box that the document is about: only where this machine's owner has listed it, and with the consent
    /// that a login here would need.
    pub(super) fn on_box(
        &self,
        host: &str,
        name: &str,
        document: &mut Document,
        output: &mut Output,
    ) -> anyhow::Result<Answer> {
        if !hosts::is_listed(self.settings, host)? {
            let note = format!("the signal is about {}, which SSO_HOSTS doesn't list", harmless(host));
            return Ok(Answer::dismissed(Some(&note)));
        }
        let leave = self.wish.leave(self.settings, document)?;
        if leave == Leave::Denied {
            return Ok(Answer::dismissed(Some(STANDALONE)));
        }
        if leave == Leave::Asked
            && let Some(refusal) = self.consent.ask_for_box(host, name, document)?
        {
            return Ok(refusal);
        }
        let (said, answer) = tunnel::log_in(self.settings, host, name, self.wish.timeout, output)?;
        // Nothing else of what another machine says gets into this one's state.
        for key in ["error", "via", "expiresAt", "registration", "registrationReason", "arn", "accountId"] {
            if let Some(text) = said.text(key).ok().flatten() {
                document.set(key, harmless(text));
            }
        }
        if leave == Leave::Asked {
            self.consent.keep_for_box(host, name, &answer)?;
        }
        Ok(answer)
    }
}
