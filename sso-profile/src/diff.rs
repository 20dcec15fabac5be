//! A change of config text as a unified diff, with secrets struck out.

use std::path::Path;

use similar::TextDiff;

/// What the name of a key has whose value must not be shown, not even as context of a change.
const SECRETS: [&str; 3] = ["secret", "token", "password"];

/// The change from `old` to `new` of the file at `path`.
pub(crate) fn unified(path: &Path, old: &str, new: &str) -> String {
    let name = path.display().to_string();
    // Before they are compared: the key of a value that goes on over lines may be outside of what a diff shows.
    let (old, new) = (without_secrets(old), without_secrets(new));
    TextDiff::from_lines(&old, &new).unified_diff().header(&name, &name).to_string()
}

/// The text with each secret struck out, one in a comment, too.
fn without_secrets(text: &str) -> String {
    let mut goes_on = false;
    let lines = text.split_inclusive('\n').map(|line| {
        let is_more = line.starts_with([' ', '\t']) && !line.trim().is_empty();
        if goes_on && is_more {
            return "    REDACTED\n".to_owned();
        }
        let comment = line.len() - line.trim_start_matches(['#', ';', ' ', '\t']).len();
        let (before, rest) = line.split_at(comment);
        let key = rest.split_once(['=', ':']).map(|(key, _)| key.trim_end()).filter(|key| is_secret(key));
        goes_on = key.is_some();
        key.map_or_else(|| line.to_owned(), |key| format!("{before}{key} = REDACTED\n"))
    });
    lines.collect()
}

fn is_secret(key: &str) -> bool {
    let key = key.to_lowercase();
    // A token's file is a path.
    SECRETS.iter().any(|part| key.contains(part)) && !key.ends_with("_file") && !key.starts_with('[')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_are_struck_out_of_the_context() {
        let old = "\
[a]
AWS_Secret_Access_Key: hush
# aws_session_token = hush
;aws_security_token=hush
role_session_name = ops
aws_secret_access_key =
  hush
\thush
web_identity_token_file = /run/token
region = x
";
        let text = unified("f".as_ref(), old, &old.replace("= x", "= y"));
        assert!(text.contains(" web_identity_token_file = /run/token\n") && !text.contains("hush"), "{text}");
        let text = unified("f".as_ref(), old, &old.replace("= x", "= y").replace("[a]", "[b]"));
        assert_eq!(
            text,
            "\
--- f
+++ f
@@ -1,4 +1,4 @@
-[a]
+[b]
 AWS_Secret_Access_Key = REDACTED
 # aws_session_token = REDACTED
 ;aws_security_token = REDACTED
@@ -7,4 +7,4 @@
     REDACTED
     REDACTED
 web_identity_token_file = /run/token
-region = x
+region = y
"
        );
    }
}
