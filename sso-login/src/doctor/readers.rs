//! What some SDKs read differently from the AWS CLI, line by line (AWS-FORMATS 7): a profile that works in one
//! program and is missing in another.

use sso_profile::config_file;
use sso_profile::ini::words;

use sso_tool::shell::shell_word;

use super::finding::Finding;
use super::scope::Scope;

const CHECK: &str = "readers";
/// So many are told; the rest would only hide them.
const MOST: usize = 20;
/// A line that not every reader takes the same way.
#[derive(Debug, PartialEq, Eq)]
struct Oddity {
    /// From 1.
    line: usize,
    /// Who reads it differently, and how.
    seen: String,
    fix: Fix,
}

#[derive(Debug, PartialEq, Eq)]
enum Fix {
    /// What to write instead.
    Words(String),
    /// The file without its byte order mark: a person gets the command for the file at hand.
    WithoutMark,
}

pub(super) fn check(scope: &Scope<'_>) -> Vec<Finding> {
    let read = config_file::config_path(scope.settings).and_then(|path| match path {
        Some(path) => Ok(config_file::read_bytes(&path)?.map(|(bytes, _)| (path, bytes))),
        None => Ok(None),
    });
    let (path, bytes) = match read {
        Ok(Some(found)) => found,
        Ok(None) => return vec![Finding::skipped(CHECK, "there is no config file")],
        Err(_) => return vec![Finding::skipped(CHECK, "the config can't be read")],
    };
    let oddities = oddities(&String::from_utf8_lossy(&bytes));
    if oddities.is_empty() {
        return vec![Finding::ok(CHECK, "every SDK reads the config the same way")];
    }
    oddities
        .into_iter()
        .take(MOST)
        .map(|oddity| {
            let seen = format!("line {} of {}: {}", oddity.line, path.display(), oddity.seen);
            let fix = match oddity.fix {
                Fix::Words(words) => words,
                Fix::WithoutMark => {
                    format!("sed -i '1s/^\\xef\\xbb\\xbf//' {}", shell_word(&path.to_string_lossy()))
                }
            };
            Finding::warning(CHECK, seen, fix).with("line", oddity.line)
        })
        .collect()
}

fn oddities(text: &str) -> Vec<Oddity> {
    let mut scan = Scan::default();
    if text.starts_with('\u{feff}') {
        let seen =
            "the file starts with a byte order mark, which the AWS CLI, botocore and the Rust SDK refuse";
        scan.found.push(Oddity { line: 1, seen: seen.to_owned(), fix: Fix::WithoutMark });
    }
    for (index, line) in text.trim_start_matches('\u{feff}').lines().enumerate() {
        scan.read(index + 1, line);
    }
    scan.end_of_section();
    scan.found.sort_by_key(|oddity| oddity.line);
    scan.found
}

#[derive(Default)]
struct Scan {
    found: Vec<Oddity>,
    header: String,
    /// Keys of the section, lower-cased, and where they stand.
    keys: Vec<(String, usize)>,
    default_sections: Vec<(String, usize)>,
}

impl Scan {
    fn tell(&mut self, line: usize, seen: impl Into<String>, fix: impl Into<String>) {
        self.found.push(Oddity { line, seen: seen.into(), fix: Fix::Words(fix.into()) });
    }

    fn read(&mut self, number: usize, line: &str) {
        let text = line.trim();
        let is_indented = line.starts_with([' ', '\t']);
        if text.starts_with(['#', ';']) {
            if is_indented {
                self.tell(
                    number,
                    "the Rust SDK reads an indented comment as part of the value above, or \
                                   refuses the file",
                    "begin the comment in the first column",
                );
            }
        } else if text.starts_with('[') {
            self.header(number, text);
        } else if !is_indented && !text.is_empty() {
            self.key(number, text);
        }
    }

    fn header(&mut self, number: usize, text: &str) {
        self.end_of_section();
        let end = text.rfind(']').unwrap_or(text.len());
        let header = text.get(1..end).unwrap_or_default();
        header.clone_into(&mut self.header);
        if text.get(end + 1..).is_some_and(|rest| rest.starts_with([';', '#'])) {
            self.tell(
                number,
                "the JS SDK doesn't read this as a section, and adds its keys to the section above",
                "put a space before the comment, or remove it",
            );
        }
        if header.trim() != header {
            self.tell(
                number,
                format!("for the AWS CLI and botocore `[{header}]` isn't a profile"),
                format!("write [{}]", header.trim()),
            );
            return;
        }
        let Some(kind) = header.split_whitespace().next() else { return };
        match kind {
            "default" | "plugins" | "preview" => {}
            "DEFAULT" => self.tell(
                number,
                "for the AWS CLI and botocore every section inherits `[DEFAULT]`; the others ignore it",
                "write [default], or put the keys into each profile",
            ),
            "profile" | "sso-session" | "services" => self.name(number, kind, header),
            _ if ["profile", "sso-session", "services"].iter().any(|word| kind.starts_with(word))
                && words::section_name(header).is_some() =>
            {
                self.tell(
                    number,
                    format!("only the AWS CLI and botocore recognise the section `[{header}]`"),
                    "write [profile NAME], [sso-session NAME] or [services NAME]",
                );
            }
            _ => self.tell(
                number,
                format!("no reader recognises `[{header}]` as a profile"),
                format!("write [profile {header}]"),
            ),
        }
        if header == "default" || header == "profile default" {
            self.default_sections.push((header.to_owned(), number));
            if let [(first, _), (second, _)] = self.default_sections.as_slice()
                && first != second
            {
                self.tell(
                    number,
                    "both [default] and [profile default] exist: the AWS CLI and botocore \
                                   use the later one, the others the second kind",
                    "keep one of them",
                );
            }
        }
    }

    fn name(&mut self, number: usize, kind: &str, header: &str) {
        let fix = |name: &str| {
            let plain: String =
                name.chars().map(|c| if words::is_plain(&c.to_string()) { c } else { '-' }).collect();
            format!("write [{kind} {plain}]")
        };
        let Some(name) = words::section_name(header) else {
            let rest = header.get(kind.len()..).unwrap_or_default().trim();
            self.tell(
                number,
                format!(
                    "`[{header}]` doesn't have two words: every reader except the Go SDK ignores it \
                         silently"
                ),
                fix(rest),
            );
            return;
        };
        if header.contains(['"', '\'', '\\']) {
            self.tell(
                number,
                format!(
                    "the JS and Rust SDKs drop `[{header}]`, whose name is quoted, and \
                                       the Go SDK reads the quotes as part of the name"
                ),
                fix(&name),
            );
        } else if !words::is_plain(&name) {
            self.tell(number, format!("the JS and Rust SDKs drop `[{header}]`, whose name has other characters than A-Z a-z 0-9 _-/.%@:+"), fix(&name));
        }
    }

    fn key(&mut self, number: usize, text: &str) {
        let Some(at) = text.find(['=', ':']) else { return };
        let (key, value) =
            (text.get(..at).unwrap_or_default().trim(), text.get(at + 1..).unwrap_or_default().trim());
        // A value may be a secret: keys alone are shown.
        if text.get(at..=at) == Some(":") {
            self.tell(
                number,
                format!("the Rust SDK refuses a file with `{key}:`, and the JS SDK skips the line"),
                format!("write {key} = …"),
            );
        }
        if value.contains(" #") || value.contains(" ;") || value.contains("\t#") || value.contains("\t;") {
            self.tell(
                number,
                format!(
                    "the AWS CLI and botocore read the comment as part of the value of \
                                       `{key}`, the others don't"
                ),
                "put the comment on a separate line",
            );
        }
        if key.chars().any(char::is_uppercase) {
            self.tell(
                number,
                format!(
                    "the JS SDK doesn't know `{key}`, because it tells upper-case and lower-case \
                         letters apart"
                ),
                format!("write {}", key.to_lowercase()),
            );
        }
        let is_quoted = |quote: char| value.len() > 1 && value.starts_with(quote) && value.ends_with(quote);
        if is_quoted('"') || is_quoted('\'') {
            self.tell(
                number,
                format!(
                    "the Go SDK strips the quotes around the value of `{key}`, the \
                                       others read them as part of the value"
                ),
                format!(
                    "write the value \
                                       of {key} without quotes"
                ),
            );
        }
        self.keys.push((key.to_lowercase(), number));
    }

    fn end_of_section(&mut self) {
        let keys = std::mem::take(&mut self.keys);
        if !self.header.starts_with("profile") && self.header != "default" {
            return;
        }
        let line_of = |wanted: &str| keys.iter().find(|(key, _)| key == wanted).map(|(_, line)| *line);
        let header = self.header.clone();
        if line_of("sso_session").is_some() {
            for key in ["sso_start_url", "sso_region"] {
                if let Some(line) = line_of(key) {
                    self.tell(
                        line,
                        format!("the Rust SDK refuses `[{header}]`: `{key}` may only be in the sso-session"),
                        format!("remove {key} from [{header}]"),
                    );
                }
            }
        }
        if let (Some(line), true) =
            (line_of("credential_process"), keys.iter().any(|(key, _)| key.starts_with("sso_")))
        {
            self.tell(
                line,
                format!(
                    "`[{header}]` has SSO and a credential_process: the JS SDK uses the \
                                     process, the others use SSO"
                ),
                "keep one of the two",
            );
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[track_caller]
    fn check(text: &str, expected: &[(usize, &str)]) {
        let found = oddities(text);
        let is_same = found.len() == expected.len()
            && found
                .iter()
                .zip(expected)
                .all(|(found, (line, words))| found.line == *line && found.seen.contains(words));
        assert!(is_same, "{text}: {found:?}");
    }

    #[test]
    fn what_sdks_write_themselves_is_not_odd() {
        check("", &[]);
        check(
            "# c\n[default]\nregion = eu-west-1\n\n[profile a.b/c@d:e+f]\nsso_session = my\nsso_account_id = 1\ns3 =\n  max = 3\n\
             [sso-session my]\nsso_start_url = https://x/start#/\nsso_region = us-east-1\n[services x]\n[plugins]\ncli_legacy = y\n",
            &[],
        );
    }

    #[test]
    fn each_oddity_names_its_line_and_its_readers() {
        check("\u{feff}[default]\n", &[(1, "byte order mark")]);
        check("[default]\nregion = x\n  # c\n", &[(3, "Rust SDK")]);
        check("[profile b];c\n", &[(1, "JS SDK")]);
        check("[ profile a ]\n", &[(1, "isn't a profile")]);
        check("[DEFAULT]\nregion = x\n", &[(1, "inherits")]);
        check("[profiles foo]\n", &[(1, "only the AWS CLI")]);
        check("[foo]\n", &[(1, "no reader")]);
        check("[profile1]\n", &[(1, "no reader")]);
        check("[profile x y]\n", &[(1, "have two words")]);
        check("[profile \"x\n", &[(1, "have two words")]);
        check("[profile 'x y']\n", &[(1, "quoted")]);
        check("[profile ünï]\n", &[(1, "JS and Rust SDKs drop")]);
        check("[default]\n[profile default]\n", &[(2, "both [default]")]);
        check("[default]\nregion: x\n", &[(2, "Rust SDK refuses")]);
        check("[default]\nregion = x # c\n", &[(2, "comment")]);
        check("[default]\nRegion = x\n", &[(2, "JS SDK")]);
        check("[default]\nregion = \"x\"\n", &[(2, "Go SDK")]);
        check(
            "[profile a]\nsso_session = s\nsso_region = x\nsso_start_url = y\n",
            &[(3, "sso_region"), (4, "sso_start_url")],
        );
        check("[profile a]\nsso_session = s\ncredential_process = x\n", &[(3, "JS SDK uses the process")]);
    }

    #[test]
    fn a_value_is_never_shown() {
        let text = "[profile a]\naws_secret_access_key: \"CANARY # x\"\nCANARY\n";
        assert!(oddities(text).iter().all(|oddity| !format!("{oddity:?}").contains("CANARY")));
    }

    proptest! {
        #[test]
        fn any_text_is_read_without_panic(text in "([\\[\\]#;:= a-zé\"'\\\\\t\u{feff}]|profile |sso_|\n|\r){0,60}") {
            let _ = oddities(&text);
        }
    }
}
