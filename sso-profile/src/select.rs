//! Which profile is meant when several places may say so (DESIGN 2).

use sso_signal::settings::Settings;
use sso_signal::wire::Document;

/// A profile's name and who gave it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Selected {
    /// The name.
    pub name: String,
    /// `argument`, `document`, the variable's name, or `default`: the document's `profileFrom`.
    pub from: String,
}

/// The first of: the argument, `profile` of the document, the variables that `SSO_PROFILE_VARS` names
/// (separated by commas or spaces), `AWS_PROFILE`, `default`. What is empty counts as absent.
///
/// Status 65 if the document's `profile` is no text.
pub fn select(
    argument: Option<&str>,
    document: Option<&Document>,
    settings: &Settings,
) -> anyhow::Result<Selected> {
    let in_document = document.map(|document| document.text("profile")).transpose()?.flatten();
    Ok(choose(argument, in_document, |name| settings.text(name)))
}

fn choose(
    argument: Option<&str>,
    document: Option<&str>,
    setting: impl Fn(&str) -> Option<String>,
) -> Selected {
    let selected = |name: &str, from: &str| Selected { name: name.to_owned(), from: from.to_owned() };
    if let Some(name) = argument.filter(|name| !name.is_empty()) {
        return selected(name, "argument");
    }
    if let Some(name) = document.filter(|name| !name.is_empty()) {
        return selected(name, "document");
    }
    let listed = setting("SSO_PROFILE_VARS").unwrap_or_default();
    let variables = listed.split([',', ' ']).filter(|name| !name.is_empty()).chain(["AWS_PROFILE"]);
    for variable in variables {
        if let Some(name) = setting(variable).filter(|name| !name.is_empty()) {
            return selected(&name, variable);
        }
    }
    selected("default", "default")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(argument: Option<&str>, document: Option<&str>, settings: &[(&str, &str)], expected: [&str; 2]) {
        let setting =
            |name: &str| settings.iter().find(|(key, _)| *key == name).map(|(_, value)| (*value).to_owned());
        let Selected { name, from } = choose(argument, document, setting);
        assert_eq!([name.as_str(), from.as_str()], expected);
    }

    #[test]
    fn the_first_place_that_names_a_profile_wins() {
        let all = [
            ("SSO_PROFILE_VARS", "NONE, BACKLOG_AWS_PROFILE"),
            ("BACKLOG_AWS_PROFILE", "cc"),
            ("AWS_PROFILE", "x"),
        ];
        check(Some("a"), Some("b"), &all, ["a", "argument"]);
        check(None, Some("b"), &all, ["b", "document"]);
        check(None, None, &all, ["cc", "BACKLOG_AWS_PROFILE"]);
        check(None, None, &all[2..], ["x", "AWS_PROFILE"]);
        check(None, None, &[], ["default", "default"]);
    }

    #[test]
    fn empty_is_absent() {
        let empty = [("SSO_PROFILE_VARS", "A"), ("A", ""), ("AWS_PROFILE", "")];
        check(Some(""), Some(""), &empty, ["default", "default"]);
    }
}
