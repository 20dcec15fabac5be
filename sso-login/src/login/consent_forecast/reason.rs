//! Why AWS is asked to register a client, as a word for programs and as words for a person.

use sso_tool::sanitize::sanitize;
use sso_tool::time::{self, Moment};

use super::Maker;

/// Why a login registers a client.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reason {
    /// Nothing in the cache is of an earlier login of this session.
    First,
    /// The registration expired at that time, or expires within 15 minutes.
    Over(Moment),
    /// The file of the registration can't be read.
    Corrupt,
    /// The registration is for the other flow.
    Flow,
    /// The registration has these scopes, not the configured ones.
    Scopes(Vec<String>),
    /// The session was logged in to in this region.
    Region(String),
    /// The session was logged in to at this start URL.
    StartUrl(String),
    /// The start URL was logged in to by a session of another name.
    Name,
    /// Another program has a registration for the session. None uses another's.
    Client(Maker),
    /// There was a login of this session, but its registration isn't in the cache.
    Gone,
    /// Nobody answered so many logins in a row with the registration that is in the cache.
    Unanswered(u32),
    /// AWS doesn't accept the registration that is in the cache.
    Rejected,
}

impl Reason {
    /// The word for programs (`registrationReason`).
    pub fn word(&self) -> &'static str {
        match self {
            Self::First => "first",
            Self::Over(_) => "over",
            Self::Corrupt => "corrupt",
            Self::Flow => "flow",
            Self::Scopes(_) => "scopes",
            Self::Region(_) => "region",
            Self::StartUrl(_) => "start-url",
            Self::Name => "name",
            Self::Client(_) => "client",
            Self::Gone => "gone",
            Self::Unanswered(_) => "unanswered",
            Self::Rejected => "rejected",
        }
    }

    /// The reason for a person. `whose` names the session.
    pub(super) fn in_words(&self, whose: &str, now: Moment) -> String {
        match self {
            Self::First => format!("it is the first login of {whose} here, as far as the cache knows"),
            Self::Over(at) if *at <= now => {
                format!("the registration of {whose} is valid only until {}", time::format(*at))
            }
            Self::Over(at) => format!("the registration of {whose} ends at {}", time::format(*at)),
            Self::Corrupt => format!("the file with the registration of {whose} is damaged"),
            Self::Flow => format!("{whose} is registered for another kind of login"),
            Self::Scopes(scopes) if scopes.is_empty() => {
                format!("{whose} is registered without scopes, and the config has some now")
            }
            Self::Scopes(scopes) => {
                format!("{whose} is registered for other scopes ({})", sanitize(&scopes.join(", ")))
            }
            Self::Region(region) => {
                format!("the last login of {whose} was in another region ({})", sanitize(region))
            }
            Self::StartUrl(url) => {
                format!("the last login of {whose} was at another start URL ({})", sanitize(url))
            }
            Self::Name => format!("{whose} is a new name: earlier logins at this start URL used another one"),
            Self::Client(maker) => {
                format!("earlier logins of {whose} were by {}, which uses another client", maker.in_words())
            }
            Self::Gone => format!("the registration of {whose} is no longer in the cache"),
            Self::Unanswered(count) => {
                format!("nobody answered the last {count} logins of {whose}, so a new client is registered")
            }
            Self::Rejected => format!("AWS no longer accepts the registration of {whose}"),
        }
    }
}
