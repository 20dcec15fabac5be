//! Whether a login registers a client with AWS. Then AWS asks the person for consent, and they are told beforehand
//! (AWS-FORMATS 2).

mod earlier;
mod reason;
pub(crate) mod registered;
mod wanted_registration;

use std::time::Duration;

use sso_cache::entry::{Entry, Written};
use sso_cache::registration::{Flow, Registration, Unfit};
use sso_cache::repair::Repair;
use sso_profile::Profile;
use sso_tool::sanitize::sanitize;
use sso_tool::settings::Settings;
use sso_tool::time::{self, Moment};

use crate::flows::client::{Client, LoginClient};
use crate::login::route::{self, Choice, Route};
use crate::session::cached::Session;
use crate::session::login_options::{Via, after};
pub use reason::Reason;
pub use wanted_registration::Maker;
use wanted_registration::WantedRegistration;

/// What becomes of the registration in a login.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Use {
    /// The one that is in the cache is used again: AWS doesn't ask for consent to it.
    Kept,
    /// A client is registered, and AWS asks the person to allow it.
    New(Reason),
}

/// What is known about the registration before a login.
#[derive(Clone, Debug)]
pub struct ConsentForecast {
    /// What will become of it.
    pub registration: Use,
    wanted: WantedRegistration,
    /// The session or profile, in words.
    whose: String,
    now: Moment,
    /// What the cache has before the login. Whether it is used again is decided by this alone.
    found: Entry<Registration>,
}

/// Whether a login of this profile's session by `via` would register a client anew, and why. Asks nothing of the network;
/// `Via::Auto` and `Via::Aws` run `aws --version`. `None` where no such login is possible: the profile isn't one of SSO, or
/// there is no AWS CLI v2.
///
/// Says nothing about whether a login is needed. Errors: files that can't be read, status 74.
pub fn foresee(
    settings: &Settings,
    profile: &Profile,
    via: Via,
    opens_browser: bool,
) -> anyhow::Result<Option<ConsentForecast>> {
    let Some(sso) = &profile.sso else { return Ok(None) };
    let session = Session::new(settings, sso)?;
    match route::find(settings, sso, via.meant(settings), opens_browser, after(Duration::MAX)) {
        Choice::Way(route) => ConsentForecast::new(&session, &profile.name, &route).map(Some),
        Choice::NoAws(_) | Choice::Nobody(_) | Choice::TimedOut(_) | Choice::Interrupted(_) => Ok(None),
    }
}

impl ConsentForecast {
    pub(crate) fn new(session: &Session<'_>, profile: &str, route: &Route) -> anyhow::Result<Self> {
        let whose = match &session.sso.session {
            Some(name) => format!("session {}", sanitize(name)),
            None => format!("profile {}", sanitize(profile)),
        };
        let (wanted, now) = (WantedRegistration::new(session, route), time::now()?);
        let found = Registration::read(&wanted.file)?;
        let registration = match &found {
            Entry::Whole(found) => wanted.use_of(found, now),
            Entry::Missing => Use::New(earlier::reason(session, &wanted, now)?),
            Entry::Corrupt(_) => Use::New(Reason::Corrupt),
        };
        Ok(Self { registration, wanted, whose, now, found })
    }

    /// The client of a login of this process's own, by what was found.
    pub(crate) fn client<'a>(&self, session: &'a Session<'a>, flow: Flow) -> LoginClient<'a> {
        LoginClient::planned(Client::new(session, flow), self.found.clone(), !self.is_new())
    }

    /// The forecast after a damaged registration of the AWS CLI is mended or put aside: the AWS CLI fails at one until it is
    /// gone (AWS-FORMATS 10).
    pub(crate) fn mended(mut self, settings: &Settings, session: &Session<'_>) -> anyhow::Result<Self> {
        if self.wanted.maker != Maker::Aws || self.registration != Use::New(Reason::Corrupt) {
            return Ok(self);
        }
        let repair = Repair { cache: &session.cache, state_dir: settings.state_dir()?, is_dry: false };
        if let Err(err) = repair.run_one(self.wanted.file.clone()) {
            // The login fails of it, then, and says so itself.
            settings.debug(|| format!("{err:#}"));
        }
        self.found = Registration::read(&self.wanted.file)?;
        if let Entry::Whole(found) = &self.found {
            self.registration = self.wanted.use_of(found, self.now);
        }
        Ok(self)
    }

    /// The next login after AWS has refused a registration that looked good. The AWS CLI's goes, since it would use it for ever;
    /// `None` if it isn't the AWS CLI's, or wasn't there, or somebody else has replaced it.
    pub(crate) fn rejected(mut self) -> anyhow::Result<Option<Self>> {
        let is_used = self.wanted.maker == Maker::Aws && self.registration == Use::Kept;
        let Some(used) = self.found.as_whole().filter(|_| is_used) else { return Ok(None) };
        if used.remove(&self.wanted.file)? != Written::Done {
            return Ok(None);
        }
        self.registration = Use::New(Reason::Rejected);
        Ok(Some(self))
    }

    /// Whether AWS will ask for consent.
    pub fn is_new(&self) -> bool {
        self.registration != Use::Kept
    }

    /// What to tell a person before the login, without a newline; `None` if AWS will not ask.
    pub fn notice(&self) -> Option<String> {
        match &self.registration {
            Use::Kept => None,
            Use::New(reason) => Some(self.notice_of(reason)),
        }
    }

    fn notice_of(&self, reason: &Reason) -> String {
        let again = if *reason == Reason::First { "" } else { " again" };
        let name = sanitize(&self.wanted.name);
        let why = reason.in_words(&self.whose, self.now);
        let notice = format!("AWS will ask you{again} to allow access for {name}: {why}.");
        match self.wanted.shows_code {
            Some(version) => format!("{notice}\n(AWS CLI {version} shows a code to compare.)"),
            None => notice,
        }
    }

    /// What became of it by now; `None` if nothing has.
    fn by_now(&self) -> Option<Use> {
        let client = Registration::read(&self.wanted.file).ok()?.whole()?.client_id;
        let before = self.found.as_whole().map(|found| &found.client_id);
        match (before == Some(&client), &self.registration) {
            (true, Use::Kept) => Some(Use::Kept),
            (true, Use::New(_)) => None,
            // It looked good in the cache.
            (false, Use::Kept) => Some(Use::New(Reason::Rejected)),
            (false, new @ Use::New(_)) => Some(new.clone()),
        }
    }
}

impl WantedRegistration {
    /// What becomes of a registration that is in the cache.
    fn use_of(&self, found: &Registration, now: Moment) -> Use {
        match found.unfit(self.flow, now) {
            None => Use::Kept,
            Some(Unfit::Over) => Use::New(Reason::Over(found.expires_at)),
            Some(Unfit::OtherFlow) => Use::New(Reason::Flow),
            Some(Unfit::Unanswered(count)) => Use::New(Reason::Unanswered(count)),
        }
    }
}

impl Use {
    /// The keys of documents.
    fn add(&self, mut set: impl FnMut(&'static str, &'static str)) {
        match self {
            Self::Kept => set("registration", "kept"),
            Self::New(reason) => {
                set("registration", "new");
                set("registrationReason", reason.word());
            }
        }
    }
}

#[cfg(test)]
mod tests;
