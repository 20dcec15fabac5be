//! Signing in: by a device authorization that a person approves, or by the server's own AWS keys. Either way STS says who
//! it is, and a token of the server's own is all that the front end gets.

use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::Json;
use axum::body::Body;
use axum::extract::State;
use axum::http::header::{AUTHORIZATION, HeaderName};
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use axum::response::{IntoResponse as _, Response};
use serde_json::{Value, json};
use sso_tool::failure::FailureKind;
use sso_tool::settings::Settings;
use sso_tool::time::{self, Moment};

use super::app::{self, App};
use super::body;
use super::flow::{Beginning, LIFETIME, Poll, Settled};
use super::locked::locked;
use super::log;
use super::problem::Problem;
use super::signed_in::SignedIn;
use super::state::Server;
use super::token::claims::{Claims, LONGEST, User};
use super::token::keys::Keys;
use super::token::sign_ins::SignIn;
use crate::aws_api::oidc::{Created, Refusal, Registered};
use crate::aws_api::portal::{Denial, Portal};
use crate::credentials::signing_keys::Credentials;
use crate::credentials::sts::{Identity, Sts};
use crate::flows::random;
use crate::session::error::SessionError;

/// How long a request waits for AWS. What takes longer goes on, and the next poll gets the answer.
const TIMEOUT: Duration = Duration::from_secs(10);
/// A call to STS or the portal.
const CALL: Duration = Duration::from_secs(20);
/// Who signed in, for a proxy that asks before it lets a request through.
const USER: HeaderName = HeaderName::from_static("x-auth-user");
const CLIENT_NAME: &str = "sso-login-serve";

type Shared = State<Arc<Server>>;
type Answer = Result<Response, Problem>;

/// `POST /api/auth/aws-login`.
pub(crate) async fn aws_login(State(server): Shared, headers: HeaderMap, body: Body) -> Answer {
    body::document(&headers, body).await?;
    if let Some(secret) = &server.aws_login_secret
        && !bearer(&headers).is_some_and(|given| secret.is_of(given))
    {
        return Err(Problem::unauthorized(
            "unauthorized",
            "this needs the secret of --aws-login-secret-file",
        ));
    }
    let user = user_of_keys().await?;
    server.debug(|| format!("aws-login: STS says {}", user.arn));
    signed_in(&server, user, None).await.map(|answer| answer.response())
}

/// Whom the server's own AWS keys are.
async fn user_of_keys() -> Result<User, Problem> {
    let looked = blocking(|| {
        let settings = &Settings::new(log::TOOL);
        Ok(app::static_keys(settings).and_then(|keys| Ok((keys, app::keys_profile(settings)?))))
    });
    // What somebody put into `.env` since the start, and can't be right.
    let (credentials, profile) = looked
        .await?
        .map_err(|err| Problem::new(StatusCode::SERVICE_UNAVAILABLE, "not_configured", format!("{err:#}")))?;
    let Some(credentials) = credentials else {
        return Err(Problem::bad("no_credentials", "AWS credentials not provided"));
    };
    let identity = identity(Sts::new(&profile, &credentials)?).await;
    identity.map(User::of).map_err(|error| match error.kind {
        FailureKind::Unreachable | FailureKind::Busy => Problem::unreachable(error.reason()),
        FailureKind::Expired
        | FailureKind::Denied
        | FailureKind::Remote
        | FailureKind::UnknownProfile
        | FailureKind::Config => Problem::aws_session_expired(format!(
            "AWS credentials are expired or invalid: {}",
            error.reason()
        )),
    })
}

/// `POST /api/auth/register-client`.
pub(crate) async fn register(State(server): Shared, headers: HeaderMap, body: Body) -> Answer {
    body::document(&headers, body).await?;
    let (app, oidc) = server.app()?;
    if let Some(wait) = locked(&server.flows).full(Instant::now()) {
        return Err(too_many(wait));
    }
    let scopes = app.sso.scopes.clone().unwrap_or_default();
    let registered = oidc.register(CLIENT_NAME, &scopes).await.map_err(|refusal| {
        server.debug(|| format!("register-client: {refusal}"));
        let region = &app.sso.region;
        Problem::new(
            StatusCode::BAD_GATEWAY,
            "registration_failed",
            format!(
                "Failed to register with AWS SSO: {refusal} (SSO region {region}; no permission is needed)"
            ),
        )
    })?;
    server.debug(|| "register-client: a client is registered".to_owned());
    let now = Instant::now();
    let wait = || too_many(LIFETIME);
    let handle = locked(&server.flows).add(registered, now)?.ok_or_else(wait)?;
    let expiration = time::after(time::now()?, LIFETIME).timestamp();
    let body = json!({
        "client_id": handle.client_id,
        "client_secret": handle.client_secret,
        "expiration": expiration,
    });
    Ok(Json(body).into_response())
}

fn too_many(wait: Duration) -> Problem {
    Problem::new(StatusCode::TOO_MANY_REQUESTS, "too_many_flows", "too many sign-ins are under way")
        .retry_after(whole_seconds(wait))
}

/// `POST /api/auth/device-authorization`.
pub(crate) async fn authorize(State(server): Shared, headers: HeaderMap, body: Body) -> Answer {
    let document = body::document(&headers, body).await?;
    let client_id = body::required(&document, "client_id")?;
    let secret = body::required(&document, "client_secret")?;
    let (app, oidc) = server.app()?;
    let unknown = || Problem::bad("invalid_client", "the client isn't known, or has expired; register again");
    let beginning = locked(&server.flows).may_begin(client_id, secret, Instant::now());
    let registered = match beginning {
        Beginning::Now(registered) => registered,
        Beginning::SlowDown(wait) => return Err(slow_down(wait)),
        Beginning::Unknown => return Err(unknown()),
    };
    let device = oidc.authorize(&registered, &app.sso.start_url).await.map_err(|refusal| {
        server.debug(|| format!("device-authorization: {refusal}"));
        match refusal {
            Refusal::Unreachable(_) => Problem::unreachable(refusal.to_string()),
            refusal => Problem::new(
                StatusCode::BAD_GATEWAY,
                "authorization_failed",
                format!(
                    "Failed to start the authorization with AWS SSO: {refusal} (check that the start URL and the SSO \
                     region {} belong together)",
                    app.sso.region
                ),
            ),
        }
    })?;
    let code = locked(&server.flows).begin(client_id, &device, Instant::now())?.ok_or_else(unknown)?;
    server.debug(|| "device-authorization: a person has to approve".to_owned());
    let body = json!({
        "device_code": code,
        "user_code": device.user_code,
        "verification_uri": device.plain_url,
        "verification_uri_complete": device.url,
        "expires_in": device.expires_in.as_secs(),
        "interval": device.interval.as_secs(),
    });
    Ok(Json(body).into_response())
}

/// `POST /api/auth/token`: one attempt.
pub(crate) async fn token(State(server): Shared, headers: HeaderMap, body: Body) -> Answer {
    let document = body::document(&headers, body).await?;
    let client_id = body::required(&document, "client_id")?.to_owned();
    let secret = body::required(&document, "client_secret")?;
    let code = body::required(&document, "device_code")?.to_owned();
    server.app()?;
    let polled = locked(&server.flows).poll(&client_id, secret, &code, Instant::now());
    let (registered, step) = match polled {
        Poll::Ask(registered, aws_code) => (registered, Step::Ask(aws_code)),
        Poll::GoOn(registered, created) => (registered, Step::GoOn(created)),
        Poll::Done(answer) => return Ok(answer.response()),
        Poll::SlowDown(wait) => return Err(slow_down(wait)),
        Poll::Denied => return Err(denied("the sign-in was denied")),
        Poll::TimedOut => return Err(timed_out()),
        Poll::Invalid => return Err(invalid_grant()),
    };
    // A task of its own: who asked may go away, and what AWS answers comes only once.
    let (answering, answered) = tokio::sync::oneshot::channel();
    let task = attempt(Arc::clone(&server), client_id, code, registered, step, answering);
    tokio::spawn(task);
    match tokio::time::timeout(TIMEOUT, answered).await {
        Ok(Ok(answer)) => answer.map(|answer| answer.response()),
        Ok(Err(_)) => Err(Problem::unreachable("the attempt ended without an answer")),
        Err(_) => Err(Problem::unreachable("AWS doesn't answer in time; ask again").retry_after(5)),
    }
}

enum Step {
    /// Ask for the token of a device code.
    Ask(sso_tool::secret::Secret),
    /// There is a token already.
    GoOn(Created),
}

type Answering = tokio::sync::oneshot::Sender<Result<Box<SignedIn>, Problem>>;

/// Asks AWS, writes down what comes of it, and hands it to whoever is still there.
async fn attempt(
    server: Arc<Server>,
    client_id: String,
    code: String,
    registered: Registered,
    step: Step,
    answering: Answering,
) {
    let settle = |settled: Settled| locked(&server.flows).settle(&client_id, &code, settled, Instant::now());
    let problem = match ask(&server, &registered, step).await {
        Ok(answer) => {
            server.debug(|| "token: signed in".to_owned());
            let answer = Box::new(answer);
            // Before the answer goes out: the next poll must not find it unfetched.
            let is_fetched = !answering.is_closed();
            settle(Settled::Done { answer: answer.clone(), is_fetched });
            // One that goes away in this very moment has lost it: the code is good for one sign-in.
            let _ = answering.send(Ok(answer));
            return;
        }
        Err(Failed::Pending) => {
            settle(Settled::Pending);
            Problem::bad("authorization_pending", "nobody has approved the sign-in yet")
        }
        Err(Failed::SlowDown) => slow_down(settle(Settled::SlowDown)),
        Err(Failed::TimedOut) => {
            settle(Settled::TimedOut);
            timed_out()
        }
        Err(Failed::Denied(why)) => {
            settle(Settled::Denied);
            denied(&why)
        }
        Err(Failed::Invalid) => {
            settle(Settled::Invalid);
            invalid_grant()
        }
        Err(Failed::Later(why, created)) => {
            let wait = settle(Settled::Later(created));
            Problem::unreachable(why).retry_after(whole_seconds(wait).max(1))
        }
        Err(Failed::Here(problem, created)) => {
            let wait = settle(Settled::Later(Some(created)));
            problem.retry_after(whole_seconds(wait).max(1))
        }
    };
    server.debug(|| format!("token: {problem:?}"));
    let _ = answering.send(Err(problem));
}

enum Failed {
    Pending,
    SlowDown,
    TimedOut,
    Denied(String),
    Invalid,
    /// AWS can't be reached; with what must not get lost.
    Later(String, Option<Created>),
    /// A person approved, and this server can't keep the sign-in now.
    Here(Problem, Created),
}

async fn ask(server: &Server, registered: &Registered, step: Step) -> Result<SignedIn, Failed> {
    let later = |why: &str| Failed::Later(why.to_owned(), None);
    let (app, oidc) = server.app().map_err(|_| later("the server has no SSO portal to sign in to"))?;
    let created = match step {
        Step::GoOn(created) => created,
        Step::Ask(code) => oidc.poll(registered, &code).await.map_err(|refusal| match refusal {
            Refusal::Pending => Failed::Pending,
            Refusal::SlowDown => Failed::SlowDown,
            Refusal::Expired => Failed::TimedOut,
            Refusal::Denied => Failed::Denied("the sign-in was denied".to_owned()),
            Refusal::InvalidGrant | Refusal::InvalidClient => Failed::Invalid,
            Refusal::Unreachable(_) => Failed::Later(refusal.to_string(), None),
            Refusal::Other(_) => Failed::Denied(refusal.to_string()),
        })?,
    };
    server.debug(|| "token: approved; asking for the role's credentials".to_owned());
    let portal = match Portal::new(&Settings::new(log::TOOL), &app.profile, &app.sso.region) {
        Ok(portal) => portal,
        Err(err) => return Err(Failed::Later(format!("{err:#}"), Some(created))),
    };
    match signed_in_by(server, app, &portal, &created).await {
        Ok(answer) => {
            log_out(server, &portal, &created).await;
            Ok(answer)
        }
        Err(NotSignedIn::Never(why)) => {
            log_out(server, &portal, &created).await;
            Err(Failed::Denied(why))
        }
        Err(NotSignedIn::Unreachable) => {
            Err(Failed::Later("AWS can't be reached; ask again".to_owned(), Some(created)))
        }
        Err(NotSignedIn::Here(problem)) => Err(Failed::Here(problem, created)),
    }
}

/// Why an approval is no sign-in.
enum NotSignedIn {
    /// The code will never be a sign-in.
    Never(String),
    /// AWS can't be reached.
    Unreachable,
    /// The server can't keep the sign-in: a full disk, too many.
    Here(Problem),
}

/// Role credentials, and whom STS says that they are.
async fn signed_in_by(
    server: &Server,
    app: &App,
    portal: &Portal,
    created: &Created,
) -> Result<SignedIn, NotSignedIn> {
    let call = portal.credentials(&created.access_token, &app.account_id, &app.role_name);
    let role = match tokio::time::timeout(CALL, call).await {
        Ok(Ok(role)) => role,
        Ok(Err(Denial::Forbidden)) => {
            let (role, account) = (&app.role_name, &app.account_id);
            return Err(NotSignedIn::Never(format!("no access to role {role} of account {account}")));
        }
        Ok(Err(Denial::Other(name))) => {
            return Err(NotSignedIn::Never(format!("the SSO portal answered {name}")));
        }
        Ok(Err(Denial::Unauthorized)) => {
            return Err(NotSignedIn::Never("the SSO portal doesn't accept the sign-in".to_owned()));
        }
        Ok(Err(Denial::Unreachable(_) | Denial::Throttled)) | Err(_) => return Err(NotSignedIn::Unreachable),
    };
    let until = role.expires_at;
    let sts = Sts::new(&app.profile, &Credentials::from(role))
        .map_err(|err| NotSignedIn::Never(format!("{err:#}")))?;
    let identity = identity(sts).await.map_err(|error| match error.kind {
        FailureKind::Unreachable | FailureKind::Busy => NotSignedIn::Unreachable,
        FailureKind::Expired
        | FailureKind::Denied
        | FailureKind::Remote
        | FailureKind::UnknownProfile
        | FailureKind::Config => NotSignedIn::Never(error.reason().to_owned()),
    })?;
    signed_in(server, User::of(identity), Some(until)).await.map_err(NotSignedIn::Here)
}

/// The AWS token has done its work. Nobody can be told where this fails, and it ends by itself.
async fn log_out(server: &Server, portal: &Portal, created: &Created) {
    match tokio::time::timeout(CALL, portal.logout(&created.access_token)).await {
        Ok(Ok(())) => server.debug(|| "token: the AWS session of the sign-in is ended".to_owned()),
        _ => server.debug(|| "token: the AWS session of the sign-in couldn't be ended".to_owned()),
    }
}

async fn identity(sts: Sts) -> Result<Identity, SessionError> {
    let late = || Err(SessionError::unreachable("STS did not answer in time"));
    tokio::time::timeout(CALL, sts.identity()).await.unwrap_or_else(|_| late())
}

/// A new sign-in and its first token.
async fn signed_in(server: &Server, user: User, until: Option<Moment>) -> Result<SignedIn, Problem> {
    let now = time::now()?;
    let id = random::token(18)?;
    let ends_at = end(now, until);
    if ends_at <= now {
        return Err(Problem::aws_session_expired("AWS credentials are expired"));
    }
    let sign_ins = Arc::clone(&server.sign_ins);
    let key = id.clone();
    let is_kept = blocking(move || sign_ins.keep(&key, SignIn { until, last: ends_at }, now)).await?;
    if !is_kept {
        return Err(too_many(LONGEST));
    }
    issued(server, Claims { user, sign_in: id, ends_at }, now)
}

fn end(now: Moment, until: Option<Moment>) -> Moment {
    let longest = time::after(now, LONGEST);
    until.map_or(longest, |until| until.min(longest))
}

fn issued(server: &Server, claims: Claims, now: Moment) -> Result<SignedIn, Problem> {
    let id = random::token(18)?;
    let token = locked(&server.keys).sign(&claims.value(&server.audience, &id, now))?;
    let expires_in = (claims.ends_at - now).num_seconds();
    Ok(SignedIn { token: token.into(), expires_in, user: claims.user })
}

/// `GET /api/auth/me`.
pub(crate) async fn me(State(server): Shared, headers: HeaderMap) -> Answer {
    let claims = checked(&server, &headers).await?;
    Ok(Json(claims.user.document()).into_response())
}

/// `GET /api/auth/verify`: for `auth_request` of nginx and `forward_auth` of Caddy.
pub(crate) async fn verify(State(server): Shared, headers: HeaderMap) -> Answer {
    let claims = checked(&server, &headers).await?;
    let user = HeaderValue::from_str(&claims.user.id).map_err(|_| Problem::credentials())?;
    let mut response = StatusCode::NO_CONTENT.into_response();
    response.headers_mut().insert(USER, user);
    Ok(response)
}

/// `POST /api/auth/refresh`.
pub(crate) async fn refresh(State(server): Shared, headers: HeaderMap, body: Body) -> Answer {
    body::document(&headers, body).await?;
    let claims = checked(&server, &headers).await?;
    let sign_in = server.sign_ins.get(&claims.sign_in).ok_or_else(Problem::credentials)?;
    // The server's own keys don't say when they end, and STS does when they have.
    if sign_in.until.is_none() && user_of_keys().await?.id != claims.user.id {
        return Err(Problem::credentials());
    }
    let now = time::now()?;
    let ends_at = end(now, sign_in.until);
    if ends_at <= now {
        return Err(Problem::credentials());
    }
    let (sign_ins, id) = (Arc::clone(&server.sign_ins), claims.sign_in.clone());
    if !blocking(move || sign_ins.prolong(&id, ends_at, now)).await? {
        return Err(Problem::credentials());
    }
    issued(&server, Claims { ends_at, ..claims }, now).map(|answer| answer.response())
}

/// `POST /api/auth/logout`: ends the sign-in, and with it every token that came of it.
pub(crate) async fn logout(State(server): Shared, headers: HeaderMap, body: Body) -> Answer {
    body::document(&headers, body).await?;
    let claims = checked(&server, &headers).await?;
    let sign_ins = Arc::clone(&server.sign_ins);
    let now = time::now()?;
    blocking(move || sign_ins.end(&claims.sign_in, now)).await?;
    Ok(Json(json!({"detail": "signed out"})).into_response())
}

/// `GET /.well-known/jwks.json`.
pub(crate) async fn public_keys(State(server): Shared) -> Response {
    let keys: Value = locked(&server.keys).public();
    ([("cache-control", "public, max-age=300")], Json(keys)).into_response()
}

/// The claims of a request's token.
async fn checked(server: &Arc<Server>, headers: &HeaderMap) -> Result<Claims, Problem> {
    let token = bearer(headers).ok_or_else(Problem::credentials)?.to_owned();
    let now = time::now()?;
    if locked(&server.keys).lacks_key_of(&token) && server.may_look_for_keys() {
        let server = Arc::clone(server);
        blocking(move || Keys::renew(&server.keys, now, false)).await?;
    }
    let value = locked(&server.keys).check(&token, &server.audience).ok_or_else(Problem::credentials)?;
    let claims = Claims::of(&value, now).ok_or_else(Problem::credentials)?;
    server.sign_ins.get(&claims.sign_in).ok_or_else(Problem::credentials)?;
    Ok(claims)
}

/// The token of `Authorization: Bearer`.
pub(crate) fn bearer(headers: &HeaderMap) -> Option<&str> {
    let mut all = headers.get_all(AUTHORIZATION).iter();
    let (Some(value), None) = (all.next(), all.next()) else { return None };
    let (scheme, token) = value.to_str().ok()?.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| token.trim())
}

fn slow_down(wait: Duration) -> Problem {
    Problem::new(StatusCode::TOO_MANY_REQUESTS, "slow_down", "slow_down: ask again after Retry-After seconds")
        .retry_after(whole_seconds(wait).max(1))
}

fn timed_out() -> Problem {
    Problem::new(StatusCode::REQUEST_TIMEOUT, "expired_token", "Authorization timed out")
}

fn denied(why: &str) -> Problem {
    Problem::bad("access_denied", why)
}

fn invalid_grant() -> Problem {
    Problem::bad(
        "invalid_grant",
        "the device code isn't this client's, has already been used, or has expired",
    )
}

/// Rounded up: who comes back after that long isn't early.
fn whole_seconds(wait: Duration) -> u64 {
    wait.as_secs() + u64::from(wait.subsec_nanos() > 0)
}

/// Does what waits for a disk on a thread of its own.
pub(crate) async fn blocking<T: Send + 'static>(
    act: impl FnOnce() -> anyhow::Result<T> + Send + 'static,
) -> Result<T, Problem> {
    match tokio::task::spawn_blocking(act).await {
        Ok(answer) => Ok(answer?),
        Err(err) => Err(Problem::internal(&anyhow::Error::from(err).context("a task failed"))),
    }
}
