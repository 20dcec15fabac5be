//! The token file of an SSO session (AWS-FORMATS 1).

use std::fmt;
use std::path::Path;

use serde_json::{Map, Value};
use sso_tool::secret::Secret;
use sso_tool::time::{self, Moment};

use crate::entry::{self, Entry, Room, Written, put, take_moment, take_secret, take_text};
use sso_tool::token_state::TokenState;

/// A session's access token and what is needed to renew it.
#[derive(Clone, PartialEq)]
pub struct Token {
    /// The start URL as configured.
    pub start_url: Option<String>,
    /// The SSO region.
    pub region: Option<String>,
    /// The bearer token of the portal.
    pub access_token: Secret,
    /// When the access token is over.
    pub expires_at: Moment,
    /// The client that the token was given to.
    pub client_id: Option<String>,
    /// The client's secret.
    pub client_secret: Option<Secret>,
    /// When that client's registration is over.
    pub registration_expires_at: Option<Moment>,
    /// What a new access token is asked with.
    pub refresh_token: Option<Secret>,
    /// What else the file says; kept, never shown.
    unknown: Map<String, Value>,
}

/// What a refresh needs.
#[derive(Clone, Copy, Debug)]
pub struct Grant<'a> {
    /// The client that the token was given to.
    pub client_id: &'a str,
    /// The client's secret.
    pub client_secret: &'a Secret,
    /// The refresh token itself.
    pub refresh_token: &'a Secret,
}

/// What a refresh answered.
#[derive(Clone, Debug)]
pub struct Renewal {
    /// The new access token.
    pub access_token: Secret,
    /// When it is over.
    pub expires_at: Moment,
    /// The new refresh token, if the service gave one.
    pub refresh_token: Option<Secret>,
}

impl Token {
    /// A token without client and refresh token; those are fields to set.
    pub fn new(access_token: Secret, expires_at: Moment) -> Self {
        Self {
            start_url: None,
            region: None,
            access_token,
            expires_at,
            client_id: None,
            client_secret: None,
            registration_expires_at: None,
            refresh_token: None,
            unknown: Map::new(),
        }
    }

    /// Reads a token file. Without an access token, or with an `expiresAt` that is no timestamp, it is
    /// corrupt. Errors: lack of permission and failing disks only, status 74.
    pub fn read(path: &Path) -> anyhow::Result<Entry<Self>> {
        Ok(entry::read(path)?.and_then(Self::from_object))
    }

    /// A token out of a file's content.
    pub fn from_object(mut object: Map<String, Value>) -> Entry<Self> {
        let Some(access_token) = take_secret(&mut object, "accessToken") else {
            return Entry::Corrupt("has no accessToken");
        };
        let Some(expires_at) = take_moment(&mut object, "expiresAt") else {
            return Entry::Corrupt("has no expiresAt that is a timestamp");
        };
        Entry::Whole(Self {
            start_url: take_text(&mut object, "startUrl"),
            region: take_text(&mut object, "region"),
            access_token,
            expires_at,
            client_id: take_text(&mut object, "clientId").filter(|id| !id.is_empty()),
            client_secret: take_secret(&mut object, "clientSecret"),
            registration_expires_at: take_moment(&mut object, "registrationExpiresAt"),
            refresh_token: take_secret(&mut object, "refreshToken"),
            unknown: object,
        })
    }

    /// The file's content: known keys in the AWS CLI's order, then unknown ones in theirs.
    pub fn to_object(&self) -> Map<String, Value> {
        let secret = |secret: &Option<Secret>| secret.as_ref().map(|secret| secret.expose().to_owned());
        let mut object = Map::new();
        put(&mut object, "startUrl", self.start_url.clone());
        put(&mut object, "region", self.region.clone());
        put(&mut object, "accessToken", Some(self.access_token.expose()));
        put(&mut object, "expiresAt", Some(time::format(self.expires_at)));
        put(&mut object, "clientId", self.client_id.clone());
        put(&mut object, "clientSecret", secret(&self.client_secret));
        put(&mut object, "registrationExpiresAt", self.registration_expires_at.map(time::format));
        put(&mut object, "refreshToken", secret(&self.refresh_token));
        object.extend(self.unknown.clone());
        object
    }

    /// Writes the token file: atomically, 0600, as AWS-FORMATS 1 says.
    pub fn write(&self, path: &Path) -> anyhow::Result<()> {
        entry::write(path, &self.to_object())
    }

    /// Writes the token into a space that was taken before: for one that was got while it was held.
    pub fn write_into(&self, room: Room) -> anyhow::Result<()> {
        room.write(&self.to_object())
    }

    /// Writes the token only if the file still holds `former`, which this one comes from. What somebody else wrote there
    /// meanwhile is newer, and what somebody removed is over.
    pub fn write_instead_of(&self, former: &Self, room: Room) -> anyhow::Result<Written> {
        room.write_if(&self.to_object(), |there| {
            there.and_then(Self::from_object).whole().is_some_and(|there| there.is_same(former))
        })
    }

    /// Whether both are the same token, whatever else their files say.
    pub fn is_same(&self, other: &Self) -> bool {
        self.access_token == other.access_token && self.refresh_token == other.refresh_token
    }

    /// Valid, refreshable or expired. A token is over at the second that `expiresAt` names.
    pub fn state(&self, now: Moment) -> TokenState {
        if now < self.expires_at {
            TokenState::Valid
        } else if self.grant(now).is_some() {
            TokenState::Refreshable
        } else {
            TokenState::Expired
        }
    }

    /// What a refresh needs, if all of it is there and the registration isn't over (AWS-FORMATS 1),
    /// whether or not the access token is.
    pub fn grant(&self, now: Moment) -> Option<Grant<'_>> {
        if now >= self.registration_expires_at? {
            return None;
        }
        Some(Grant {
            client_id: self.client_id.as_deref()?,
            client_secret: self.client_secret.as_ref()?,
            refresh_token: self.refresh_token.as_ref()?,
        })
    }

    /// Whether the token can, or once over could, be renewed without a person.
    pub fn is_refreshable(&self, now: Moment) -> bool {
        self.grant(now).is_some()
    }

    /// The token after a refresh. The old refresh token stays if there is no new one: some clients drop
    /// it there, and the next expiry costs a login (AWS-FORMATS 1).
    #[must_use]
    pub fn renewed(self, renewal: Renewal) -> Self {
        Self {
            access_token: renewal.access_token,
            expires_at: renewal.expires_at,
            refresh_token: renewal.refresh_token.or(self.refresh_token),
            ..self
        }
    }
}

impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Token")
            .field("start_url", &self.start_url)
            .field("region", &self.region)
            .field("access_token", &self.access_token)
            .field("expires_at", &self.expires_at)
            .field("client_id", &self.client_id)
            .field("client_secret", &self.client_secret)
            .field("registration_expires_at", &self.registration_expires_at)
            .field("refresh_token", &self.refresh_token)
            // Whatever another tool put there may be a secret too.
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
