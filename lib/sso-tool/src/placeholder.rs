//! Values that were copied out of a manual and not replaced: one list for every tool. A service asked with one of them
//! answers something that sends a person to look in the wrong place.

/// What manuals put where an account id belongs.
const ACCOUNT: &str = "123456789012";
/// How manuals begin a value that the reader is to replace.
const BEGINNINGS: [&str; 6] = ["your-", "your_", "my-secret", "replace-", "change-", "change_"];
/// Whole values that stand in `.env` files until somebody replaces them.
const WORDS: [&str; 9] = [
    "changeme",
    "secret",
    "secretkey",
    "secret-key",
    "supersecret",
    "supersecretkey",
    "password",
    "placeholder",
    "todo",
];

/// Whether `value` stands in a manual, in the place of a real one.
///
/// ```
/// use sso_tool::placeholder::is_placeholder;
///
/// for value in ["https://d-xxxxxxxxxx.awsapps.com/start", "123456789012", "your-access-key", "<YOUR-KEY>"] {
///     assert!(is_placeholder(value), "{value}");
/// }
/// for value in ["https://d-1234567890.awsapps.com/start", "111122223333", "us-east-1", "LLMWorkflowAccess"] {
///     assert!(!is_placeholder(value), "{value}");
/// }
/// ```
pub fn is_placeholder(value: &str) -> bool {
    let value = value.trim().to_ascii_lowercase();
    let is_bracketed = value.split_once('<').is_some_and(|(_, rest)| rest.contains('>'));
    value == ACCOUNT
        || is_bracketed
        || WORDS.contains(&value.as_str())
        || BEGINNINGS.iter().any(|beginning| value.starts_with(beginning))
        || is_sample_url(&value)
}

/// Whether it is the manuals' `https://d-xxxxxxxxxx.awsapps.com/start`, with however many x's.
fn is_sample_url(value: &str) -> bool {
    let directory = value.split_once("://d-").and_then(|(_, rest)| rest.split_once(".awsapps.com"));
    value.contains("xxxxxxxxxx")
        || directory.is_some_and(|(id, _)| !id.is_empty() && id.bytes().all(|byte| byte == b'x'))
}
