//! The page that `aws sso login` sends a person to, found in what it prints.

use crate::flows::progress::Authorize;
use crate::flows::way_back::WayBack;
use crate::session::login_options::Via;

/// Finds the URL and the code in what `aws sso login` prints. Its prose changes between versions; a line that is a URL
/// and a line that is a code don't (AWS-FORMATS 9).
#[derive(Default)]
pub(crate) struct Page {
    url: Option<String>,
    is_told: bool,
}

impl Page {
    /// What to show, as soon as a line completes it; once.
    pub(crate) fn read(&mut self, line: &str) -> Option<Authorize> {
        let line = line.trim();
        if self.is_told {
            return None;
        }
        if (line.starts_with("https://") || line.starts_with("http://"))
            && line.bytes().all(|b| b.is_ascii_graphic())
        {
            if WayBack::of_text(line) != WayBack::None {
                return Some(self.tell(line.to_owned(), None));
            }
            // The second URL of a device login has the code in it, should the line of the code look new.
            if let Some((_, code)) = line.split_once("user_code=").filter(|_| self.url.is_some()) {
                return Some(self.tell(line.to_owned(), Some(code.to_owned())));
            }
            self.url = Some(line.to_owned());
        } else if is_user_code(line)
            && let Some(url) = self.url.take()
        {
            return Some(self.tell(url, Some(line.to_owned())));
        }
        None
    }

    fn tell(&mut self, url: String, user_code: Option<String>) -> Authorize {
        self.is_told = true;
        Authorize { url, user_code, via: Via::Aws, ..Authorize::default() }
    }
}

/// Whether a line is the one that `aws sso login` ends with: prose, and the start URL as its last word.
pub(crate) fn is_success(line: &str) -> bool {
    let line = line.trim();
    line.split_once(": https://").is_some_and(|(prose, url)| prose.contains(' ') && !url.contains(' '))
}

/// `XXXX-XXXX`.
fn is_user_code(line: &str) -> bool {
    let is_group =
        |group: &str| group.len() == 4 && group.bytes().all(|b| b.is_ascii_uppercase() || b.is_ascii_digit());
    line.split_once('-').is_some_and(|(first, second)| is_group(first) && is_group(second))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn url_and_code_are_found_whatever_the_prose() {
        let mut page = Page::default();
        let pages: Vec<_> = [
            "Browser will not be automatically opened.",
            "Please visit the following URL:",
            "",
            "https://device.sso.us-east-1.amazonaws.com/",
            "",
            "Then enter the code:",
            "",
            "ABCD-EFGH",
            "",
            "Alternatively, you may visit the following URL which will autofill the code upon loading:",
            "https://device.sso.us-east-1.amazonaws.com/?user_code=ABCD-EFGH",
        ]
        .iter()
        .filter_map(|line| page.read(line))
        .collect();
        assert_eq!(pages.len(), 1);
        assert_eq!(pages[0].user_code.as_deref(), Some("ABCD-EFGH"));

        assert!(is_success("Successfully logged into Start URL: https://d-1234567890.awsapps.com/start"));
        for line in ["Please visit the following URL:", "https://d-1234567890.awsapps.com/start", "a: http"] {
            assert!(!is_success(line), "{line}");
        }

        let url = "https://oidc.us-east-1.amazonaws.com/authorize?redirect_uri=http%3A%2F%2F127.0.0.1%3A1234%2Foauth%2Fcallback";
        assert_eq!(Page::default().read(url).map(|page| page.url).as_deref(), Some(url));
    }
}
