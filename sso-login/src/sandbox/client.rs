//! `RegisterClient` (AWS-FORMATS 4), and who a client is that calls later.

use serde_json::{Value, json};
use sso_tool::time;

use super::refusal::Refusal;
use super::world::{Client, World};
use crate::flows::random;

/// RFC 8628's grant.
pub(super) const DEVICE_CODE: &str = "urn:ietf:params:oauth:grant-type:device_code";
/// RFC 6749's grant for a browser's code, here with PKCE (RFC 7636).
pub(super) const AUTHORIZATION_CODE: &str = "authorization_code";
/// RFC 6749's grant for a silent renewal.
pub(super) const REFRESH_TOKEN: &str = "refresh_token";

/// Registers a client and hands out its id and secret.
pub(super) fn register(world: &mut World, body: &Value) -> Result<Value, Refusal> {
    let name = text(body, "clientName")?.to_owned();
    if text(body, "clientType")? != "public" {
        return Err(Refusal::oidc("invalid_client_metadata").because("clientType must be `public`"));
    }
    let scopes = list(body, "scopes")?;
    if let Some(scope) = scopes.iter().find(|scope| !is_scope(scope)) {
        return Err(Refusal::oidc("invalid_scope").because(format!("Unknown scope {scope:?}")));
    }
    let redirect_uris = list(body, "redirectUris")?;
    let grant_types = grant_types(list(body, "grantTypes")?, &redirect_uris)?;

    let now = world.now();
    let expires_at = time::after(now, world.behavior.registration_lifetime);
    let id = random::token(24)?;
    // As long as the service's own, which is a signed blob: whoever stores it should see that size.
    let secret = format!("{}.{}.{}", random::token(60)?, random::token(900)?, random::token(64)?);
    let answer = json!({
        "clientId": id,
        "clientSecret": secret,
        "clientIdIssuedAt": now.timestamp(),
        "clientSecretExpiresAt": expires_at.timestamp(),
        "authorizationEndpoint": null,
        "tokenEndpoint": null,
    });
    world.clients.insert(id, Client { name, secret, expires_at, scopes, redirect_uris, grant_types });
    Ok(answer)
}

/// The client that `clientId` and `clientSecret` of a request prove.
pub(super) fn authenticate<'a>(world: &'a World, body: &Value) -> Result<(&'a str, &'a Client), Refusal> {
    let id = text(body, "clientId")?;
    let secret = text(body, "clientSecret")?;
    world
        .clients
        .get_key_value(id)
        .filter(|(_, client)| client.secret == secret && world.now() < client.expires_at)
        .map(|(id, client)| (id.as_str(), client))
        .ok_or_else(|| Refusal::oidc("invalid_client"))
}

/// A member that must be there and be a string with something in it.
pub(super) fn text<'a>(body: &'a Value, member: &str) -> Result<&'a str, Refusal> {
    body.get(member)
        .and_then(Value::as_str)
        .filter(|text| !text.is_empty())
        .ok_or_else(|| Refusal::oidc("invalid_request").because(format!("{member} is missing or no string")))
}

/// Whether two redirect URIs are the same but for the port: a loopback client learns its port
/// after it registered (RFC 8252, 7.3).
pub(super) fn is_same_but_port(registered: &str, asked: &str) -> bool {
    match (loopback_parts(registered), loopback_parts(asked)) {
        (Some(registered), Some(asked)) => registered == asked,
        _ => false,
    }
}

fn list(body: &Value, member: &str) -> Result<Vec<String>, Refusal> {
    let wrong = || Refusal::oidc("invalid_request").because(format!("{member} isn't a list of strings"));
    match body.get(member) {
        None | Some(Value::Null) => Ok(Vec::new()),
        Some(Value::Array(items)) => {
            items.iter().map(|item| item.as_str().map(str::to_owned).ok_or_else(wrong)).collect()
        }
        Some(_) => Err(wrong()),
    }
}

/// Which grants a client gets; one that names none is a device-code client, as the AWS CLI's is.
fn grant_types(asked: Vec<String>, redirect_uris: &[String]) -> Result<Vec<String>, Refusal> {
    if asked.is_empty() {
        return Ok(vec![DEVICE_CODE.to_owned(), REFRESH_TOKEN.to_owned()]);
    }
    let has = |grant: &str| asked.iter().any(|asked| asked == grant);
    if asked.iter().any(|grant| ![DEVICE_CODE, AUTHORIZATION_CODE, REFRESH_TOKEN].contains(&grant.as_str())) {
        return Err(Refusal::oidc("unsupported_grant_type"));
    }
    // One registration can't hold both (AWS-FORMATS 2).
    if has(DEVICE_CODE) && has(AUTHORIZATION_CODE) {
        return Err(Refusal::oidc("invalid_scope")
            .because("device_code and authorization_code can't be used together"));
    }
    if has(AUTHORIZATION_CODE)
        && (redirect_uris.is_empty() || redirect_uris.iter().any(|uri| loopback_parts(uri).is_none()))
    {
        return Err(Refusal::oidc("invalid_redirect_uri"));
    }
    Ok(asked)
}

/// `openid`, or `service:resource[:action]` of printable characters without white space.
fn is_scope(scope: &str) -> bool {
    let part = |part: &str| {
        !part.is_empty() && part.bytes().all(|b| b.is_ascii_alphanumeric() || b"._-*/".contains(&b))
    };
    scope == "openid" || (scope.contains(':') && scope.split(':').all(part))
}

/// Host and path of `http://127.0.0.1[:PORT][/PATH]` or `http://[::1]…`; `None` for any other URI.
fn loopback_parts(uri: &str) -> Option<(&str, &str)> {
    let rest = uri.strip_prefix("http://")?;
    let (authority, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
    let host = ["127.0.0.1", "[::1]"].into_iter().find(|host| authority.starts_with(host))?;
    let port = &authority[host.len()..];
    let is_port = port.strip_prefix(':').is_some_and(|port| port.parse::<u16>().is_ok_and(|port| port > 0));
    let is_clean = path.bytes().all(|b| b.is_ascii_graphic() && b != b'#' && b != b'\\');
    ((port.is_empty() || is_port) && is_clean).then_some((host, path))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn any_port_of_the_registered_loopback_address_will_do() {
        let registered = "http://127.0.0.1/oauth/callback";
        assert!(is_same_but_port(registered, "http://127.0.0.1:4711/oauth/callback"));
        assert!(is_same_but_port(registered, registered));
        for other in [
            "http://127.0.0.1:4711/other",
            "http://127.0.0.1:4711/oauth/callback#x",
            "http://127.0.0.1:0/oauth/callback",
            "http://127.0.0.1:99999/oauth/callback",
            "http://127.0.0.1.example.com/oauth/callback",
            "http://127.0.0.1@example.com/oauth/callback",
            "http://localhost:4711/oauth/callback",
            "https://127.0.0.1/oauth/callback",
            "http://127.0.0.1:4711/oauth/callback\r\nX: y",
        ] {
            assert!(!is_same_but_port(registered, other), "{other:?}");
        }
    }

    #[test]
    fn scopes_have_a_service_and_a_resource() {
        assert!(["sso:account:access", "openid", "codewhisperer:completions"].into_iter().all(is_scope));
        assert!(!["", "sso", "sso:", "so:me thing", ":x", "<b>:x"].into_iter().any(is_scope));
    }
}
