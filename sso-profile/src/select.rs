//! Which profile is meant when several places may say so (DESIGN 2).

use sso_tool::settings::Settings;
use sso_tool::stream::Document;

/// A profile's name and who gave it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Selected {
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
    let is_said = |name: &&str| !name.is_empty();
    let said = argument.filter(is_said).map(|name| (name, "argument"));
    let said = said.or_else(|| in_document.filter(is_said).map(|name| (name, "document")));
    let owned = |(name, from): (&str, &str)| (name.to_owned(), from.to_owned());
    let chosen = said.map(owned).or_else(|| settings.chosen_profile());
    let (name, from) = chosen.unwrap_or_else(|| owned(("default", "default")));
    Ok(Selected { name, from })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(argument: Option<&str>, document: Option<&str>, expected: [&str; 2]) {
        let document = document.map(|name| Document::new().with("profile", name));
        let Selected { name, from } = select(argument, document.as_ref(), &Settings::new("test")).unwrap();
        assert_eq!([name.as_str(), from.as_str()], expected);
    }

    #[test]
    fn the_first_place_that_names_a_profile_wins() {
        check(Some("a"), Some("b"), ["a", "argument"]);
        check(None, Some("b"), ["b", "document"]);
        check(Some(""), Some("b"), ["b", "document"]);
    }
}
