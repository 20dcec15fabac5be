//! The access portal (AWS-FORMATS 5): accounts, roles, role credentials, logout.

use serde_json::{Value, json};
use sso_tool::time;

use super::refusal::Refusal;
use super::world::{RoleKey, World};
use crate::flows::query::Query;
use crate::flows::random;

/// Entries a page has if the request doesn't say.
const PAGE: usize = 50;
/// Entries a page may have at most.
const LARGEST_PAGE: usize = 100;

const KEY_LETTERS: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
const SECRET_LETTERS: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/// The session behind the bearer token of a request.
pub(super) fn authorize(world: &World, bearer: Option<&str>) -> Result<usize, Refusal> {
    bearer.and_then(|token| world.session_of(token)).ok_or_else(|| Refusal::portal("UnauthorizedException"))
}

/// `ListAccounts`.
pub(super) fn accounts(world: &World, query: &Query) -> Result<Value, Refusal> {
    let (accounts, next) = page(world.organization.accounts(), query)?;
    let accounts: Vec<_> = accounts
        .into_iter()
        .map(|account| {
            json!({"accountId": account.id, "accountName": account.name, "emailAddress": account.email})
        })
        .collect();
    Ok(json!({"nextToken": next, "accountList": accounts}))
}

/// `ListAccountRoles`.
pub(super) fn roles(world: &World, query: &Query) -> Result<Value, Refusal> {
    let account_id = required(query, "account_id")?;
    if !world.organization.has_account(account_id) {
        return Err(Refusal::portal("ResourceNotFoundException").because("Account not found"));
    }
    let (roles, next) = page(world.organization.roles(), query)?;
    let roles: Vec<_> =
        roles.into_iter().map(|role| json!({"roleName": role, "accountId": account_id})).collect();
    Ok(json!({"nextToken": next, "roleList": roles}))
}

/// `GetRoleCredentials`. `expiration` is in epoch milliseconds.
pub(super) fn credentials(world: &mut World, query: &Query) -> Result<Value, Refusal> {
    let account_id = required(query, "account_id")?;
    let role_name = required(query, "role_name")?;
    if !world.organization.is_assigned(account_id, role_name) {
        return Err(Refusal::portal("ForbiddenException"));
    }
    let expires_at = time::after(world.now(), world.behavior.role_lifetime);
    let access_key_id = format!("ASIA{}", random::letters(KEY_LETTERS, 16)?);
    let secret_access_key = random::letters(SECRET_LETTERS, 40)?;
    let session_token = random::letters(SECRET_LETTERS, 400)?;
    let answer = json!({"roleCredentials": {
        "accessKeyId": access_key_id,
        "secretAccessKey": secret_access_key.as_str(),
        "sessionToken": session_token,
        "expiration": expires_at.timestamp_millis(),
    }});
    let key = RoleKey {
        account_id: account_id.to_owned(),
        role_name: role_name.to_owned(),
        secret_access_key,
        session_token,
        expires_at,
    };
    world.role_keys.insert(access_key_id, key);
    Ok(answer)
}

/// Logout: ends the sign-in, and with it each of its tokens; role credentials stay good.
pub(super) fn logout(world: &mut World, session: usize) {
    if let Some(session) = world.sessions.get_mut(session) {
        session.ended = true;
    }
}

fn required<'a>(query: &'a Query, name: &str) -> Result<&'a str, Refusal> {
    query.first(name).filter(|value| !value.is_empty()).ok_or_else(|| invalid(format!("{name} is missing")))
}

fn invalid(message: impl Into<String>) -> Refusal {
    Refusal::portal("InvalidRequestException").because(message)
}

/// One page of `items`, and the token of the next one. The token is the index it starts at.
fn page<T>(
    items: impl ExactSizeIterator<Item = T>,
    query: &Query,
) -> Result<(Vec<T>, Option<String>), Refusal> {
    let size = match query.first("max_result") {
        None => PAGE,
        Some(text) => text
            .parse()
            .ok()
            .filter(|size| (1..=LARGEST_PAGE).contains(size))
            .ok_or_else(|| invalid("max_result must be between 1 and 100"))?,
    };
    let start = match query.first("next_token") {
        None => 0,
        Some(token) => token
            .strip_prefix("page-")
            .and_then(|start| start.parse().ok())
            .filter(|start| *start < items.len())
            .ok_or_else(|| invalid("next_token is invalid"))?,
    };
    let end = start.saturating_add(size);
    let next = (end < items.len()).then(|| format!("page-{end}"));
    Ok((items.skip(start).take(size).collect(), next))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn walk(count: usize, size: &str) -> Vec<usize> {
        let mut all = Vec::new();
        let mut token = None;
        loop {
            let query = Query::new(
                [("max_result", Some(size.to_owned())), ("next_token", token)]
                    .into_iter()
                    .filter_map(|(name, value)| Some((name.to_owned(), value?))),
            );
            let (items, next) = page(0..count, &query).unwrap();
            all.extend(items);
            token = next;
            if token.is_none() {
                return all;
            }
        }
    }

    #[test]
    fn pages_hold_everything_once_and_in_order() {
        for count in [0, 1, 99, 100, 101, 250] {
            assert_eq!(walk(count, "100"), (0..count).collect::<Vec<_>>());
            assert_eq!(walk(count, "7"), (0..count).collect::<Vec<_>>());
        }
    }

    #[test]
    fn page_sizes_and_tokens_out_of_range_are_invalid() {
        for (name, value) in [
            ("max_result", "0"),
            ("max_result", "101"),
            ("max_result", "x"),
            ("next_token", "page-5"),
            ("next_token", "x"),
        ] {
            let query = Query::new([(name.to_owned(), value.to_owned())]);
            assert!(page(0..5, &query).is_err(), "{name}={value}");
        }
    }
}
