//! Endpoints that a config sets instead of AWS's own (AWS-FORMATS 6). Those of the
//! environment, which come first, are for whoever makes the call.

use sso_tool::stream::Document;

use crate::config::Named;
use crate::ini::Value;
use crate::merged::Merged;
use crate::unusable::Unusable;

/// The endpoints of a profile, as far as the config sets them.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Endpoints {
    /// Of `sso-oidc`, which hands out tokens.
    pub sso_oidc: Option<String>,
    /// Of `sso`, the portal, which hands out role credentials.
    pub sso: Option<String>,
    pub sts: Option<String>,
}

impl Endpoints {
    /// Reads those of a profile. `ignored` is `AWS_IGNORE_CONFIGURED_ENDPOINT_URLS`, if set; it beats the
    /// profile's own `ignore_configured_endpoint_urls`.
    pub(crate) fn of(keys: Merged<'_>, services: &Named, ignored: Option<bool>) -> Result<Self, Unusable> {
        let own = keys.text("ignore_configured_endpoint_urls")?.map(is_true);
        if ignored.or(own).unwrap_or(false) {
            return Ok(Self::default());
        }
        let everywhere = keys.text("endpoint_url")?.filter(|url| !url.is_empty());
        let section = match keys.text("services")? {
            None => None,
            Some(name) => match services.get(name).filter(|section| !section.is_empty()) {
                Some(section) => Some(section),
                None => return Err(Unusable::new(format!("services section `{name}` does not exist"))),
            },
        };
        let of = |service: &str| {
            let block = match section.and_then(|section| section.get(service)) {
                Some(Value::Block(block)) => block.as_slice(),
                _ => &[],
            };
            let url = block.iter().find(|(key, url)| key == "endpoint_url" && !url.is_empty());
            url.map(|(_, url)| url.as_str()).or(everywhere).map(str::to_owned)
        };
        Ok(Self { sso_oidc: of("sso_oidc"), sso: of("sso"), sts: of("sts") })
    }

    /// The object of a profile document, if there is anything to say.
    pub fn document(&self) -> Option<Document> {
        let mut document = Document::new();
        for (key, url) in [("ssoOidc", &self.sso_oidc), ("sso", &self.sso), ("sts", &self.sts)] {
            if let Some(url) = url {
                document.set(key, url.as_str());
            }
        }
        (!document.is_empty()).then_some(document)
    }
}

/// botocore's `ensure_boolean`: `true` in any case, nothing else.
pub(crate) fn is_true(text: &str) -> bool {
    text.eq_ignore_ascii_case("true")
}
