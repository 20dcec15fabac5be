//! The device flow a step at a time, for those who bring a front end of their own (`register | authorize | token`): what
//! its steps read out of a document. Codes and secrets travel in the documents and nowhere else: what reads them is at the
//! other end of the pipe.

use sso_profile::Sso;
use sso_tool::exit::{Exit, Fault};
use sso_tool::filter::{Handled, filter};
use sso_tool::stream::{Document, Output};
use sso_tool::subject::Subject;
use sso_tool::time::{self, Moment};

use crate::aws_api::oidc::{Oidc, Registered};
use crate::flows::stop::{Stop, is_passing};

/// Takes a step with each document. The status is that of the first one that failed: who comes here wants to know. `needs`
/// is the key that an earlier step adds: a document that failed before it isn't this step's to try again.
pub(crate) fn each(
    documents: impl Iterator<Item = anyhow::Result<Document>>,
    needs: Option<&str>,
    mut step: impl FnMut(Subject, &mut Document) -> anyhow::Result<Option<Stop>>,
) -> anyhow::Result<Exit> {
    let output = &mut Output::stdout();
    filter(documents, true, output, |mut subject, document, _| {
        match &subject {
            // Nobody has decided yet, or the service was away: the same document can be tried again.
            Subject::Failure(_)
                if document.get("error").is_some_and(is_passing)
                    && needs.is_none_or(|key| document.contains_key(key)) =>
            {
                document.shift_remove("error");
                document.shift_remove("reason");
                subject = Subject::of(document)?;
            }
            // After a step that failed for good there is nothing to go on with.
            Subject::Nobody | Subject::Remote(_) | Subject::Failure(_) => return Ok(Handled::PassedOn),
            Subject::Session { .. } | Subject::Profile { .. } | Subject::Chosen { .. } => {}
        }
        Ok(Handled::Answered(match step(subject, document)? {
            None => Exit::Done,
            Some(why) => why.tell(document),
        }))
    })
}

pub(crate) fn oidc(document: &Document) -> anyhow::Result<Oidc> {
    let region = required(document, "ssoRegion", "sso-login register")?;
    let endpoint = document.get("endpoints").and_then(|all| all.get("ssoOidc")).and_then(|url| url.as_str());
    Oidc::new(region, endpoint)
}

/// What the document says about a session, if it says enough.
pub(crate) fn sso_of(document: &Document) -> anyhow::Result<Option<Sso>> {
    let text = |key: &str| {
        Ok::<_, anyhow::Error>(document.text(key)?.filter(|text| !text.is_empty()).map(str::to_owned))
    };
    let (Some(start_url), Some(region)) = (text("startUrl")?, text("ssoRegion")?) else { return Ok(None) };
    let scopes = document
        .get("scopes")
        .and_then(|scopes| scopes.as_array())
        .map(|scopes| scopes.iter().filter_map(|scope| scope.as_str().map(str::to_owned)).collect());
    Ok(Some(Sso { session: text("ssoSession")?, start_url, region, scopes }))
}

pub(crate) fn client_of(document: &Document) -> anyhow::Result<Registered> {
    Ok(Registered {
        client_id: required(document, "clientId", "sso-login register")?.to_owned(),
        client_secret: required(document, "clientSecret", "sso-login register")?.into(),
        // Without one, clients take the registration for expired and don't refresh: so it is, then.
        expires_at: match moment(document, "registrationExpiresAt")? {
            Some(moment) => moment,
            None => time::now()?,
        },
    })
}

pub(crate) fn moment(document: &Document, key: &str) -> anyhow::Result<Option<Moment>> {
    match document.text(key)? {
        None => Ok(None),
        Some(text) => time::parse(text).map(Some).ok_or_else(|| document.mistyped(key, "a timestamp").into()),
    }
}

pub(crate) fn required<'d>(document: &'d Document, key: &str, step: &str) -> anyhow::Result<&'d str> {
    document.text(key)?.filter(|text| !text.is_empty()).ok_or_else(|| {
        let message = format!("the document has no `{key}`");
        Fault::new(Exit::Data, message).hint(format!("it comes from `{step}`")).into()
    })
}
