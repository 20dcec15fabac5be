//! Edits of config text: bytes in, bytes out, botocore reading along.

use proptest::prelude::*;
use sso_profile::config::{Content, Role};
use sso_profile::ini::Value;
use sso_profile::section_edit::{SectionEdit, edit};

use crate::profile::botocore::{free_form, samples, theirs};

fn profile(name: &str, set: &[(&'static str, &str)]) -> SectionEdit {
    let set = set.iter().map(|(key, value)| (*key, (*value).to_owned())).collect();
    SectionEdit { role: Role::Profile(name.to_owned()), set, remove: Vec::new(), mark: None }
}

fn region(name: &str) -> SectionEdit {
    profile(name, &[("region", "eu-west-1")])
}

/// What `aws configure set` gets wrong (AWS-FORMATS 7) and corners near it: the change, the text before,
/// the text after.
fn cases() -> Vec<(SectionEdit, &'static str, &'static str)> {
    vec![
        // Headers the CLI doesn't find again.
        (region("a"), "[profile   a]\nk = v\n", "[profile   a]\nk = v\nregion = eu-west-1\n"),
        (region("a"), "[profile\ta] # c\nk = v\n", "[profile\ta] # c\nk = v\nregion = eu-west-1\n"),
        (region("a"), "[profile \"a\"]\nk = v\n", "[profile \"a\"]\nk = v\nregion = eu-west-1\n"),
        (region("x y"), "[profile \"x y\"]\nregion = z\n", "[profile \"x y\"]\nregion = eu-west-1\n"),
        (region("x y"), "[profile x\\ y]\nregion = z\n", "[profile x\\ y]\nregion = eu-west-1\n"),
        (region("x y"), "", "[profile 'x y']\nregion = eu-west-1\n"),
        // Key, delimiter and spacing stay; a comment behind a value moves above it.
        (region("a"), "[profile a]\nRegion:z\nk=v\n", "[profile a]\nRegion:eu-west-1\nk=v\n"),
        (region("a"), "[profile a]\nregion   =\tz  \n", "[profile a]\nregion   =\teu-west-1  \n"),
        (region("a"), "[profile a]\nregion =\n", "[profile a]\nregion = eu-west-1\n"),
        (region("a"), "[profile a]\nregion=\nk=v\n", "[profile a]\nregion=eu-west-1\nk=v\n"),
        (region("a"), "[profile a]\nregion = z # home\n", "[profile a]\n# home\nregion = eu-west-1\n"),
        (region("a"), "[profile a]\n  region = z ; home\n", "[profile a]\n; home\n  region = eu-west-1\n"),
        (region("a"), "[profile a]\nregion = z#1\n", "[profile a]\nregion = eu-west-1\n"),
        (region("a"), "[profile a]\nregion = eu-west-1\n", "[profile a]\nregion = eu-west-1\n"),
        // A key of the same name in a nested block is another key.
        (
            region("a"),
            "[profile a]\ns3 =\n    region = inner\n\n# c\nregion = z\n",
            "[profile a]\ns3 =\n    region = inner\n\n# c\nregion = eu-west-1\n",
        ),
        (
            region("a"),
            "[profile a]\ns3 =\n    region = inner\n\n# c\n[profile b]\n",
            "[profile a]\ns3 =\n    region = inner\nregion = eu-west-1\n\n# c\n[profile b]\n",
        ),
        // Line ends and a missing one at the end of the file.
        (region("a"), "[profile a]\r\nk = v\r\n", "[profile a]\r\nk = v\r\nregion = eu-west-1\r\n"),
        (
            region("b"),
            "[profile a]\r\nk = v",
            "[profile a]\r\nk = v\r\n\r\n[profile b]\r\nregion = eu-west-1\r\n",
        ),
        (region("a"), "[profile a]\nk = v", "[profile a]\nk = v\nregion = eu-west-1"),
        (region("a"), "[profile a]\rk = v\r", "[profile a]\rk = v\rregion = eu-west-1\r"),
        (region("a"), "[profile a]\nregion = z", "[profile a]\nregion = eu-west-1"),
        // New sections.
        (region("a"), "", "[profile a]\nregion = eu-west-1\n"),
        (region("default"), "", "[default]\nregion = eu-west-1\n"),
        (
            region("b"),
            "[profile a]\nk = v\n\n\n",
            "[profile a]\nk = v\n\n\n[profile b]\nregion = eu-west-1\n",
        ),
        (region("b"), "# c", "# c\n\n[profile b]\nregion = eu-west-1\n"),
        // Of two sections for one profile the later one counts.
        (
            region("default"),
            "[default]\nregion = x\n[profile default]\nk = v\n",
            "[default]\nregion = x\n[profile default]\nk = v\nregion = eu-west-1\n",
        ),
        (
            region("a"),
            "[profile a]\nregion = x\n[profile 'a']\nregion = y\n",
            "[profile a]\nregion = x\n[profile 'a']\nregion = eu-west-1\n",
        ),
        // Indentation: never deeper than the key before, never less than a header after.
        (
            region("a"),
            "[profile a]\n    k = v\n  l = w\n  [profile b]\n",
            "[profile a]\n    k = v\n  l = w\n  region = eu-west-1\n  [profile b]\n",
        ),
        (
            region("a"),
            "[profile a]\n  [profile b]\n  k = v\n",
            "[profile a]\n  region = eu-west-1\n  [profile b]\n  k = v\n",
        ),
        (
            region("a"),
            "[profile a]\n  k = v\n\n[profile b]\n",
            "[profile a]\n  k = v\n  region = eu-west-1\n\n[profile b]\n",
        ),
        // Removal.
        (
            SectionEdit { remove: vec!["sso_region", "role_arn"], ..region("a") },
            "[profile a]\nSSO_Region = x # c\n# mine\nk = v\nrole_arn = r\n",
            "[profile a]\n# mine\nk = v\nregion = eu-west-1\n",
        ),
    ]
}

#[test]
fn every_case_that_the_cli_gets_wrong_comes_out_right() {
    for (change, before, after) in cases() {
        let edited = edit(before, &[change], &[]).unwrap_or_else(|fault| panic!("{before:?}: {fault}"));
        assert_eq!(edited, after, "from {before:?}");
    }
}

#[test]
fn botocore_reads_every_edited_file_as_it_was_meant() {
    let edited: Vec<_> = cases()
        .into_iter()
        .map(|(change, before, _)| {
            let Role::Profile(name) = change.role.clone() else { panic!("a profile") };
            (name, edit(before, &[change], &[]).unwrap())
        })
        .collect();
    let files: Vec<_> = edited.iter().map(|(_, text)| text.clone().into_bytes()).collect();
    let Some(answers) = theirs(&files) else { return };
    for ((name, text), answer) in edited.iter().zip(answers) {
        let profiles = answer[0][0].as_array().unwrap_or_else(|| panic!("botocore refuses {text:?}"));
        let profile =
            profiles.iter().find(|profile| profile[0] == **name).unwrap_or_else(|| panic!("{text:?}"));
        assert!(
            profile[1].as_array().unwrap().contains(&serde_json::json!(["region", "eu-west-1"])),
            "{text:?} reads {profile}"
        );
    }
}

#[test]
fn lines_that_may_or_may_not_be_part_of_a_value_are_not_guessed_at() {
    for (before, line) in [
        ("[profile a]\nregion = x\n  output = json\n", "line 3"),
        ("[profile a]\nregion =\n\n  k = v\n", "line 4"),
    ] {
        let fault = edit(before, &[region("a")], &[]).unwrap_err().to_string();
        assert!(fault.contains(line), "{fault}");
    }
}

#[test]
fn a_file_that_does_not_parse_is_refused_with_its_line() {
    let fault = edit("[profile a]\nk = v\nk = w\n", &[region("b")], &[]).unwrap_err().to_string();
    assert!(fault.starts_with("line 3: "), "{fault}");
}

#[test]
fn a_flat_file_of_ours_means_the_same_to_rust_ini() {
    let set = [("sso_session", "corp"), ("sso_account_id", "111122223333"), ("region", "eu-west-1")];
    let text = edit("[default]\nk = v\n", &[profile("corp", &set)], &[]).unwrap();
    let ini = ini::Ini::load_from_str(&text).unwrap();
    let section = ini.section(Some("profile corp")).unwrap();
    assert_eq!(section.iter().collect::<Vec<_>>(), set);
}

/// The lines of `after` are those of `before` with some changed, added or removed; how many, by kind.
fn untouched_lines(before: &str, after: &str) -> usize {
    similar_lines(&split(before), &split(after))
}

fn split(text: &str) -> Vec<&str> {
    text.split_inclusive('\n').collect()
}

/// Length of the longest common subsequence.
fn similar_lines(a: &[&str], b: &[&str]) -> usize {
    let mut row = vec![0; b.len() + 1];
    for line in a {
        let mut diagonal = 0;
        for (at, other) in b.iter().enumerate() {
            let above = row[at + 1];
            row[at + 1] = if line == other { diagonal + 1 } else { above.max(row[at]) };
            diagonal = above;
        }
    }
    row[b.len()]
}

#[test]
fn free_form_text_survives_an_edit() {
    let mut edits = 0;
    for text in samples(&free_form(), 4000) {
        for name in ["a", "x y", "default", "new"] {
            let Ok(before) = Content::parse(&text) else { continue };
            let change = profile(name, &[("k", "new value"), ("m", "1")]);
            let edited = match edit(&text, std::slice::from_ref(&change), &[]) {
                Ok(edited) => edited,
                // Only what can't be known is refused, and a bad block in `[DEFAULT]` that nobody used yet.
                Err(fault) => {
                    let fault = fault.to_string();
                    let is_unused_block = fault.contains("break the file") && text.contains("[DEFAULT]");
                    assert!(fault.contains("is indented") || is_unused_block, "{text:?}: {fault}");
                    continue;
                }
            };
            edits += 1;
            let mut after = Content::parse(&edited).unwrap();
            let written = after.profiles.shift_remove(name).unwrap();
            assert_eq!(written.get("k"), Some(&Value::Text("new value".to_owned())), "{text:?}");
            assert_eq!(written.get("m"), Some(&Value::Text("1".to_owned())), "{text:?}");
            let mut rest = before.clone();
            rest.profiles.shift_remove(name);
            assert_eq!(after, rest, "{text:?}");
            // At most the lines of the two keys went, and a last line without an end got one.
            let gone = split(&text).len() - untouched_lines(&text, &edited);
            assert!(gone <= 3, "{gone} lines gone from {text:?} to {edited:?}");
            // A second time there is nothing left to do.
            assert_eq!(edit(&edited, &[change], &[]).unwrap(), edited);
        }
    }
    assert!(edits > 2000, "only {edits} edits");
}

proptest! {
    #[test]
    fn any_name_that_may_be_written_reads_back(name in "[^\\p{C}\\p{Z}-][^\\p{C}]{0,8}") {
        prop_assume!(name.trim() == name && !name.chars().any(sso_tool::sanitize::is_deceptive));
        let text = edit("[default]\nk = v\n", &[region(&name)], &[]).map_err(|f| TestCaseError::fail(f.to_string()))?;
        let content = Content::parse(&text).unwrap();
        prop_assert_eq!(content.profiles[&name].get("region"), Some(&Value::Text("eu-west-1".to_owned())));
    }
}

#[test]
fn a_last_line_of_blanks_outlives_a_section_that_comes_and_goes() {
    for before in ["[a]\nk = v\n", "[a]\nk = v\n  \n", "[a]\nk = v\n\t\n", "[a]\r\nk = v\r\n \r\n", " \n"] {
        let written = edit(before, &[region("new")], &[]).unwrap();
        assert_ne!(written, before);
        let removed = edit(&written, &[], &[Role::Profile("new".to_owned())]).unwrap();
        assert_eq!(removed, before);
    }
}
