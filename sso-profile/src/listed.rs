//! Whether a listing of `sso-login accounts` came in whole. Each of its documents says when it was listed (`listedAt`),
//! and the last one how many there are (`listed`). Of an empty listing there is a document that says so
//! (`"event":"listed"`), which other listings may end with as well. Documents by hand have none of this.

use std::collections::{BTreeMap, HashSet};

use sso_tool::exit::{Exit, Fault};
use sso_tool::stream::Document;

/// The listings of a stream, by session (else start URL) and time.
#[derive(Debug, Default)]
pub(crate) struct Listed(BTreeMap<(String, String), Listing>);

/// What is known of one listing, or of all that were made within one second.
#[derive(Debug, Default)]
struct Listing {
    came: i64,
    /// Whether an end was seen.
    is_ended: bool,
    /// How many there are, as far as the ends say.
    count: i64,
    /// What the end says that says the most.
    most: i64,
    /// The accounts and roles that came: one that came twice stands for none that was dropped.
    roles: HashSet<(String, String)>,
}

impl Listed {
    /// Takes note of one document. Answers whether it is the whole of a listing that is empty.
    pub(crate) fn note(&mut self, document: &Document) -> anyhow::Result<bool> {
        let Some(at) = document.text("listedAt")? else { return Ok(false) };
        let session = match document.text("ssoSession")? {
            Some(session) => session,
            None => document.text("startUrl")?.unwrap_or_default(),
        };
        let (event, sum) = (document.text("event")?, document.whole("listed")?);
        if event.is_some_and(|event| event != "listed") {
            return Ok(false);
        }
        let listing = self.0.entry((session.to_owned(), at.to_owned())).or_default();
        if event.is_some() {
            let count = document.whole("count")?;
            listing.end(count);
            return Ok(listing.came == 0 && count == Some(0));
        }
        listing.came += 1;
        let role = |key: &str| document.text(key).map(|text| text.unwrap_or_default().to_owned());
        listing.roles.insert((role("accountId")?, role("roleName")?));
        if sum.is_some() {
            listing.end(sum);
        }
        Ok(false)
    }

    /// Refuses a listing that isn't whole (65): what it doesn't name may be there all the same.
    pub(crate) fn check(&self) -> Result<(), Fault> {
        for ((session, _), listing) in &self.0 {
            let why = match listing {
                Listing { is_ended: false, .. } => {
                    "is incomplete: it was cut short, or a filter dropped its last document".to_owned()
                }
                Listing { came, count, .. } if came != count => {
                    format!("has {count} documents, but {came} came in: a filter dropped or duplicated some")
                }
                Listing { most, roles, .. } if i64::try_from(roles.len()).is_ok_and(|sum| sum < *most) => {
                    let sum = roles.len();
                    format!(
                        "has {most} roles, but {sum} came in: a filter dropped some and duplicated others"
                    )
                }
                Listing { .. } => continue,
            };
            return Err(Fault::new(Exit::Data, format!("the listing of session `{session}` {why}")).hint(
                "list again, or give --complete to remove every profile that these documents don't name",
            ));
        }
        Ok(())
    }
}

impl Listing {
    /// An end that doesn't say how many there are is none.
    fn end(&mut self, count: Option<i64>) {
        let Some(count) = count else { return };
        self.is_ended = true;
        self.count = self.count.saturating_add(count);
        self.most = self.most.max(count);
    }
}

/// What one document of a listing alone must not say of itself: that it is the end.
pub(crate) fn forget_the_end(document: &mut Document) {
    if document.contains_key("listedAt") {
        document.shift_remove("listed");
    }
}
