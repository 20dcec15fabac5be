//! The connections that are open. When there is no room left, the one that has had no request for the longest goes: clients
//! that say nothing, or say it byte by byte, can't keep out those that ask.

use std::collections::BTreeMap;
use std::future::Future;
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll};

use axum::http::{Request, Response};
use hyper::body::{Body, Frame, Incoming, SizeHint};
use hyper::service::{Service, service_fn};
use tokio::sync::Notify;

use super::locked::locked;

/// All of them.
pub(crate) struct Connections {
    open: Arc<Open>,
    most: usize,
}

#[derive(Default)]
struct Open {
    all: Mutex<Ordered>,
    /// One has ended, or isn't served any more.
    changed: Notify,
}

#[derive(Default)]
struct Ordered {
    /// By when they came, or were answered last.
    by_turn: BTreeMap<u64, Arc<Connection>>,
    next: u64,
}

#[derive(Default)]
struct Connection {
    /// The client has sent all that it has to, and gets an answer.
    is_served: AtomicBool,
    turn: AtomicU64,
    let_go: Notify,
}

/// The place of one connection, which is free again with this value.
pub(crate) struct Slot {
    open: Arc<Open>,
    connection: Arc<Connection>,
}

impl Connections {
    pub(crate) fn new(most: usize) -> Self {
        Self { open: Arc::default(), most }
    }

    /// Waits while there is no room, and nobody who could go.
    pub(crate) async fn room(&self) {
        while self.are_all_served() {
            self.open.changed.notified().await;
        }
    }

    fn are_all_served(&self) -> bool {
        let all = locked(&self.open.all);
        all.by_turn.len() >= self.most && all.by_turn.values().all(|connection| connection.is_served())
    }

    /// The place of a new connection, if need be in the place of another.
    pub(crate) fn place(&self) -> Slot {
        let mut all = locked(&self.open.all);
        if all.by_turn.len() >= self.most {
            let waiting = all.by_turn.values().find(|connection| !connection.is_served()).cloned();
            if let Some(waiting) = waiting {
                all.remove(&waiting);
                waiting.let_go.notify_one();
            }
        }
        let connection = Arc::new(Connection::default());
        all.add(Arc::clone(&connection));
        Slot { open: Arc::clone(&self.open), connection }
    }
}

impl Ordered {
    fn add(&mut self, connection: Arc<Connection>) {
        connection.turn.store(self.next, Ordering::Relaxed);
        self.by_turn.insert(self.next, connection);
        self.next += 1;
    }

    /// Takes a connection out; `false` if it had to go already.
    fn remove(&mut self, connection: &Connection) -> bool {
        self.by_turn.remove(&connection.turn.load(Ordering::Relaxed)).is_some()
    }
}

impl Connection {
    fn is_served(&self) -> bool {
        self.is_served.load(Ordering::Relaxed)
    }
}

impl Open {
    /// A request is answered: its connection has the last turn to go.
    fn answered(&self, connection: &Arc<Connection>) {
        connection.is_served.store(false, Ordering::Relaxed);
        let mut all = locked(&self.all);
        if all.remove(connection) {
            all.add(Arc::clone(connection));
        }
        drop(all);
        self.changed.notify_one();
    }
}

impl Slot {
    /// A service that notes when a request of this connection is whole, and when it is answered.
    pub(crate) fn requests<S, B>(
        &self,
        service: S,
    ) -> impl Service<Request<Incoming>, Response = Response<B>, Error = S::Error, Future: Send> + use<S, B>
    where
        S: Service<Request<Whole>, Response = Response<B>, Future: Send>,
        S::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
        B: Body,
    {
        let (open, connection) = (Arc::clone(&self.open), Arc::clone(&self.connection));
        service_fn(move |request: Request<Incoming>| {
            let (open, connection) = (Arc::clone(&open), Arc::clone(&connection));
            connection.is_served.store(true, Ordering::Relaxed);
            let request = request.map(|body| Whole {
                body,
                open: Arc::clone(&open),
                connection: Arc::clone(&connection),
            });
            let answer = service.call(request);
            async move {
                let answer = answer.await;
                open.answered(&connection);
                answer
            }
        })
    }

    /// Holds the place until the connection ends, or has to go.
    pub(crate) async fn hold(self, connection: impl Future) {
        tokio::select! {
            _ = connection => {}
            () = self.connection.let_go.notified() => {}
        }
    }
}

impl Drop for Slot {
    fn drop(&mut self) {
        locked(&self.open.all).remove(&self.connection);
        self.open.changed.notify_one();
    }
}

/// The body of a request. While more of it is awaited, its connection isn't served.
pub(crate) struct Whole {
    body: Incoming,
    open: Arc<Open>,
    connection: Arc<Connection>,
}

impl Body for Whole {
    type Data = <Incoming as Body>::Data;
    type Error = <Incoming as Body>::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Self::Data>, Self::Error>>> {
        let polled = Pin::new(&mut self.body).poll_frame(context);
        self.connection.is_served.store(polled.is_ready(), Ordering::Relaxed);
        if polled.is_pending() {
            self.open.changed.notify_one();
        }
        polled
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}
