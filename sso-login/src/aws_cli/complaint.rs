//! What the AWS CLI says about a login that failed: a refusal, or something else in the service's place.

use sso_tool::sanitize::sanitize;

use crate::aws_api::refusal::{Refusal, of_page};
use crate::session::answer::Answer;

/// The word for a registration that AWS does not accept, though the file says that it is good.
pub(crate) const REJECTED: &str = "invalid_client";

/// Words in the line in which the AWS CLI names an error. Since 2.34 details follow it (AWS-FORMATS 9).
const ERROR: &str = "An error occurred (";

/// What it says on stderr: the first line that names an error is the reason, else the last line.
#[derive(Default)]
pub(crate) struct Complaint(String);

impl Complaint {
    /// The next line.
    pub(crate) fn read(&mut self, line: &str) {
        if !line.trim().is_empty() && !self.0.contains(ERROR) {
            self.0 = sanitize(line.trim().trim_start_matches("aws: [ERROR]: "));
        }
    }

    /// How a login ended that said this, with that status.
    pub(crate) fn answer(self, code: i32) -> Answer {
        /// Of botocore's `PendingAuthorizationExpiredError`.
        const EXPIRED: &str = "The pending authorization to retrieve an SSO token has expired";
        const NO_NETWORK: [&str; 5] = [
            "Could not connect to the endpoint",
            "Connect timeout",
            "Read timeout",
            "Connection was closed",
            "Failed to connect to proxy",
        ];
        let reason =
            if self.0.is_empty() { format!("`aws sso login` ended with status {code}") } else { self.0 };
        if is_of_service(&reason) {
            return Answer::unreachable(format!("the AWS CLI says: {reason}"));
        }
        if NO_NETWORK.iter().any(|words| reason.contains(words)) {
            // It may be this AWS CLI alone: one before 2.16 doesn't know the variables of an endpoint.
            return Answer::unreachable(format!("the AWS CLI says: {reason}"))
                .hint("to log in without the AWS CLI: export SSO_LOGIN_VIA=device");
        }
        if let Some(key) = damaged_file(&reason) {
            let reason = format!("the AWS CLI fails at the damaged file ~/.aws/sso/cache/{key}.json");
            return Answer::failed("corrupt", reason).hint("sso-cache repair").with("awsStatus", code);
        }
        if let Some(why) = status_of_page(&reason).map(of_page).or_else(|| of_gap(&reason)) {
            return Answer::unreachable(Refusal::Unreachable(why).to_string());
        }
        if reason.contains(EXPIRED) {
            return Answer::expired_code(reason).with("awsStatus", code);
        }
        let name = error_of(&reason).map(|(name, _)| name);
        let is_rejected = matches!(name, Some("InvalidClientException" | "UnauthorizedClientException"));
        Answer::failed(if is_rejected { REJECTED } else { "aws" }, reason).with("awsStatus", code)
    }
}

/// Whether botocore says that the service failed or throttles: `An error occurred (503) when calling …`, with the error's
/// name if it had one.
fn is_of_service(reason: &str) -> bool {
    const NAMES: [&str; 4] =
        ["InternalServerException", "TooManyRequestsException", "ThrottlingException", "Throttling"];
    let Some((name, _)) = error_of(reason) else { return false };
    let is_status = name.len() == 3 && name.parse().is_ok_and(|status: u16| status == 429 || status >= 500);
    is_status || NAMES.contains(&name)
}

/// The status of a page that isn't the service's: a redirection, a proxy's question, or HTML.
fn status_of_page(reason: &str) -> Option<u16> {
    let (name, message) = error_of(reason)?;
    let status = name.parse().ok().filter(|_| name.len() == 3)?;
    let is_page = message.trim_start().starts_with('<');
    (is_page || status == 407 || (300..400).contains(&status)).then_some(status)
}

/// A page with status 200 is an answer that lacks whatever botocore looks for first: `'clientId'` is all that it says.
fn of_gap(reason: &str) -> Option<String> {
    let key = reason.strip_prefix('\'')?.strip_suffix('\'')?;
    let is_name = key.bytes().all(|b| b.is_ascii_alphanumeric()) && damaged_file(reason).is_none();
    is_name.then(|| format!("it sent an answer without {key}"))
}

/// The stem of a cache file that the AWS CLI can't parse: its name is all that it says (AWS-FORMATS 10).
pub(crate) fn damaged_file(reason: &str) -> Option<&str> {
    let key = reason.trim().strip_prefix('\'')?.strip_suffix('\'')?;
    (key.len() == 40 && key.bytes().all(|b| b.is_ascii_hexdigit())).then_some(key)
}

/// The name and the message of an error of botocore.
fn error_of(reason: &str) -> Option<(&str, &str)> {
    let (_, rest) = reason.split_once(ERROR)?;
    let (name, rest) = rest.split_once(") when calling")?;
    let (_, message) = rest.split_once(" operation")?;
    // `operation: …`, or `operation (reached max retries: 2): …`.
    let message = message.split_once("): ").map_or(message.trim_start_matches(':'), |(_, message)| message);
    Some((name, message))
}

#[cfg(test)]
mod tests {
    use sso_tool::exit::Exit;

    use super::*;

    #[test]
    fn a_service_that_fails_or_throttles_is_no_refusal() {
        let reason = |name| {
            format!(
                "An error occurred ({name}) when calling the RegisterClient operation (reached max retries: 2):"
            )
        };
        for name in ["503", "500", "429", "InternalServerException", "TooManyRequestsException"] {
            assert!(is_of_service(&reason(name)), "{name}");
        }
        for name in ["400", "403", "AccessDeniedException", "InvalidRequestException", "5000"] {
            assert!(!is_of_service(&reason(name)), "{name}");
        }
        assert!(!is_of_service("An error occurred (503"));
    }

    #[test]
    fn the_line_that_names_the_error_decides_whatever_follows_it() {
        // As AWS CLI 2.36 prints it.
        let ended = |name: &str, details: &[&str]| {
            let mut complaint = Complaint::default();
            complaint.read("");
            complaint.read(&format!(
                "aws: [ERROR]: An error occurred ({name}) when calling the StartDeviceAuthorization operation:"
            ));
            for line in ["", "Additional error details:"].iter().chain(details) {
                complaint.read(line);
            }
            complaint.answer(254)
        };
        let details = ["error: invalid_client", "error_description: Invalid client provided"];
        assert_eq!(ended("InvalidClientException", &details).error(), Some(REJECTED));
        let failed = ended("InternalServerException", &["error: server_error"]);
        assert_eq!((failed.exit(), failed.error()), (Exit::Unavailable, Some("unreachable")));
        let denied = ended("AccessDeniedException", &["error: access_denied", "'clientId'"]);
        assert_eq!((denied.exit(), denied.error()), (Exit::LoginRequired, Some("aws")));
    }

    #[test]
    fn a_bare_hash_is_the_name_of_a_damaged_file() {
        let mut complaint = Complaint::default();
        complaint.read("aws: [ERROR]: 'd4bd9b730be541f8dec04c80d04f20fb73065f62'");
        let answer = complaint.answer(255);
        assert_eq!((answer.exit(), answer.error()), (Exit::LoginRequired, Some("corrupt")));
    }

    #[test]
    fn a_page_in_the_services_place_is_no_refusal() {
        let said = |lines: &[&str]| {
            let mut complaint = Complaint::default();
            for line in lines {
                complaint.read(line);
            }
            complaint.answer(254)
        };
        let called = |status: u16, message: &str| {
            format!("An error occurred ({status}) when calling the RegisterClient operation:{message}")
        };
        for (lines, says) in [
            (
                &["", &called(407, " <html>"), "<body>Who are you?</body>", "</html>"][..],
                "it answers 407 with unexpected content: the proxy wants a user and a password",
            ),
            (&[&called(403, " <html>")], "it answers 403 with unexpected content"),
            (&[&called(302, "")], "it answers 302 with unexpected content"),
            (&["'clientSecretExpiresAt'"], "it sent an answer without clientSecretExpiresAt"),
        ] {
            assert_eq!(said(lines), Answer::unreachable(format!("the SSO service can't be reached: {says}")));
        }
        for line in [called(400, " No such client"), called(403, ""), "'no' is no answer".to_owned()] {
            assert_eq!(said(&[&line]).exit(), Exit::LoginRequired, "{line}");
        }
    }
}
