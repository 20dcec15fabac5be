//! The access portal of AWS SSO (`sso`): accounts, roles, role credentials, logout (AWS-FORMATS 5), through the
//! official SDK, at a pace that the service allows.

use std::collections::HashSet;
use std::future::Future;
use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::time::Duration;

use aws_sdk_sso::Client;
use aws_sdk_sso::error::{ProvideErrorMetadata, SdkError};
use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use chrono::DateTime;
use sso_cache::credentials::RoleCredentials;
use sso_profile::Profile;
use sso_tool::sanitize::sanitize;
use sso_tool::secret::Secret;
use sso_tool::settings::Settings;
use sso_tool::time;

use crate::aws_api::http;
use crate::aws_api::pace::Pace;
use crate::aws_api::refusal::{cause, of_page};

/// The most that a page may have.
const PAGE: i32 = 100;
/// How often a throttled call is made again, ever later: 1, 2, 4, 8 s.
const RETRIES: u32 = 4;
/// The most pages of a listing: a million entries.
const PAGES: usize = 10_000;

/// The portal of one SSO region.
pub struct Portal {
    client: Client,
    pace: Pace,
}

/// How the portal refuses, as far as anybody acts on it.
#[derive(Debug, PartialEq, Eq)]
pub enum Denial {
    /// The access token isn't good (401).
    Unauthorized,
    /// The account or role isn't this user's (403), or doesn't exist (404).
    Forbidden,
    /// No answer, 5xx, or throttled, after retries; in words.
    Unreachable(String),
    /// Any other error of the service, by its name.
    Other(String),
    /// Too many calls (429).
    Throttled,
}

/// An account that the user has a role in.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Account {
    /// The account's name; empty if it has none.
    pub name: String,
    pub id: String,
    /// The address of the account's owner.
    pub email: Option<String>,
}

impl Portal {
    /// The portal of a profile's SSO region.
    pub fn new(settings: &Settings, profile: &Profile, region: &str) -> anyhow::Result<Self> {
        let endpoint = http::endpoint("SSO", profile.endpoints.sso.as_deref())?;
        Ok(Self { client: Client::new(&http::config(region, endpoint)?), pace: Pace::new(settings) })
    }

    /// The credentials of a role.
    pub async fn credentials(
        &self,
        token: &Secret,
        account_id: &str,
        role_name: &str,
    ) -> Result<RoleCredentials, Denial> {
        let call = || {
            let request = self.client.get_role_credentials().access_token(token.expose());
            request.account_id(account_id).role_name(role_name).send()
        };
        let answer = self.call(call).await?;
        let Some(found) = answer.role_credentials else { return Err(incomplete()) };
        // Whole seconds, rounded down, as the AWS CLI has it.
        let expires_at = DateTime::from_timestamp(found.expiration.div_euclid(1000), 0);
        let part = |text: Option<String>| text.filter(|text| !text.is_empty());
        let parts = (part(found.access_key_id), part(found.secret_access_key), part(found.session_token));
        match (parts, expires_at) {
            (_, Some(expires_at)) if time::now().is_ok_and(|now| expires_at <= now) => {
                let ended = time::format(expires_at);
                Err(Denial::Unreachable(format!(
                    "it sent credentials that had already expired at {ended}: is the clock right?"
                )))
            }
            ((Some(id), Some(secret), Some(session)), Some(expires_at)) => Ok(RoleCredentials {
                access_key_id: id.into(),
                secret_access_key: secret.into(),
                session_token: session.into(),
                expires_at,
                account_id: Some(account_id.to_owned()),
                is_sso: true,
            }),
            _ => Err(incomplete()),
        }
    }

    /// All accounts, sorted by name.
    pub async fn accounts(&self, token: &Secret) -> Result<Vec<Account>, Denial> {
        let mut accounts = Vec::new();
        let mut seen = PageTokens::default();
        let mut next = None;
        loop {
            let call = || {
                let request = self.client.list_accounts().access_token(token.expose()).max_results(PAGE);
                request.set_next_token(next.clone()).send()
            };
            let page = self.call(call).await?;
            // Without a list it isn't an empty one, which would mean that everything is gone.
            let list = page.account_list.ok_or_else(incomplete)?;
            accounts.extend(list.into_iter().filter_map(|account| {
                let (name, email) = (account.account_name.unwrap_or_default(), account.email_address);
                Some(Account { name, id: account.account_id?, email })
            }));
            next = seen.following(page.next_token)?;
            if next.is_none() {
                accounts.sort();
                return Ok(accounts);
            }
        }
    }

    /// The roles of an account, sorted.
    pub async fn roles(&self, token: &Secret, account_id: &str) -> Result<Vec<String>, Denial> {
        let mut roles = Vec::new();
        let mut seen = PageTokens::default();
        let mut next = None;
        loop {
            let call = || {
                let request = self.client.list_account_roles().access_token(token.expose());
                request.account_id(account_id).max_results(PAGE).set_next_token(next.clone()).send()
            };
            let page = self.call(call).await?;
            let list = page.role_list.ok_or_else(incomplete)?;
            roles.extend(list.into_iter().filter_map(|role| role.role_name));
            next = seen.following(page.next_token)?;
            if next.is_none() {
                roles.sort();
                return Ok(roles);
            }
        }
    }

    /// Ends the sign-in behind a token.
    pub async fn logout(&self, token: &Secret) -> Result<(), Denial> {
        self.call(|| self.client.logout().access_token(token.expose()).send()).await.map(|_| ())
    }

    /// Makes a call in its time slot; a throttled one again, later, and everybody waits as long.
    async fn call<T, E, F>(&self, call: impl Fn() -> F) -> Result<T, Denial>
    where
        F: Future<Output = Result<T, SdkError<E, HttpResponse>>>,
        E: ProvideErrorMetadata + std::error::Error + 'static,
    {
        let mut attempt = 0;
        loop {
            self.pace.slot().await;
            let denial = match call().await {
                Ok(answer) => return Ok(answer),
                Err(err) => denial(&err),
            };
            if denial != Denial::Throttled {
                return Err(denial);
            }
            if attempt == RETRIES {
                return Err(Denial::Unreachable("it throttles (429)".to_owned()));
            }
            self.pace.pause(Duration::from_secs(1 << attempt));
            attempt += 1;
        }
    }
}

/// The page tokens that a listing has had, as numbers: a token may be long.
#[derive(Default)]
struct PageTokens(HashSet<u64>);

impl PageTokens {
    /// The next page's token, if there is a next page; one that was there before would never end.
    fn following(&mut self, next: Option<String>) -> Result<Option<String>, Denial> {
        let Some(next) = next.filter(|token| !token.is_empty()) else { return Ok(None) };
        let mut hasher = DefaultHasher::new();
        next.hash(&mut hasher);
        if !self.0.insert(hasher.finish()) || self.0.len() >= PAGES {
            return Err(Denial::Unreachable("its listing has no end".to_owned()));
        }
        Ok(Some(next))
    }
}

fn incomplete() -> Denial {
    Denial::Unreachable("it sent an incomplete answer".to_owned())
}

fn denial<E>(err: &SdkError<E, HttpResponse>) -> Denial
where
    E: ProvideErrorMetadata + std::error::Error + 'static,
{
    let SdkError::ServiceError(answer) = err else {
        return Denial::Unreachable(cause(err));
    };
    let name = answer.err().code().filter(|name| !name.is_empty()).map(sanitize);
    let status = answer.raw().status().as_u16();
    match (status, name) {
        (429, _) => Denial::Throttled,
        (500.., _) => Denial::Unreachable(format!("it answers {status}")),
        // The portal names its errors. What a proxy or captive portal answers says nothing about session or role.
        (_, None) => Denial::Unreachable(of_page(status)),
        (401, _) => Denial::Unauthorized,
        (403 | 404, _) => Denial::Forbidden,
        (_, Some(name)) => Denial::Other(name),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_that_was_there_before_ends_the_listing() {
        let token = |text: &str| Some(text.to_owned());
        let mut seen = PageTokens::default();
        assert_eq!(seen.following(token("a")), Ok(token("a")));
        assert_eq!(seen.following(token("b")), Ok(token("b")));
        assert_eq!(seen.following(token("")), Ok(None));
        assert_eq!(seen.following(None), Ok(None));
        assert!(seen.following(token("a")).is_err());
    }

    #[test]
    fn a_listing_of_ever_new_pages_ends() {
        let mut seen = PageTokens::default();
        let ended = (0..=PAGES)
            .map(|page| seen.following(Some(format!("page-{page}"))))
            .position(|next| next.is_err());
        assert_eq!(ended, Some(PAGES - 1));
    }
}
