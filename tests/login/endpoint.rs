//! Where the service is: overrides, proxies, certificates, and the browser that goes there.

use crate::login::bench::Bench;
use crate::login::proxy::Proxy;
use crate::login::service::closed;
use crate::support::end;

const LOGIN: &str = "sso-login --via device --no-browser demo";
const OWN: &str = "AWS_ENDPOINT_URL_SSO_OIDC";

#[test]
fn the_first_override_wins() {
    let bench = Bench::start("");
    let (good, bad) = (bench.served.url("oidcUrl", ""), closed());
    let services = |url: &str| format!("[services local]\nsso_oidc =\n  endpoint_url = {url}\n");
    let profile = |lines: &str| {
        let (good, bad) = (good.clone(), bad.clone());
        let lines = lines.replace("GOOD", &good).replace("BAD", &bad);
        move |config: String| config.replacen("[profile demo]\n", &format!("[profile demo]\n{lines}"), 1)
    };
    let reached = |variables: &[(&str, &str)]| {
        let mut command = bench.command(&format!("{LOGIN} --force"));
        command.env_remove(OWN).env_remove("NO_PROXY").env_remove("no_proxy");
        // What overrides nothing would go to AWS; the proxy says "no" instead.
        command.env("HTTPS_PROXY", &bad).envs(variables.iter().copied());
        let ended = end(command, "");
        assert!(ended.code == 0 || ended.code == 69, "{} {}", ended.code, ended.stderr);
        ended.code == 0
    };
    assert!(!reached(&[]));
    assert!(reached(&[(OWN, &good), ("AWS_ENDPOINT_URL", &bad)]));
    assert!(!reached(&[(OWN, &bad), ("AWS_ENDPOINT_URL", &good)]));
    assert!(reached(&[("AWS_ENDPOINT_URL", &good)]));
    assert!(reached(&[(OWN, ""), ("AWS_ENDPOINT_URL", &good)]));

    let original = std::fs::read_to_string(bench.home().join(".aws/config")).unwrap();
    let check = |lines: &str, section: &str, variables: &[(&str, &str)], expected: bool| {
        bench.configure(|_| format!("{}{section}", profile(lines)(original.clone())));
        assert_eq!(reached(variables), expected, "{lines} {section} {variables:?}");
    };
    check("endpoint_url = GOOD\n", "", &[], true);
    check("endpoint_url = GOOD\n", "", &[("AWS_ENDPOINT_URL", &bad)], false);
    check("endpoint_url = BAD\nservices = local\n", &services(&good), &[], true);
    check("endpoint_url = GOOD\nservices = local\n", &services(&bad), &[], false);
    check("endpoint_url = GOOD\nignore_configured_endpoint_urls = true\n", "", &[], false);
    let ignored = ("AWS_IGNORE_CONFIGURED_ENDPOINT_URLS", "true");
    check("endpoint_url = GOOD\n", "", &[ignored], false);
    check("endpoint_url = GOOD\n", "", &[("AWS_IGNORE_CONFIGURED_ENDPOINT_URLS", "false")], true);
}

#[test]
fn an_endpoint_that_is_no_url_is_a_mistake_in_the_configuration() {
    let bench = Bench::start("");
    for url in ["nonsense", "ftp://x/", "http://", "https://a b/"] {
        let ended = bench.run_with(LOGIN, &[(OWN, url)]);
        assert_eq!(ended.code, 78, "{url}: {}", ended.stderr);
        assert!(ended.complaint().contains(url), "{}", ended.stderr);
    }
}

#[test]
fn another_kind_of_endpoint_excludes_an_override() {
    let bench = Bench::start("");
    for variable in ["AWS_USE_FIPS_ENDPOINT", "AWS_USE_DUALSTACK_ENDPOINT"] {
        let ended = bench.run_with(LOGIN, &[(variable, "true")]);
        assert_eq!(ended.code, 78, "{}", ended.stderr);
        assert!(ended.complaint().contains(&format!("{variable} and {OWN} can't be used together")));
        bench.run_with(&format!("{LOGIN} --force"), &[(variable, "false")]).succeeds("success");
        std::fs::remove_dir_all(bench.cache()).unwrap();
    }
}

#[test]
fn proxy_variables_hold() {
    let bench = Bench::start("");
    let proxy = Proxy::start();
    let login = |variables: &[(&str, &str)]| {
        let mut command = bench.command(&format!("{LOGIN} --force"));
        command.env_remove("NO_PROXY").env_remove("no_proxy").envs(variables.iter().copied());
        end(command, "").code
    };
    for variable in ["HTTP_PROXY", "http_proxy"] {
        assert_eq!(login(&[(variable, &proxy.url)]), 0, "{variable}");
        let seen: Vec<_> = proxy.requests();
        assert!(
            !seen.is_empty() && seen.iter().all(|line| line.starts_with("POST http://127.0.0.1:")),
            "{seen:?}"
        );
    }
    for variable in ["NO_PROXY", "no_proxy"] {
        assert_eq!(login(&[("HTTP_PROXY", &proxy.url), (variable, "127.0.0.1")]), 0, "{variable}");
        assert_eq!(proxy.requests().len(), 0, "{variable}");
    }
    assert_eq!(login(&[("HTTP_PROXY", &closed())]), 69);

    // The real service is behind TLS: CONNECT, which this proxy refuses.
    let mut command = bench.command(LOGIN);
    command
        .env_remove(OWN)
        .env_remove("NO_PROXY")
        .env_remove("no_proxy")
        .env("HTTPS_PROXY", &proxy.url)
        .arg("--force");
    end(command, "").fails(69, "failed", "unreachable", "can't be reached");
    assert!(proxy.requests().iter().all(|line| *line == "CONNECT oidc.us-east-1.amazonaws.com:443 HTTP/1.1"));
}

#[test]
fn a_bad_certificate_bundle_is_a_mistake_in_the_configuration() {
    let bench = Bench::start("");
    let junk = bench.file("junk.pem");
    std::fs::write(&junk, "no certificate\n").unwrap();
    for (path, says) in [
        ("/nonexistent/ca.pem", "cannot read /nonexistent/ca.pem"),
        (junk.to_str().unwrap(), "AWS_CA_BUNDLE"),
    ] {
        let ended = bench.run_with(LOGIN, &[("AWS_CA_BUNDLE", path)]);
        assert_eq!(ended.code, 78, "{}", ended.stderr);
        assert!(ended.complaint().contains(says), "{}", ended.stderr);
    }
    // Who needs no network needs no certificates.
    bench.device("demo").succeeds("success");
    bench.run_with(LOGIN, &[("AWS_CA_BUNDLE", "/nonexistent/ca.pem")]).succeeds("valid");
}

#[test]
fn the_region_of_the_service_is_the_sso_region_alone() {
    let bench = Bench::start("");
    let proxy = Proxy::start();
    let mut command = bench.command(LOGIN);
    command.env_remove(OWN).env_remove("NO_PROXY").env_remove("no_proxy").env("https_proxy", &proxy.url);
    command.env("AWS_REGION", "ap-south-1").env("AWS_DEFAULT_REGION", "ap-south-1");
    end(command, "").fails(69, "failed", "unreachable", "");
    assert!(proxy.requests().iter().all(|line| line.contains(" oidc.us-east-1.amazonaws.com:443 ")));
}

#[test]
fn the_first_browser_that_starts_gets_the_page() {
    let bench = Bench::start("--pending 1");
    for name in ["first", "xdg-open", "open", "wslview"] {
        bench.program(
            name,
            &format!(
                "printf '%s\\n' \"$@\" >$OUT/{name}.tmp; mv $OUT/{name}.tmp $OUT/{name}.url; exec sleep 5"
            ),
        );
    }
    let opened = |variables: &[(&str, &str)], arguments: &str| {
        for name in ["first", "xdg-open", "open", "wslview"] {
            let _ = std::fs::remove_file(bench.file(&format!("{name}.url")));
        }
        let mut command = bench.command(&format!("sso-login --via device --force demo {arguments}"));
        command.env("OUT", bench.served.sandbox.root()).envs(variables.iter().copied());
        let ended = end(command, "");
        let url = ended.documents()[0]["url"].as_str().unwrap().to_owned();
        ended.succeeds("success");
        assert!(ended.stderr.contains(&url) && ended.stderr.contains("shows this code"));
        ["first", "xdg-open", "open", "wslview"]
            .into_iter()
            .filter(|name| !bench.text(&format!("{name}.url")).is_empty())
            .map(|name| (name, bench.text(&format!("{name}.url")).replace(&url, "URL")))
            .collect::<Vec<_>>()
    };
    let on = |name: &'static str, text: &str| vec![(name, text.to_owned())];
    assert_eq!(opened(&[("BROWSER", "first --new %s &")], ""), on("first", "--new\nURL\n"));
    assert_eq!(opened(&[("BROWSER", "missing:first"), ("DISPLAY", ":0")], ""), on("first", "URL\n"));
    assert_eq!(opened(&[("DISPLAY", ":0")], ""), on("xdg-open", "URL\n"));
    assert_eq!(opened(&[("WAYLAND_DISPLAY", "w"), ("WSL_DISTRO_NAME", "x")], ""), on("wslview", "URL\n"));
    assert_eq!(opened(&[], ""), []);
    assert_eq!(opened(&[("BROWSER", "first"), ("DISPLAY", ":0")], "--no-browser"), []);
    // One that fails or isn't there takes nothing from the login.
    assert_eq!(opened(&[("BROWSER", "false")], ""), []);
    assert_eq!(opened(&[("BROWSER", "/nonexistent/browser %s")], ""), []);
}
