//! A new subcommand is one file in `commands/` and one line in a list, and one file says whose a document is.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use crate::support::Sandbox;

/// The list of subcommands, and what leads to them on a command line.
const ROOMS: [(&str, &str); 6] = [
    ("sso-lock", "sso-lock/src/commands"),
    ("sso-cache", "sso-cache/src/commands"),
    ("sso-profile", "sso-profile/src/commands"),
    ("sso-profile key", "sso-profile/src/commands/key"),
    ("sso-signal", "sso-signal/src/commands"),
    ("sso-login", "sso-login/src/commands"),
];

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().to_owned()
}

/// The names of a list: `Name in file`.
fn listed(list: &str) -> Vec<(String, String)> {
    let lines = list.lines().map(|line| line.trim().trim_end_matches(','));
    let pairs = lines.filter_map(|line| line.split_once(" in "));
    let is_name = |name: &str| name.chars().all(char::is_alphanumeric);
    pairs
        .filter(|(name, _)| is_name(name))
        .map(|(name, file)| (name.to_owned(), file.trim_start_matches("r#").to_owned()))
        .collect()
}

fn kebab(name: &str) -> String {
    let dashed =
        name.chars().flat_map(|c| c.is_uppercase().then_some('-').into_iter().chain(c.to_lowercase()));
    dashed.collect::<String>().trim_start_matches('-').to_owned()
}

#[test]
fn a_subcommand_is_one_file_and_one_line_in_a_list() {
    let sandbox = Sandbox::new();
    for (tool, room) in ROOMS {
        let room = root().join(room);
        let listed = listed(&fs::read_to_string(room.join("mod.rs")).unwrap());
        assert!(listed.len() > 3, "{tool}");
        let mut files = BTreeSet::new();
        for (name, file) in &listed {
            let path = [format!("{file}.rs"), format!("{file}/mod.rs")].map(|path| room.join(path));
            let path = path.iter().find(|path| path.exists()).unwrap_or_else(|| panic!("{tool} {name}"));
            let text = fs::read_to_string(path).unwrap();
            // The arguments of some are those of a room of their own.
            let is_whole = text.contains("struct Args") && text.contains("fn run(");
            assert!(is_whole || text.contains("pub use crate::"), "{}", path.display());
            files.insert(path.clone());
            let help = sandbox.run(&format!("{tool} {} --help", kebab(name))).exits(0).stdout;
            assert!(help.contains("Exit status:") || help.contains("Usage:"), "{tool} {name}");
        }
        // A file that has arguments and isn't in the list would be a subcommand that nobody can call. What `sso-login`
        // does without a subcommand is a file beside them.
        for path in fs::read_dir(&room).unwrap().map(|entry| entry.unwrap().path()) {
            let path = if path.is_dir() { path.join("mod.rs") } else { path };
            let is_other = ["mod.rs", "login.rs"].iter().any(|name| path == room.join(name));
            let has_arguments = fs::read_to_string(&path).is_ok_and(|text| text.contains("struct Args"));
            assert!(!has_arguments || is_other || files.contains(&path), "{}", path.display());
        }
        // No second list: what runs the tool names no subcommand.
        for file in ["main.rs", "cli.rs"] {
            let text = fs::read_to_string(room.parent().unwrap().join(file)).unwrap_or_default();
            for (name, file) in &listed {
                assert!(!text.contains(&format!("{file}::run(")), "{tool}: {name} in another list");
            }
        }
    }
}

#[test]
fn the_guide_for_contributors_says_where() {
    let guide = fs::read_to_string(root().join("CONTRIBUTING.md")).unwrap();
    for said in [
        "| whom a document is about | `lib/sso-tool/src/subject.rs`",
        "one line in the list of `commands/mod.rs`",
        "`TOOL/src/commands/NAME.rs`",
    ] {
        assert!(guide.contains(said), "{said}");
    }
    assert!(root().join("lib/sso-tool/src/subject.rs").exists());
}
