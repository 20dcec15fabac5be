//! A change of config text as a unified diff, with secrets struck out.

use std::path::Path;

use similar::TextDiff;

/// Keys whose value must not be shown, not even as context of a change.
const SECRETS: [&str; 3] = ["aws_secret_access_key", "aws_session_token", "aws_security_token"];

/// The change from `old` to `new` of the file at `path`.
pub(crate) fn unified(path: &Path, old: &str, new: &str) -> String {
    let name = path.display().to_string();
    let diff = TextDiff::from_lines(old, new);
    let text = diff.unified_diff().header(&name, &name).to_string();
    text.split_inclusive('\n').map(without_secret).collect()
}

fn without_secret(line: &str) -> String {
    let key =
        line.get(1..).and_then(|line| line.split_once(['=', ':'])).map(|(key, _)| key.trim().to_lowercase());
    match key {
        Some(key) if SECRETS.contains(&key.as_str()) => {
            format!("{}{key} = REDACTED\n", line.get(..1).unwrap_or_default())
        }
        _ => line.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_are_struck_out_of_the_context() {
        let old = "[a]\nAWS_Secret_Access_Key: hush\nregion = x\n";
        let text = unified("f".as_ref(), old, &old.replace('x', "y"));
        assert_eq!(
            text,
            "--- f\n+++ f\n@@ -1,3 +1,3 @@\n [a]\n aws_secret_access_key = REDACTED\n-region = x\n+region = y\n"
        );
    }
}
