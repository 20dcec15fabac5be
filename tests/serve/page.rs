//! The page at `/`, in a real browser.

use std::fs;

use serde_json::json;

use super::serving::{APP, Serving};
use crate::login::bench::Bench;
use crate::pkce::webdriver::Browser;
use crate::support::until_or;

#[test]
fn a_person_signs_in_by_the_page_with_the_keyboard_alone() {
    let Some(browser) = Browser::open() else { return };
    let bench = Bench::start("--approve ask --interval 1");
    let serving = Serving::start(&bench, "", &APP);
    let page = format!("http://localhost:{}/", serving.host.rsplit(':').next().unwrap());
    browser.go(&page);
    browser.wait_for("Sign in with AWS SSO");
    picture(&browser, "serve-start");
    browser.script("document.getElementById('start').focus()");
    browser.keys("\u{e007}");
    wait(&browser, "return document.activeElement.id", "link");
    let code = browser.script("return document.getElementById('code').textContent");
    assert!(code.as_str().unwrap().len() >= 8, "{code}");
    let left = browser.script("return document.getElementById('left').textContent");
    assert!(left.as_str().unwrap().contains(':'), "{left}");
    let link = browser.script("const a = document.getElementById('link'); return [a.target, a.rel, a.href]");
    assert_eq!((&link[0], &link[1]), (&json!("_blank"), &json!("noopener noreferrer")));
    picture(&browser, "serve-code");
    browser.prefer("dark");
    picture(&browser, "serve-code-dark");
    // A phone: nothing is cut off.
    browser.resize(360, 740);
    let widths = browser.script("return [document.documentElement.scrollWidth, innerWidth]");
    assert!(widths[0].as_u64() <= widths[1].as_u64(), "{widths}");
    picture(&browser, "serve-phone");
    browser.resize(800, 600);
    browser.prefer("light");
    bench.faults(&json!({"approve": "auto", "pending": 0}));
    browser.wait_for("Signed in with AWS SSO");
    let shown = browser.script("return [document.getElementById('user').textContent, document.activeElement.id, document.getElementById('status').getAttribute('role')]");
    assert_eq!(shown, json!(["user", "title", "status"]));
    picture(&browser, "serve-done");
    browser.click("#out");
    browser.wait_for("Sign in with AWS SSO");
    assert!(!browser.complaints().contains("Content Security Policy"), "{}", browser.complaints());
}

#[test]
fn the_page_tells_how_it_ended_and_lets_nothing_in() {
    let Some(browser) = Browser::open() else { return };
    let bench = Bench::start("--deny --pending 0");
    let serving = Serving::start(&bench, "", &APP);
    let reply = serving.get("/", &[]);
    reply.has("content-security-policy: default-src 'none'").has("x-frame-options: deny");
    browser.go(&format!("http://{}/", serving.host));
    browser.click("#start");
    browser.wait_for("Not signed in with AWS SSO");
    let text = browser.script("return document.getElementById('status').textContent");
    assert!(text.as_str().unwrap().contains("denied"), "{text}");
    browser.script("const s = document.createElement('script'); s.textContent = 'document.title = \"broken in\"'; document.body.append(s)");
    assert_ne!(browser.script("return document.title"), "broken in");
}

/// For docs/pictures, where somebody wants them.
fn picture(browser: &Browser, name: &str) {
    if std::env::var_os("SSO_UPDATE_PICTURES").is_some() {
        let dir = concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/pictures");
        fs::write(format!("{dir}/{name}.png"), browser.picture()).unwrap();
    }
}

fn wait(browser: &Browser, script: &str, value: &str) {
    until_or(|| browser.script(script) == value, || format!("{script} isn't {value}"));
}
