//! A call of the sandbox: answered under the lock of its state, and written down.

use std::future;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use axum::response::{IntoResponse as _, Response};
use serde_json::Value;

use super::answer::Answer;
use super::client::{AUTHORIZATION_CODE, DEVICE_CODE, REFRESH_TOKEN};
use super::fault::Effect;
use super::journal::LogEntry;
use super::operation::Operation;
use super::refusal::Refusal;
use super::world::World;
use crate::flows::random;

/// The state that all handlers share.
pub(super) type Shared = Arc<Mutex<World>>;

/// The state, also after a handler panicked: one bad request must not end a test run.
pub(super) fn lock(world: &Shared) -> MutexGuard<'_, World> {
    world.lock().unwrap_or_else(PoisonError::into_inner)
}

/// What the log will say of a request, besides its answer.
pub(super) struct Call {
    operation: Operation,
    client_name: Option<String>,
    grant_type: Option<String>,
}

impl Call {
    pub(super) fn new(operation: Operation) -> Self {
        Self { operation, client_name: None, grant_type: None }
    }

    /// With the name behind a client id.
    pub(super) fn by_client(self, world: &World, client_id: Option<&str>) -> Self {
        let client = client_id.and_then(|id| world.clients.get(id));
        Self { client_name: client.map(|client| client.name.clone()), ..self }
    }

    pub(super) fn oidc(operation: Operation, world: &World, body: &Value) -> Self {
        let member = |name: &str| body.get(name).and_then(Value::as_str);
        // Only known names: a client with a bug might send anything there.
        let grant_type = [DEVICE_CODE, AUTHORIZATION_CODE, REFRESH_TOKEN]
            .into_iter()
            .find(|grant| member("grantType") == Some(grant))
            .map(str::to_owned);
        let call = Self { grant_type, ..Self::new(operation).by_client(world, member("clientId")) };
        match operation {
            Operation::RegisterClient => {
                Self { client_name: member("clientName").map(str::to_owned), ..call }
            }
            _ => call,
        }
    }
}

/// Answers a request, or lets a fault do it, and writes it down.
pub(super) async fn respond(
    world: &Shared,
    call: Call,
    act: impl FnOnce(&mut World) -> Result<Answer, Refusal>,
) -> Response {
    // A statement of its own: the lock must be free again before this request waits.
    let answer = decide(&mut lock(world), call, act);
    match answer {
        Some(answer) => answer.into_response(),
        None => future::pending().await,
    }
}

/// The answer, or `None` for a request that hangs.
fn decide(
    world: &mut World,
    call: Call,
    act: impl FnOnce(&mut World) -> Result<Answer, Refusal>,
) -> Option<Answer> {
    let answer = match world.strike(call.operation) {
        Some(Effect::Hang) => None,
        Some(Effect::Refuse(refusal)) => Some(refusal.into()),
        None => Some(act(world).unwrap_or_else(Answer::from)),
    };
    let time = world.now();
    world.journal.record(LogEntry {
        time,
        operation: call.operation,
        client_name: call.client_name,
        grant_type: call.grant_type,
        status: answer.as_ref().map(|answer| answer.status),
        error: answer.as_ref().and_then(|answer| answer.error_code),
    });
    answer.map(|answer| Answer { request_id: random::uuid().ok(), ..answer })
}
