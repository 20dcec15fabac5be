//! The answers of a service, up to a size, and no pages: whoever answers in its place (a proxy, a captive portal, a broken server) may
//! send without end.

use std::fmt;

use aws_smithy_runtime_api::client::http::{HttpConnector, HttpConnectorFuture, SharedHttpConnector};
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
use aws_smithy_runtime_api::client::result::ConnectorError;
use aws_smithy_types::body::SdkBody;
use http_body_util::{BodyExt as _, LengthLimitError, Limited};

/// The longest answer that is taken, in bytes. A page of a hundred accounts has some ten thousand.
const LARGEST: usize = 4 << 20;

/// A connector that reads each answer whole, and gives up on one that is too long.
#[derive(Debug)]
pub(crate) struct Bounded {
    connector: SharedHttpConnector,
}

impl Bounded {
    pub(crate) fn new(connector: SharedHttpConnector) -> Self {
        Self { connector }
    }
}

impl HttpConnector for Bounded {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let answer = self.connector.call(request);
        HttpConnectorFuture::new(async move { whole(answer.await?).await })
    }
}

async fn whole(mut answer: HttpResponse) -> Result<HttpResponse, ConnectorError> {
    let body = Limited::new(answer.take_body(), LARGEST).collect().await.map_err(|err| {
        if err.is::<LengthLimitError>() {
            // Of no kind that is tried again: the next answer would be as long.
            ConnectorError::other(TooLong.into(), None)
        } else {
            ConnectorError::io(err)
        }
    })?;
    *answer.body_mut() = SdkBody::from(body.to_bytes());
    // No service of AWS answers well with a page. Where an answer has no content (a logout), nobody would notice.
    let is_page = answer.headers().get("content-type").is_some_and(|kind| kind.starts_with("text/html"));
    if answer.status().is_success() && is_page {
        return Err(ConnectorError::other(Page(answer.status().as_u16()).into(), None));
    }
    Ok(answer)
}

#[derive(Debug)]
struct Page(u16);

impl fmt::Display for Page {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "it answers {} with unexpected content", self.0)
    }
}

impl std::error::Error for Page {}

#[derive(Debug)]
struct TooLong;

impl fmt::Display for TooLong {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "its answer is larger than {} MiB", LARGEST >> 20)
    }
}

impl std::error::Error for TooLong {}
