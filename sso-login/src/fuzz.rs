//! Fuzz targets: what browsers, services, the AWS CLI, hosts and other processes say is read or refused.

use std::collections::BTreeMap;
use std::path::Path;

use serde_json::Value;
use sso_tool::sanitize::is_deceptive;
use sso_tool::secret::Secret;
use sso_tool::{stream, time};

use crate::aws_cli::page::{Page, is_success};
use crate::flows::request::Request;
use crate::flows::way_back::WayBack;
use crate::remote::assembler::{Assembler, Piece};
use crate::remote::untrusted::cleaned;
use crate::serve::token::claims::Claims;
use crate::serve::token::keys::Keys;

/// A request that counts is a GET of the callback.
#[test]
fn callback_requests() {
    bolero::check!().for_each(|bytes: &[u8]| {
        if let Request::Callback(query) = Request::parse(bytes) {
            assert!(bytes.starts_with(b"GET "));
            let _ = (query.only("code"), query.only("state"), query.first("error"));
        }
    });
}

/// At most one page comes out of all that `aws sso login` prints, and it is a URL.
#[test]
fn authorize_pages() {
    bolero::check!().for_each(|bytes: &[u8]| {
        let mut page = Page::default();
        let mut told = 0;
        for line in String::from_utf8_lossy(bytes).lines() {
            let _ = is_success(line);
            if let Some(authorize) = page.read(line) {
                assert!(authorize.url.starts_with("http") && authorize.url.is_ascii(), "{}", authorize.url);
                let _ = WayBack::of_text(&authorize.url);
                told += 1;
            }
        }
        assert!(told <= 1);
    });
}

/// What a host prints comes out clean.
#[test]
fn documents_of_hosts() {
    bolero::check!().for_each(|bytes: &[u8]| {
        let mut assembler = Assembler::default();
        for line in String::from_utf8_lossy(bytes).lines() {
            for piece in assembler.read(line) {
                if let Piece::Document(document) = piece {
                    let shown = Value::from(cleaned(&document)).to_string();
                    assert!(!shown.chars().any(|c| c.is_control() || is_deceptive(c)), "{shown:?}");
                }
            }
        }
    });
}

/// Claims hold for whom they name, and end.
#[test]
fn claims_of_tokens() {
    let now = time::parse("2026-11-21T12:00:00Z").unwrap();
    bolero::check!().for_each(|bytes: &[u8]| {
        let Ok(document) = stream::parse(bytes, "claims") else { return };
        if let Some(claims) = Claims::of(&Value::from(document), now) {
            assert!(claims.ends_at > now && !claims.user.id.is_empty() && !claims.sign_in.is_empty());
        }
    });
}

/// A token is what this key signed, or nothing.
#[test]
fn signed_tokens() {
    crate::serve::token::crypto::install();
    let secret = Secret::from("a secret of tests that nobody else has");
    let now = time::parse("2026-11-21T12:00:00Z").unwrap();
    let keys = Keys::of(Path::new("/nowhere"), Some(&secret), now).unwrap();
    bolero::check!().for_each(|bytes: &[u8]| {
        let text = String::from_utf8_lossy(bytes);
        assert!(keys.check(&text, "fuzz").is_none(), "{text}");
    });
}

/// The keys of a request's body are texts, or the body is refused.
#[test]
fn bodies() {
    bolero::check!().for_each(|bytes: &[u8]| {
        let Ok(document) = stream::parse(bytes, "the body") else { return };
        let keys: BTreeMap<&str, bool> = ["profile", "user_code", "device_code", "refresh_token"]
            .map(|key| (key, crate::serve::body::required(&document, key).is_ok()))
            .into();
        for (key, is_there) in keys {
            assert!(!is_there || document.get(key).is_some_and(Value::is_string), "{key}");
        }
    });
}

/// Credentials that a `credential_process` prints are whole, or refused.
#[test]
fn credential_processes() {
    bolero::check!().for_each(|bytes: &[u8]| {
        if crate::credentials::credential_process::read(bytes).is_ok() {
            assert!(String::from_utf8_lossy(bytes).contains("AccessKeyId"));
        }
    });
}
