//! What `sso-login logout` did, in words for people.

use serde_json::Value;

use sso_tool::sanitize::sanitize;
use sso_tool::stream::Document;

/// What a logout did, for the person who asked for it; `None` if the document is about none.
pub(crate) fn logged_out(document: &Document) -> anyhow::Result<Option<String>> {
    if document.flag("loggedOut")? != Some(true) {
        return Ok(None);
    }
    let session = match document.text("ssoSession")? {
        Some(name) => format!("session `{name}`"),
        None => format!("the session of {}", document.text("startUrl")?.unwrap_or("its start URL")),
    };
    let was_logged_in = document.flag("wasLoggedIn")?.unwrap_or(true);
    let names = document.get("sessionProfiles").and_then(Value::as_array).into_iter().flatten();
    let names: Vec<_> = names.filter_map(Value::as_str).map(|name| format!("`{name}`")).collect();
    Ok(Some(sanitize(&if was_logged_in {
        let whom = if names.is_empty() { "no profile has it".to_owned() } else { names.join(", ") };
        format!("logged out of {session}: {whom}")
    } else {
        format!("nobody was logged in to {session}")
    })))
}
