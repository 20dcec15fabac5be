//! The pages: plain, readable, light and dark, without scripts or anything from elsewhere.

use sso_tool::sanitize;

use super::answer::Answer;

const STYLE: &str = "\
:root{color-scheme:light dark;--line:#8886;--yes:#0b6b3a;font:1.05rem/1.5 system-ui,sans-serif}\
body{margin:0;min-height:100vh;display:grid;place-items:center;background:Canvas;color:CanvasText}\
main{box-sizing:border-box;width:min(32rem,100% - 2rem);padding:2rem;border:1px solid var(--line);border-radius:.75rem}\
h1{margin:0 0 1rem;font-size:1.4rem;line-height:1.25}\
p{margin:0 0 1rem;overflow-wrap:anywhere}\
code{font:1.5rem ui-monospace,monospace;letter-spacing:.08em}\
form{display:flex;flex-wrap:wrap;gap:.75rem;align-items:end}\
label{flex:1 1 12rem;display:grid;gap:.25rem}\
input,button{font:inherit;padding:.6rem 1.25rem;border:1px solid var(--line);border-radius:.5rem}\
button{cursor:pointer;min-width:7rem}\
button.yes{background:var(--yes);border-color:var(--yes);color:#fff}\
:focus-visible{outline:3px solid Highlight;outline-offset:2px}\
small{display:block;margin-top:1.5rem;opacity:.75}";

/// Allow and Deny. `action` is where the form goes, `user_code` what the user compares.
pub(super) fn consent(action: &str, client: &str, user_code: Option<&str>, form_token: &str) -> Answer {
    let client = escape(&sanitize::sanitize(client));
    let compare = user_code.map_or_else(String::new, |code| {
        format!("<p>Allow it only if your terminal shows this code:</p><p><code>{}</code></p>", escape(code))
    });
    let token = escape(form_token);
    page(
        200,
        "Allow this login?",
        &format!(
            "<p><strong>{client}</strong> asks to see your accounts and to act in your roles.</p>{compare}\
             <form method=\"post\" action=\"{action}\"><input type=\"hidden\" name=\"token\" value=\"{token}\">\
             <button class=\"yes\" name=\"decision\" value=\"allow\">Allow</button>\
             <button name=\"decision\" value=\"deny\">Deny</button></form>"
        ),
    )
}

/// A field for the code that the terminal shows.
pub(super) fn code_form(status: u16, note: Option<&str>) -> Answer {
    let note = note.map_or_else(String::new, |note| format!("<p role=\"alert\">{}</p>", escape(note)));
    page(
        status,
        "Which login is it?",
        &format!(
            "{note}<form method=\"get\" action=\"/device\"><label>Code from your terminal\
             <input name=\"user_code\" placeholder=\"XXXX-XXXX\" maxlength=\"16\" autocomplete=\"off\" \
             autocapitalize=\"characters\" spellcheck=\"false\" required autofocus></label>\
             <button class=\"yes\">Continue</button></form>"
        ),
    )
}

/// A heading and a sentence.
pub(super) fn notice(status: u16, title: &str, sentence: &str) -> Answer {
    page(status, title, &format!("<p>{}</p>", escape(sentence)))
}

fn page(status: u16, title: &str, body: &str) -> Answer {
    let title = escape(title);
    Answer::html(
        status,
        format!(
            "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">\
             <meta name=\"viewport\" content=\"width=device-width\"><title>{title} – sso-login sandbox</title>\
             <style>{STYLE}</style></head><body><main><h1>{title}</h1>{body}\
             <small>sso-login sandbox: a made-up AWS SSO on this machine. Nothing here reaches AWS.</small>\
             </main></body></html>\n"
        ),
    )
}

/// Text as it may stand in HTML, between tags and in quoted attributes.
fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&#39;"),
            _ => escaped.push(c),
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_client_calls_itself_is_text_and_nothing_else() {
        let answer = consent("/device", "<script>\"'&\u{1b}[31m\u{202e}x", Some("<b>"), "\"><i>");
        assert!(answer.body.contains("&lt;script&gt;&quot;&#39;&amp;x"));
        assert!(answer.body.contains("<code>&lt;b&gt;</code>"));
        assert!(
            !["<script", "<b>", "<i>", "\u{1b}", "\u{202e}"].into_iter().any(|bad| answer.body.contains(bad))
        );
    }

    #[test]
    fn pages_load_nothing() {
        for answer in [consent("/device", "x", None, "t"), code_form(200, None), notice(400, "a", "b")] {
            assert!(
                !["http", "src=", "@import", "url(", "<script"]
                    .into_iter()
                    .any(|bad| answer.body.contains(bad))
            );
        }
    }
}
