//! Three services and an admin side, each on a loopback port of its own.

use std::future;
use std::net::{Ipv4Addr, TcpListener};
use std::sync::{Arc, Mutex};
use std::thread;

use anyhow::Context as _;
use axum::Router;
use axum::body::Bytes;
use axum::extract::{RawQuery, State};
use axum::http::HeaderMap;
use axum::response::{IntoResponse as _, Response};
use axum::routing::{MethodRouter, get, post};
use serde_json::Value;

use super::answer::Answer;
use super::call::{Call, Shared, lock, respond};
use super::client;
use super::operation::Operation;
use super::refusal::Refusal;
use super::signature::Signed;
use super::world::World;
use super::{device, portal, s3, sts, token};
use crate::flows::query::Query;

/// What a handler does with the body of a request.
type Act<Input> = fn(&mut World, &Input) -> Result<Value, Refusal>;

/// Four bound ports: clients may connect from here on, and are answered once [`Ports::serve`] runs.
pub(super) struct Ports {
    oidc: TcpListener,
    portal: TcpListener,
    sts: TcpListener,
    admin: TcpListener,
}

/// Base URLs of the ports, without a slash at the end.
#[derive(Clone, Debug)]
pub(super) struct Urls {
    pub(super) oidc: String,
    pub(super) portal: String,
    pub(super) sts: String,
    pub(super) admin: String,
}

impl Ports {
    pub(super) fn bind() -> anyhow::Result<Self> {
        Ok(Self { oidc: listen()?, portal: listen()?, sts: listen()?, admin: listen()? })
    }

    pub(super) fn urls(&self) -> anyhow::Result<Urls> {
        Ok(Urls {
            oidc: url(&self.oidc)?,
            portal: url(&self.portal)?,
            sts: url(&self.sts)?,
            admin: url(&self.admin)?,
        })
    }

    /// Answers from a thread of its own, until the process ends.
    pub(super) fn serve(self, world: World) -> anyhow::Result<()> {
        let world: Shared = Arc::new(Mutex::new(world));
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .context("cannot start the sandbox's server")?;
        {
            let _inside = runtime.enter();
            for (listener, router) in [
                (self.oidc, oidc_router()),
                (self.portal, portal_router()),
                (self.sts, sts_router()),
                (self.admin, super::admin::router()),
            ] {
                let listener =
                    tokio::net::TcpListener::from_std(listener).context("cannot serve on a loopback port")?;
                let router = router.with_state(Arc::clone(&world));
                runtime.spawn(async move { axum::serve(listener, router).await });
            }
        }
        thread::Builder::new()
            .name("sandbox".to_owned())
            .spawn(move || runtime.block_on(future::pending::<()>()))
            .context("cannot start the sandbox's thread")?;
        Ok(())
    }
}

fn listen() -> anyhow::Result<TcpListener> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).context("cannot listen on a loopback port")?;
    listener.set_nonblocking(true).context("cannot set up a loopback port")?;
    Ok(listener)
}

fn url(listener: &TcpListener) -> anyhow::Result<String> {
    Ok(format!("http://{}", listener.local_addr().context("cannot find out a loopback port")?))
}

fn oidc_router() -> Router<Shared> {
    Router::new()
        .route("/client/register", oidc_call(Operation::RegisterClient, client::register))
        .route("/device_authorization", oidc_call(Operation::StartDeviceAuthorization, device::start))
        .route("/token", oidc_call(Operation::CreateToken, token::create))
        .merge(super::browser::router())
        .fallback(unknown)
}

fn portal_router() -> Router<Shared> {
    Router::new()
        .route(
            "/assignment/accounts",
            portal_call(Operation::ListAccounts, |world, query| portal::accounts(world, query)),
        )
        .route(
            "/assignment/roles",
            portal_call(Operation::ListAccountRoles, |world, query| portal::roles(world, query)),
        )
        .route("/federation/credentials", portal_call(Operation::GetRoleCredentials, portal::credentials))
        .route("/logout", post(logout))
        .fallback(unknown)
}

fn sts_router() -> Router<Shared> {
    Router::new()
        .route("/", post(caller_identity).get(list_buckets))
        .route("/federation", get(federation))
        .fallback(unknown)
}

fn oidc_call(operation: Operation, act: Act<Value>) -> MethodRouter<Shared> {
    post(move |State(world): State<Shared>, body: Bytes| async move {
        let body: Value = serde_json::from_slice(&body).unwrap_or_default();
        let call = Call::oidc(operation, &lock(&world), &body);
        respond(&world, call, |world| {
            if !body.is_object() {
                return Err(Refusal::oidc("invalid_request").because("The body isn't a JSON object"));
            }
            Ok(Answer::json(200, &act(world, &body)?))
        })
        .await
    })
}

fn portal_call(operation: Operation, act: Act<Query>) -> MethodRouter<Shared> {
    get(move |State(world): State<Shared>, headers: HeaderMap, RawQuery(query): RawQuery| async move {
        let query = Query::parse(query.as_deref().unwrap_or_default());
        respond(&world, Call::new(operation), |world| {
            portal::authorize(world, bearer(&headers))?;
            Ok(Answer::json(200, &act(world, &query)?))
        })
        .await
    })
}

async fn logout(State(world): State<Shared>, headers: HeaderMap) -> Response {
    respond(&world, Call::new(Operation::Logout), |world| {
        let session = portal::authorize(world, bearer(&headers))?;
        portal::logout(world, session);
        Ok(Answer::new(200, "application/json", ""))
    })
    .await
}

async fn caller_identity(State(world): State<Shared>, headers: HeaderMap, body: Bytes) -> Response {
    let form = Query::parse(&String::from_utf8_lossy(&body));
    respond(&world, Call::new(Operation::GetCallerIdentity), |world| {
        sts::caller_identity(
            world,
            &form,
            header(&headers, "authorization"),
            header(&headers, "x-amz-security-token"),
        )
    })
    .await
}

async fn list_buckets(
    State(world): State<Shared>,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
) -> Response {
    let signed = Signed { path: "/", query: query.as_deref().unwrap_or_default(), headers: &headers };
    respond(&world, Call::new(Operation::ListBuckets), |world| s3::list_buckets(world, &signed)).await
}

async fn federation(State(world): State<Shared>, RawQuery(query): RawQuery) -> Response {
    let query = Query::parse(query.as_deref().unwrap_or_default());
    respond(&world, Call::new(Operation::GetSigninToken), |world| sts::federation(world, &query)).await
}

async fn unknown() -> Response {
    Answer::json(404, &Value::Object(serde_json::Map::new()))
        .error_type("UnknownOperationException".to_owned())
        .into_response()
}

fn bearer(headers: &HeaderMap) -> Option<&str> {
    header(headers, "x-amz-sso_bearer_token")
}

fn header<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    headers.get(name)?.to_str().ok()
}
