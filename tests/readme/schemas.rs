//! `docs/schema` and `docs/reference.md` say the same.

use std::collections::BTreeSet;

use crate::readme::reference;
use crate::support::schema::registry;

fn section(head: &str) -> String {
    let text = reference();
    let section = text.split("\n## ").find(|section| section.starts_with(&format!("{head}\n")));
    section.unwrap_or_else(|| panic!("no section {head}")).to_owned()
}

/// What stands in back-ticks in a text.
fn quoted(text: &str) -> BTreeSet<String> {
    text.split('`').skip(1).step_by(2).map(str::to_owned).collect()
}

#[test]
fn every_key_of_the_table_of_documents_has_a_schema() {
    let known: BTreeSet<String> = registry().kinds().flat_map(|(name, _)| registry().keys(name)).collect();
    let section = section("Documents");
    let rows = section.lines().filter(|line| line.starts_with("| `"));
    let keys: BTreeSet<String> = rows.flat_map(|row| quoted(row.split('|').nth(1).unwrap())).collect();
    assert!(keys.len() > 80, "{keys:?}");
    let unknown: Vec<_> = keys.difference(&known).collect();
    assert!(unknown.is_empty(), "docs/schema lacks {unknown:?}");
}

#[test]
fn every_key_of_a_schema_is_in_the_reference() {
    let words = quoted(&(section("Documents") + &section("Schemas")));
    for (name, _) in registry().kinds() {
        let unknown: Vec<_> = registry().keys(name).into_iter().filter(|key| !words.contains(key)).collect();
        assert!(unknown.is_empty(), "docs/reference.md lacks {unknown:?} of docs/schema/{name}.json");
    }
}

#[test]
fn the_table_of_schemas_names_the_commands_that_print_each() {
    let section = section("Schemas");
    for (name, commands) in registry().kinds() {
        let row =
            section.lines().find(|line| line.starts_with(&format!("| [`{name}`](schema/{name}.json) |")));
        let row = row.unwrap_or_else(|| panic!("docs/reference.md has no row of {name}"));
        let named = quoted(row.split('|').nth(2).unwrap());
        assert_eq!(named, commands.iter().cloned().collect(), "{name}");
    }
}
