//! What the browser shows when it comes back: plain, readable, light and dark, without scripts or anything from
//! elsewhere, and nothing that a request said.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use sha2::{Digest as _, Sha256};
use sso_tool::sanitize::sanitize;

const STYLE: &str = "\
:root{color-scheme:light dark;--line:#8884;--mark:#666;--on-mark:#fff;font:1.05rem/1.5 system-ui,sans-serif}\
body{margin:0;min-height:100vh;min-height:100dvh;display:grid;place-items:center;background:Canvas;color:CanvasText}\
main{box-sizing:border-box;width:min(30rem,100% - 2rem);padding:2.5rem 2rem;text-align:center;\
border:1px solid var(--line);border-radius:.75rem}\
.mark{width:3.5rem;height:3.5rem;margin:0 auto 1.25rem;border-radius:50%;display:grid;place-items:center;\
font-size:1.75rem;line-height:1;background:var(--mark);color:var(--on-mark)}\
.good{--mark:#0b6b3a}.bad{--mark:#a4262c}\
h1{margin:0 0 .75rem;font-size:1.4rem;line-height:1.25}\
h1,p{text-wrap:balance}\
p{margin:0;overflow-wrap:anywhere}\
small{display:block;margin-top:1.75rem;opacity:.75}";

/// A page of the callback server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Landing {
    /// There is a token for the session of that name.
    LoggedIn(String),
    /// A person, or a rule, said no.
    Denied,
    /// The login failed; the terminal says why.
    Failed,
    /// The login begins anew, with a new client.
    Again,
    /// The request isn't an answer to the login that runs.
    Stranger,
    /// Any other path.
    NotFound,
    /// Any other method.
    WrongMethod,
    /// No HTTP request.
    Malformed,
    /// A request longer than a browser's would be.
    TooLarge,
}

impl Landing {
    /// The whole HTTP answer; the connection ends with it.
    pub(crate) fn response(&self) -> String {
        let (status, reason) = self.status();
        let body = self.body();
        let allow = if *self == Self::WrongMethod { "Allow: GET\r\n" } else { "" };
        // The style is named by its hash, so that no other could come in.
        let style = STANDARD.encode(Sha256::digest(STYLE));
        format!(
            "HTTP/1.1 {status} {reason}\r\nContent-Type: text/html; charset=utf-8\r\nContent-Length: {length}\r\n\
             {allow}Connection: close\r\nCache-Control: no-store\r\nContent-Security-Policy: default-src 'none'; \
             style-src 'sha256-{style}'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'\r\n\
             X-Content-Type-Options: nosniff\r\nX-Frame-Options: DENY\r\nReferrer-Policy: no-referrer\r\n\r\n{body}",
            length = body.len()
        )
    }

    fn status(&self) -> (u16, &'static str) {
        match self {
            Self::LoggedIn(_) | Self::Denied | Self::Failed | Self::Again => (200, "OK"),
            Self::Stranger | Self::Malformed => (400, "Bad Request"),
            Self::NotFound => (404, "Not Found"),
            Self::WrongMethod => (405, "Method Not Allowed"),
            Self::TooLarge => (431, "Request Header Fields Too Large"),
        }
    }

    fn body(&self) -> String {
        let (class, mark) = match self {
            Self::LoggedIn(_) => ("mark good", "✓"),
            Self::Denied | Self::Failed => ("mark bad", "✕"),
            _ => ("mark", "!"),
        };
        let (title, text) = self.words();
        format!(
            "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">\
             <meta name=\"viewport\" content=\"width=device-width\"><title>{title} – sso-login</title>\
             <style>{STYLE}</style></head><body><main><div class=\"{class}\" aria-hidden=\"true\">{mark}</div>\
             <h1>{title}</h1><p>{text}</p><small>sso-login, on this computer</small></main></body></html>\n"
        )
    }

    fn words(&self) -> (&'static str, String) {
        let (title, text) = match self {
            Self::LoggedIn(session) => {
                let session = escape(&sanitize(session));
                let text = format!(
                    "The AWS session <strong>{session}</strong> is ready.<br>You can close this window."
                );
                return ("You are logged in", text);
            }
            Self::Denied => ("The login was denied", "Nothing has changed.<br>You can close this window."),
            Self::Failed => {
                ("The login did not work", "Your terminal says why.<br>You can close this window.")
            }
            Self::Again => (
                "One more time, please",
                "The login starts again on another page.<br>You can close this window.",
            ),
            Self::Stranger => (
                "This is not the login that is under way",
                "Your terminal shows the right page to open.<br>If you don't want to log in, press Ctrl-C there.",
            ),
            Self::NotFound => ("There is nothing here", "You can close this window."),
            Self::WrongMethod | Self::Malformed | Self::TooLarge => {
                ("This request isn't part of a login", "You can close this window.")
            }
        };
        (title, text.to_owned())
    }
}

/// Text as it may stand between tags.
fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_session_name_is_text_and_nothing_else() {
        let body = Landing::LoggedIn("<script>&\u{1b}[31m\u{202e}x".to_owned()).body();
        assert!(body.contains("<strong>&lt;script&gt;&amp;x</strong>"), "{body}");
    }

    #[test]
    fn pages_load_nothing_and_forbid_everything() {
        for page in
            [Landing::LoggedIn("corp".to_owned()), Landing::Denied, Landing::Stranger, Landing::TooLarge]
        {
            let response = page.response();
            assert!(response.contains("\r\nContent-Security-Policy: default-src 'none'; "));
            let (head, body) = response.split_once("\r\n\r\n").unwrap();
            assert!(head.contains(&format!("\r\nContent-Length: {}\r\n", body.len())));
            assert!(!["http", "src=", "@import", "url(", "<script"].iter().any(|bad| body.contains(bad)));
        }
    }
}
