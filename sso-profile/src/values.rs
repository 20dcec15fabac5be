//! What the values of a profile may be: what AWS's tools take, and nothing copied from a manual.

use sso_tool::exit::{Exit, Fault};
use sso_tool::placeholder::is_placeholder;
use sso_tool::sanitize::{is_deceptive, sanitize};

/// A value on one line that botocore reads back as it is.
pub(crate) fn plain(value: &str) -> Result<(), Fault> {
    if value.split_once('<').is_some_and(|(_, rest)| rest.contains('>')) {
        return Err(wrong(format!("the value `{}` is a placeholder", sanitize(value)))
            .hint("the access portal (the start URL) shows accounts and roles; its own address is in the invitation mail"));
    }
    if value.is_empty() || value.trim() != value || value.chars().any(|c| c.is_control() || is_deceptive(c)) {
        return Err(wrong(format!(
            "the value `{value}` is empty, or has control characters or blanks at its ends"
        )));
    }
    Ok(())
}

/// AWS-FORMATS 6: words and digits with dashes, ending in a number.
pub(crate) fn region(what: &str, name: &str) -> Result<(), Fault> {
    let parts: Vec<_> = name.split('-').collect();
    let is_word =
        |part: &&str| !part.is_empty() && part.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit());
    let ends_in_number =
        parts.last().is_some_and(|part| !part.is_empty() && part.bytes().all(|b| b.is_ascii_digit()));
    if parts.len() < 3 || !parts.iter().all(is_word) || !ends_in_number {
        return Err(wrong(format!("the {what} `{name}` isn't an AWS region")).hint("it looks like eu-west-1"));
    }
    Ok(())
}

/// The scopes of a comma list.
pub fn scopes(list: &str) -> Vec<String> {
    list.split(',').map(str::trim).filter(|scope| !scope.is_empty()).map(str::to_owned).collect()
}

pub(crate) fn scope_list(list: &str) -> Result<(), Fault> {
    // RFC 6749, section 3.3: printable ASCII but `"` and `\`.
    let is_scope = |scope: &String| scope.bytes().all(|b| b.is_ascii_graphic() && b != b'"' && b != b'\\');
    let list = scopes(list);
    if list.is_empty() || !list.iter().all(is_scope) {
        return Err(wrong("the scopes aren't a list separated by commas".to_owned())
            .hint("the usual scope is sso:account:access"));
    }
    Ok(())
}

pub(crate) fn account_id(id: &str) -> Result<(), Fault> {
    if is_placeholder(id) {
        return Err(wrong(format!("the account `{id}` is the manual's placeholder"))
            .hint("the access portal (the start URL) shows accounts and roles"));
    }
    if id.len() != 12 || !id.bytes().all(|b| b.is_ascii_digit()) {
        return Err(wrong(format!("the account `{id}` is not 12 digits"))
            .hint("the access portal (the start URL) shows accounts and roles"));
    }
    Ok(())
}

/// IAM's role names: `[\w+=,.@-]{1,64}`.
pub(crate) fn role_name(name: &str) -> Result<(), Fault> {
    if !(1..=64).contains(&name.len())
        || !name.bytes().all(|b| b.is_ascii_alphanumeric() || b"_+=,.@-".contains(&b))
    {
        return Err(wrong(format!("the role `{name}` isn't a role name"))
            .hint("the access portal (the start URL) shows accounts and roles"));
    }
    Ok(())
}

pub(crate) fn output(format: &str) -> Result<(), Fault> {
    const FORMATS: [&str; 6] = ["json", "text", "table", "yaml", "yaml-stream", "off"];
    if !FORMATS.contains(&format) {
        return Err(wrong(format!("the output format `{format}` is unknown"))
            .hint(format!("one of {}", FORMATS.join(", "))));
    }
    Ok(())
}

pub(crate) fn wrong(message: String) -> Fault {
    Fault::new(Exit::Config, message)
}
