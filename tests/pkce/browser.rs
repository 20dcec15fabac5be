//! A person with a real browser: the service's consent page, and the page that the browser comes back to.

use std::fs;
use std::path::Path;

use crate::login::bench::Bench;
use crate::pkce::under_way::UnderWay;
use crate::pkce::webdriver::Browser;

const CONSENT: &str = "Allow this login? – sso-login sandbox";

/// Looks at the page in light and dark, and keeps pictures of it (with `SSO_UPDATE_PICTURES`) in the documentation.
fn look(browser: &Browser, name: &str) {
    for (scheme, canvas) in [("light", "rgb(255, 255, 255)"), ("dark", "rgb(18, 18, 18)")] {
        browser.prefer(scheme);
        // The style came through the page's own policy, and follows the person's preference.
        let style = "const body = getComputedStyle(document.body); \
                     return [body.display, body.backgroundColor].join(' ')";
        assert_eq!(browser.script(style), format!("grid {canvas}"), "{name} {scheme}");
        if std::env::var_os("SSO_UPDATE_PICTURES").is_some() {
            let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/pictures");
            fs::create_dir_all(&folder).unwrap();
            fs::write(folder.join(format!("{name}-{scheme}.png")), browser.picture()).unwrap();
        }
    }
    let complaints = browser.complaints();
    assert!(!complaints.contains("Content Security Policy"), "{complaints}");
}

#[test]
fn a_person_allows_the_login() {
    let Some(browser) = Browser::open() else { return };
    let bench = Bench::start("--approve ask");
    let login = UnderWay::start(&bench);
    browser.go(login.url());
    browser.wait_for(CONSENT);
    let text = browser.script("return document.body.innerText");
    assert!(text.as_str().unwrap().contains("sso-login-sandbox asks to see your accounts"), "{text}");
    look(&browser, "consent");
    browser.click("button[value=allow]");
    browser.wait_for("You are logged in – sso-login");
    login.end().succeeds("success");
    // The page stays readable when the server is gone.
    look(&browser, "logged-in");
}

#[test]
fn a_person_denies_the_login() {
    let Some(browser) = Browser::open() else { return };
    let bench = Bench::start("--approve ask");
    let login = UnderWay::start(&bench);
    browser.go(login.url());
    browser.wait_for(CONSENT);
    browser.click("button[value=deny]");
    browser.wait_for("The login was denied – sso-login");
    login.end().fails(77, "failed", "access_denied", "the login was denied");
    look(&browser, "denied");
}

#[test]
fn a_browser_that_asks_for_more_than_the_page_gets_it_all_the_same() {
    // It opens connections in advance, and asks for an icon: neither may hold the login up.
    let Some(browser) = Browser::open() else { return };
    let bench = Bench::start("");
    let login = UnderWay::start(&bench);
    browser.go(&format!("http://127.0.0.1:{}/", login.port()));
    browser.wait_for("There is nothing here – sso-login");
    browser.go(&format!("http://127.0.0.1:{}/oauth/callback?error=access_denied&state=x", login.port()));
    browser.wait_for("This is not the login that is under way – sso-login");
    look(&browser, "stranger");
    browser.go(login.url());
    browser.wait_for("You are logged in – sso-login");
    login.end().succeeds("success");
}
