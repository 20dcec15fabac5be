//! The server itself: its routes, its connections, and its end.

use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::Context as _;
use axum::Router;
use axum::extract::{Request, State};
use axum::http::header::{CACHE_CONTROL, ORIGIN};
use axum::http::{HeaderValue, Method, StatusCode};
use axum::middleware::{self, Next};
use axum::response::{IntoResponse as _, Response};
use axum::routing::{get, post};
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::GracefulShutdown;
use hyper_util::service::TowerToHyperService;
use serde_json::json;
use sso_tool::stream::Document;
use tokio::signal::unix::{SignalKind, signal};

use super::announcer;
use super::connections::{Connections, Slot};
use super::gate::Gate;
use super::locked::locked;
use super::log;
use super::problem::Problem;
use super::state::Server;
use super::token::keys::Keys;
use super::{credentials, page, sign_in};

/// The most connections at the same time: each is a file of this process.
const CONNECTIONS: usize = 512;
/// How long a client may take for the head of a request, and stay without one.
const HEAD: Duration = Duration::from_secs(10);
/// How long requests that are under way get after a signal.
const FAREWELL: Duration = Duration::from_secs(10);
/// How often a missed session is looked at, and how often the key's age.
const LOOK: Duration = Duration::from_secs(2);

/// Writes the first document and serves until a signal comes, or nobody listens to its documents any more.
pub(crate) async fn serve(
    server: Arc<Server>,
    listener: TcpListener,
    first: &Document,
) -> anyhow::Result<()> {
    let listener = tokio::net::TcpListener::from_std(listener).context("cannot listen at the address")?;
    let mut ends = [SignalKind::terminate(), SignalKind::interrupt(), SignalKind::hangup()]
        .map(signal)
        .into_iter()
        .collect::<Result<Vec<_>, _>>()
        .context("cannot catch signals")?;
    let mut renew = signal(SignalKind::user_defined1()).context("cannot catch signals")?;
    // Only now: whoever has read it may send a signal.
    announcer::say(first)?;
    let service = TowerToHyperService::new(router(Arc::clone(&server)));
    let connections = Connections::new(CONNECTIONS);
    let graceful = GracefulShutdown::new();
    let mut looks = tokio::time::interval(LOOK);
    looks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    let mut failure = None;
    let [terminate, interrupt, hangup] = ends.as_mut_slice() else { anyhow::bail!("a signal is missing") };
    loop {
        tokio::select! {
            _ = terminate.recv() => break,
            _ = interrupt.recv() => break,
            _ = hangup.recv() => break,
            _ = renew.recv() => renew_keys(&server, true).await,
            _ = looks.tick() => {
                failure = server.announcer.failure();
                if failure.is_some() {
                    break;
                }
                look(&server).await;
            }
            accepted = accept(&listener, &connections) => {
                let Some((stream, place)) = accepted else { continue };
                let connection = http1::Builder::new()
                    .timer(TokioTimer::new())
                    .header_read_timeout(HEAD)
                    .max_headers(64)
                    .max_buf_size(32 << 10)
                    .serve_connection(TokioIo::new(stream), place.requests(service.clone()));
                let connection = graceful.watch(connection);
                // A client that went away, or never sent a request, is no matter of ours.
                tokio::spawn(place.hold(connection));
            }
        }
    }
    drop(listener);
    let _ = tokio::time::timeout(FAREWELL, graceful.shutdown()).await;
    failure.map_or(Ok(()), Err)
}

async fn look(server: &Arc<Server>) {
    let looking = Arc::clone(server);
    let looked = sign_in::blocking(move || {
        looking.handout.look_for_missed();
        Ok(())
    });
    // Its errors are on stderr.
    let _ = looked.await;
    renew_keys(server, false).await;
}

/// Makes a new key if it is time, or if somebody wants one (SIGUSR1).
async fn renew_keys(server: &Arc<Server>, is_wanted: bool) {
    let server = Arc::clone(server);
    let renewed = sign_in::blocking(move || {
        let now = sso_tool::time::now()?;
        let is_due = is_wanted || locked(&server.keys).is_due(now);
        if is_due { Keys::renew(&server.keys, now, is_wanted) } else { Ok(()) }
    });
    let _ = renewed.await;
}

fn router(server: Arc<Server>) -> Router {
    Router::new()
        .route("/", get(page::page))
        .route("/healthz", get(health))
        .route("/.well-known/jwks.json", get(sign_in::public_keys))
        .route("/api/auth/aws-login", post(sign_in::aws_login))
        .route("/api/auth/register-client", post(sign_in::register))
        .route("/api/auth/device-authorization", post(sign_in::authorize))
        .route("/api/auth/token", post(sign_in::token))
        .route("/api/auth/me", get(sign_in::me))
        .route("/api/auth/verify", get(sign_in::verify))
        .route("/api/auth/refresh", post(sign_in::refresh))
        .route("/api/auth/logout", post(sign_in::logout))
        .route("/credentials/{profile}", get(credentials::credentials))
        .fallback(nothing)
        .method_not_allowed_fallback(wrong_method)
        .layer(middleware::from_fn_with_state(Arc::clone(&server), admit))
        .with_state(server)
}

/// One connection; `None` if there is none to be had just now.
async fn accept(
    listener: &tokio::net::TcpListener,
    connections: &Connections,
) -> Option<(tokio::net::TcpStream, Slot)> {
    // First: what is accepted below must not be lost while something else is served.
    connections.room().await;
    match listener.accept().await {
        Ok((stream, _)) => {
            // An answer is one small packet; waiting for more would be forty milliseconds.
            let _ = stream.set_nodelay(true);
            Some((stream, connections.place()))
        }
        Err(_) => {
            // No file is left, for example: the next connection would fail as fast.
            tokio::time::sleep(Duration::from_millis(100)).await;
            None
        }
    }
}

/// Lets a request in, or not, and writes its line.
async fn admit(State(server): State<Arc<Server>>, request: Request, next: Next) -> Response {
    let begin = Instant::now();
    let method = request.method().clone();
    let path = request.uri().path().to_owned();
    let route = route(&path);
    let mut response = match server.gate.admit(request.uri(), request.headers()) {
        Err(problem) => problem.into_response(),
        Ok(Some(_)) if route.starts_with("/credentials") => {
            Problem::forbidden("credentials aren't for pages").into_response()
        }
        Ok(origin) => {
            let is_preflight = method == Method::OPTIONS && request.headers().contains_key(ORIGIN);
            let mut response = match &origin {
                Some(_) if is_preflight => StatusCode::NO_CONTENT.into_response(),
                _ => next.run(request).await,
            };
            if let Some(origin) = &origin {
                Gate::allow(origin, response.headers_mut());
            }
            response
        }
    };
    let headers = response.headers_mut();
    for (name, value) in [("x-content-type-options", "nosniff"), ("referrer-policy", "no-referrer")] {
        headers.insert(name, HeaderValue::from_static(value));
    }
    headers.entry(CACHE_CONTROL).or_insert(HeaderValue::from_static("no-store"));
    let (status, ms) = (response.status().as_u16(), begin.elapsed().as_millis());
    // A name that was answered is a profile's; any other may be anything, a token among it.
    let shown = if route == CREDENTIALS && response.status().is_success() { &path } else { route };
    log::line(&format!("{} {shown} {status} {ms}ms", method_word(&method)));
    response
}

/// A method, for the log: those that a stranger makes up may be of any length.
fn method_word(method: &Method) -> &str {
    const METHODS: [Method; 7] = [
        Method::GET,
        Method::POST,
        Method::HEAD,
        Method::OPTIONS,
        Method::PUT,
        Method::DELETE,
        Method::PATCH,
    ];
    if METHODS.contains(method) { method.as_str() } else { "-" }
}

/// The route of a profile's credentials, as the log has it where nobody was answered.
const CREDENTIALS: &str = "/credentials/PROFILE";

/// The route of a path, for the log: what a stranger asks for doesn't get there.
fn route(path: &str) -> &'static str {
    const ROUTES: [&str; 11] = [
        "/",
        "/healthz",
        "/.well-known/jwks.json",
        "/api/auth/aws-login",
        "/api/auth/register-client",
        "/api/auth/device-authorization",
        "/api/auth/token",
        "/api/auth/me",
        "/api/auth/verify",
        "/api/auth/refresh",
        "/api/auth/logout",
    ];
    match ROUTES.into_iter().find(|route| *route == path) {
        Some(route) => route,
        None if path.starts_with("/credentials/") => CREDENTIALS,
        None => "-",
    }
}

/// `GET /healthz`: whether the server can do what it is for. No network is asked.
async fn health(State(server): State<Arc<Server>>) -> Response {
    let is_signing = locked(&server.keys).sign(&json!({})).is_ok();
    if is_signing {
        (StatusCode::OK, axum::Json(json!({"status": "ok"}))).into_response()
    } else {
        Problem::new(StatusCode::SERVICE_UNAVAILABLE, "unhealthy", "there is no key to sign with")
            .into_response()
    }
}

async fn nothing() -> Problem {
    Problem::new(StatusCode::NOT_FOUND, "not_found", "there is nothing here")
}

async fn wrong_method() -> Problem {
    Problem::new(StatusCode::METHOD_NOT_ALLOWED, "method_not_allowed", "this route needs another method")
}

/// The base URL of an address.
pub(crate) fn url(address: SocketAddr) -> String {
    format!("http://{address}")
}
