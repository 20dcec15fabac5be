//! The errors of the three services, with status, header and body as each of them writes them.

use serde_json::json;

use super::answer::Answer;
use super::operation::Service;

/// An error answer: what the service calls it, its HTTP status and its message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Refusal {
    service: Service,
    status: u16,
    /// The exception's name, for the header `x-amzn-ErrorType`; empty where no service would name one
    /// (a load balancer's 503).
    exception: &'static str,
    /// The OAuth code of an OIDC error; the exception's name again elsewhere.
    code: &'static str,
    message: String,
}

/// AWS-FORMATS 4: exception, OAuth code, HTTP status, description.
const OIDC: [(&str, &str, u16, &str); 13] = [
    ("AuthorizationPendingException", "authorization_pending", 400, ""),
    ("SlowDownException", "slow_down", 400, "Too many requests"),
    ("ExpiredTokenException", "expired_token", 400, "Device code has expired"),
    ("AccessDeniedException", "access_denied", 400, "The user denied the request"),
    ("InvalidGrantException", "invalid_grant", 400, "Invalid grant provided"),
    ("InvalidClientException", "invalid_client", 401, "Invalid client provided"),
    ("UnauthorizedClientException", "unauthorized_client", 400, "The client may not use this grant"),
    ("UnsupportedGrantTypeException", "unsupported_grant_type", 400, "Unsupported grant type"),
    ("InvalidScopeException", "invalid_scope", 400, "Invalid scope"),
    ("InvalidRequestException", "invalid_request", 400, "Invalid request"),
    ("InvalidClientMetadataException", "invalid_client_metadata", 400, "Invalid client metadata"),
    ("InvalidRedirectUriException", "invalid_redirect_uri", 400, "Invalid redirect URI"),
    ("InternalServerException", "server_error", 500, "Internal server error"),
];

/// AWS-FORMATS 5: exception, HTTP status, typical message.
const PORTAL: [(&str, u16, &str); 5] = [
    ("UnauthorizedException", 401, "Session token not found or invalid"),
    ("ForbiddenException", 403, "No access"),
    ("InvalidRequestException", 400, "Invalid request"),
    ("ResourceNotFoundException", 404, "Resource not found"),
    ("TooManyRequestsException", 429, "HTTP 429 Unknown Code"),
];

/// The common errors of the AWS Query protocol that `GetCallerIdentity` can give.
const STS: [(&str, u16, &str); 7] = [
    ("ExpiredToken", 403, "The security token included in the request is expired"),
    ("InvalidClientTokenId", 403, "The security token included in the request is invalid."),
    ("MissingAuthenticationToken", 403, "Request is missing Authentication Token"),
    ("Throttling", 400, "Rate exceeded"),
    ("InvalidAction", 400, "Could not find operation"),
    ("InternalFailure", 500, "The request processing has failed because of an unknown error"),
    ("ServiceUnavailable", 503, "The request has failed due to a temporary failure of the server"),
];

/// The errors of S3 that a signature can come to, and those of a bad day.
const S3: [(&str, u16, &str); 7] = [
    ("AccessDenied", 403, "Access Denied"),
    ("ExpiredToken", 400, "The provided token has expired."),
    ("InvalidAccessKeyId", 403, "The AWS Access Key Id you provided does not exist in our records."),
    ("InvalidToken", 400, "The provided token is malformed or otherwise invalid."),
    (
        "SignatureDoesNotMatch",
        403,
        "The request signature we calculated does not match the signature you provided. Check your key and signing method.",
    ),
    ("InternalError", 500, "We encountered an internal error. Please try again."),
    ("SlowDown", 503, "Please reduce your request rate."),
];

impl Refusal {
    /// An OIDC error by its OAuth code. An unknown code is a server error: that is what a service with a bug says.
    pub(super) fn oidc(code: &str) -> Self {
        Self::named(Service::Oidc, code).unwrap_or_else(|| Self::bare(Service::Oidc, 500))
    }

    /// A portal error by its exception's name.
    pub(super) fn portal(exception: &str) -> Self {
        Self::named(Service::Portal, exception).unwrap_or_else(|| Self::bare(Service::Portal, 500))
    }

    /// An STS error by its code.
    pub(super) fn sts(code: &str) -> Self {
        Self::named(Service::Sts, code).unwrap_or_else(|| Self::bare(Service::Sts, 500))
    }

    /// An S3 error by its code.
    pub(super) fn s3(code: &str) -> Self {
        Self::named(Service::S3, code).unwrap_or_else(|| Self::bare(Service::S3, 500))
    }

    /// Any error of a service by either of its names, for `--error`.
    pub(super) fn named(service: Service, name: &str) -> Option<Self> {
        Self::table(service).into_iter().find(|refusal| refusal.code == name || refusal.exception == name)
    }

    /// The error that a service gives with this status, for `--fail`; an answer without a name where it
    /// has none.
    pub(super) fn of_status(service: Service, status: u16) -> Self {
        let usual = match (service, status) {
            (Service::Oidc, 400) => Some("invalid_request"),
            (Service::Sts, 403) => Some("InvalidClientTokenId"),
            _ => None,
        };
        usual
            .and_then(|name| Self::named(service, name))
            .or_else(|| Self::table(service).into_iter().find(|refusal| refusal.status == status))
            .unwrap_or_else(|| Self::bare(service, status))
    }

    /// The names `--error` takes for a service.
    pub(super) fn names(service: Service) -> Vec<&'static str> {
        Self::table(service).into_iter().map(|refusal| refusal.code).collect()
    }

    /// Says more precisely what is wrong.
    pub(super) fn because(mut self, message: impl Into<String>) -> Self {
        self.message = message.into();
        self
    }

    fn table(service: Service) -> Vec<Self> {
        match service {
            Service::Oidc => OIDC
                .iter()
                .map(|&(exception, code, status, message)| Self {
                    service,
                    status,
                    exception,
                    code,
                    message: message.to_owned(),
                })
                .collect(),
            Service::Portal => Self::plain_table(service, &PORTAL),
            Service::Sts => Self::plain_table(service, &STS),
            Service::S3 => Self::plain_table(service, &S3),
        }
    }

    fn plain_table(service: Service, rows: &[(&'static str, u16, &str)]) -> Vec<Self> {
        rows.iter()
            .map(|&(code, status, message)| Self {
                service,
                status,
                exception: code,
                code,
                message: message.to_owned(),
            })
            .collect()
    }

    fn bare(service: Service, status: u16) -> Self {
        Self { service, status, exception: "", code: "", message: format!("HTTP {status}") }
    }
}

/// What this machine can't do is a fault of the service, to a client.
impl From<anyhow::Error> for Refusal {
    fn from(err: anyhow::Error) -> Self {
        Self::bare(Service::Oidc, 500).because(format!("{err:#}"))
    }
}

impl From<Refusal> for Answer {
    fn from(refusal: Refusal) -> Self {
        let Refusal { service, status, exception, code, message } = refusal;
        if exception.is_empty() {
            return Answer::new(status, "text/plain", message);
        }
        match service {
            Service::Oidc => Answer::json(status, &json!({"error": code, "error_description": message}))
                .error_type(format!("{exception}:http://internal.amazon.com/coral/com.amazonaws.sso.oidc/")),
            Service::Portal => Answer::json(
                status,
                &json!({"message": message, "__type": format!("com.amazonaws.switchboard.portal#{exception}")}),
            )
            .error_type(format!("{exception}:http://internal.amazon.com/coral/com.amazonaws.switchboard.portal/")),
            Service::S3 => Answer::xml(
                status,
                format!(
                    "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<Error><Code>{code}</Code><Message>{message}</Message>\
                     <RequestId>0000000000000000</RequestId></Error>"
                ),
            ),
            Service::Sts => {
                let fault = if status < 500 { "Sender" } else { "Receiver" };
                Answer::xml(
                    status,
                    format!(
                        "<ErrorResponse xmlns=\"https://sts.amazonaws.com/doc/2011-06-15/\"><Error>\
                         <Type>{fault}</Type><Code>{code}</Code><Message>{message}</Message></Error>\
                         <RequestId>00000000-0000-4000-8000-000000000000</RequestId></ErrorResponse>\n"
                    ),
                )
            }
        }
        .error_code(code)
    }
}
