//! The registration of a login under way: who is told what about it.

use sso_tool::stream::Document;

use super::{ConsentForecast, Use};
use crate::flows::consent_notice::ConsentNotice;
use crate::session::answer::Answer;

/// A forecast, compared with what the cache has by now.
#[derive(Debug)]
pub(crate) struct Registered {
    forecast: ConsentForecast,
    /// What the last page was for.
    shown: Option<Use>,
    is_told: bool,
}

impl Registered {
    /// The registration that a login is about to use.
    pub(crate) fn expected(forecast: ConsentForecast) -> Self {
        Self { forecast, shown: None, is_told: false }
    }
}

impl ConsentNotice for Registered {
    fn notice(&mut self) -> Option<String> {
        let notice = self.forecast.notice().filter(|_| !self.is_told)?;
        self.is_told = true;
        Some(notice)
    }

    fn show(&mut self, event: &mut Document) -> Option<String> {
        let used = self.forecast.by_now().unwrap_or_else(|| self.forecast.registration.clone());
        used.add(|key, word| event.set(key, word));
        let notice = match &used {
            Use::Kept => None,
            Use::New(reason) => Some(self.forecast.notice_of(reason)),
        };
        if let Some(notice) = &notice {
            event.set("notice", notice.as_str());
        }
        self.shown = Some(used);
        notice.filter(|_| !std::mem::replace(&mut self.is_told, true))
    }

    fn settle(&mut self, mut answer: Answer) -> Answer {
        let by_now = self.forecast.by_now().filter(|used| *used != Use::Kept || answer.is_good());
        if let Some(used) = by_now.or(self.shown.take()) {
            used.add(|key, word| answer.set(key, word));
        }
        answer
    }
}
