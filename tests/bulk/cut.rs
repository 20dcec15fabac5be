//! Sections cut out of config text: which bytes go, which stay, and that botocore reads the rest as before.

use proptest::prelude::*;
use sso_profile::config::{Content, Role};
use sso_profile::section_edit::edit;

fn check(text: &str, expected: &str) {
    let edited =
        edit(text, &[], &[Role::Profile("b".to_owned())]).unwrap_or_else(|fault| panic!("{text:?}: {fault}"));
    assert_eq!(edited, expected, "from {text:?}");
}

#[test]
fn comments_go_only_if_they_can_be_about_nothing_else() {
    // Above, set apart by a blank line.
    check(
        "[profile a]\nk = v\n\n# b\n# more\n[profile b]\nk = v\n\n[profile c]\n",
        "[profile a]\nk = v\n\n[profile c]\n",
    );
    // Above, and touching what is before it.
    check("[profile a]\nk = v\n# whose\n[profile b]\nk = v\n", "[profile a]\nk = v\n# whose\n");
    // At the top of the file.
    check("# my config\n[profile b]\nk = v\n\n[profile c]\n", "# my config\n\n[profile c]\n");
    check("# my config\n\n# b\n[profile b]\nk = v\n\n[profile c]\n", "# my config\n\n[profile c]\n");
    // A blank line below it.
    check("[profile a]\n\n# apart\n\n[profile b]\nk = v\n", "[profile a]\n\n# apart\n");
    // A section commented out.
    check(
        "[profile a]\n\n# [profile old]\n# k = v\n[profile b]\nk = v\n",
        "[profile a]\n\n# [profile old]\n# k = v\n",
    );
    // Within, and below its last key.
    check("[profile b]\n# in\nk = v\n# below\n\n[profile c]\n", "[profile c]\n");
    check("[profile a]\n\n[profile b]\nk = v\n# below\n", "[profile a]\n");
    check("[profile b]\nk = v\n# whose\n[profile c]\n", "# whose\n[profile c]\n");
    check("[profile b]\nk = v\n\n# c\n[profile c]\n", "# c\n[profile c]\n");
}

#[test]
fn blank_lines_and_line_ends_stay_in_shape() {
    check(
        "[profile a]\nk = v\n\n\n[profile b]\nk = v\n\n\n\n[profile c]\n",
        "[profile a]\nk = v\n\n\n[profile c]\n",
    );
    check("[profile a]\nk = v\n[profile b]\nk = v\n\n[profile c]\n", "[profile a]\nk = v\n\n[profile c]\n");
    check(
        "[profile a]\r\nk = v\r\n\r\n[profile b]\r\nk = v\r\n\r\n[profile c]\r\n",
        "[profile a]\r\nk = v\r\n\r\n[profile c]\r\n",
    );
    check("[profile a]\nk = v\n\n[profile b]\nk = v", "[profile a]\nk = v\n");
    check("[profile b]\ns3 =\n  a = b\n\n  c = d\n\n[profile c]\n", "[profile c]\n");
    check("[profile b]\n", "");
    check("[profile b]\nk = v\n[profile \"b\"]\nk = w\n[profile c]\n", "[profile c]\n");
}

#[test]
fn a_cut_that_would_change_a_neighbour_is_refused() {
    let text = "[profile a]\nk = v\n[profile b]\n  l = w\n  [profile c]\n  m = x\n";
    let fault = edit(text, &[], &[Role::Profile("b".to_owned())]).unwrap_err().to_string();
    assert!(fault.contains("nothing is written"), "{fault}");
}

/// Config text of the pieces that matter to a cut.
fn config() -> impl Strategy<Value = String> {
    let line = prop::sample::select(vec![
        "[profile a]",
        "[profile b]",
        "[profile \"b\"]",
        "[profile c]",
        "[default]",
        "[sso-session b]",
        "[x]",
        "k = v",
        "l = w # c",
        "s3 =",
        "  m = n",
        "# c",
        "; c",
        "  # c",
        "",
        "",
        "# [profile b]",
        "[DEFAULT]",
    ]);
    let end = prop_oneof![12 => Just("\n"), 1 => Just("\r\n")];
    prop::collection::vec((line, end), 0..16)
        .prop_map(|lines| lines.into_iter().flat_map(|(line, end)| [line, end]).collect())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 4000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_cut_takes_whole_lines_of_that_section_alone(text in config()) {
        let Ok(before) = Content::parse(&text) else { return Ok(()) };
        if !before.profiles.contains_key("b") { return Ok(()) }
        let role = Role::Profile("b".to_owned());
        let Ok(edited) = edit(&text, &[], std::slice::from_ref(&role)) else { return Ok(()) };
        let mut expected = before;
        expected.profiles.shift_remove("b");
        prop_assert_eq!(&Content::parse(&edited).unwrap(), &expected);
        // What stays is a subsequence of the lines.
        let mut lines = text.split_inclusive('\n');
        for line in edited.split_inclusive('\n') {
            prop_assert!(lines.any(|other| other == line), "{:?} is not in {:?}", line, text);
        }
        // Once gone, it is gone.
        prop_assert_eq!(edit(&edited, &[], &[role]).unwrap(), edited);
    }
}
