//! The server that the browser comes back to: on 127.0.0.1 only, for one login, deaf to everything that isn't that
//! login's answer (AWS-FORMATS 4).
//!
//! Any process of this machine can talk to it. What lacks the login's `state` changes nothing: it neither ends the
//! wait nor delays it. A connection that says nothing (browsers open some in advance) holds nothing up either.

use std::collections::VecDeque;
use std::hint::black_box;
use std::net::Ipv4Addr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use anyhow::Context as _;
use sso_tool::secret::Secret;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{mpsc, watch};
use tokio::task::AbortHandle;
use tokio::time::{sleep, timeout};

use crate::flows::landing::Landing;
use crate::flows::query::Query;
use crate::flows::request::Request;

/// The longest head of a request, in bytes. A code is a few kilobytes at most.
const LONGEST_HEAD: usize = 32 << 10;
/// How long a client may take to ask, and again to take its answer.
const TIMEOUT: Duration = Duration::from_secs(10);
/// Connections of strangers: that haven't asked yet, or that asked for something else. For one more, the oldest has to go,
/// so that nobody can keep the browser out.
const MOST_STRANGERS: usize = 128;
/// Files that the login itself needs besides: its own connection to the service, lock and token.
const OWN_FILES: usize = 40;
/// How long a page may take to get to the browser, once the login is over.
const LAST_PAGE: Duration = Duration::from_secs(2);
/// How long a client that was answered may go on talking.
const LAST_WORDS: Duration = Duration::from_secs(1);
/// What is read and thrown away after an answer: closing earlier could take the answer back (RFC 9112 9.6).
const MOST_LEFTOVERS: u64 = 1 << 20;

/// The listening server; ends with this value.
pub(crate) struct Callback {
    port: u16,
    login: Arc<Mutex<Option<Login>>>,
    server: AbortHandle,
}

/// The answer to an authorization.
#[derive(Debug)]
pub(crate) enum AuthorizationResponse {
    /// Allowed: the code to redeem.
    Code(Secret),
    /// Refused, with OAuth's word for it (RFC 6749 4.1.2.1).
    Error(String),
}

/// A browser that is expected.
pub(crate) struct Visit {
    said: mpsc::Receiver<AuthorizationResponse>,
    page: watch::Sender<Option<Landing>>,
    login: Arc<Mutex<Option<Login>>>,
}

/// What the server knows of the login that is under way.
#[derive(Clone)]
struct Login {
    state: String,
    said: mpsc::Sender<AuthorizationResponse>,
    page: watch::Receiver<Option<Landing>>,
}

impl Callback {
    /// Listens on a free port of 127.0.0.1. Inside a runtime.
    pub(crate) async fn listen() -> anyhow::Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))
            .await
            .context("cannot listen on 127.0.0.1 for the browser")?;
        let port = listener.local_addr().context("cannot find out the port for the browser")?.port();
        let login = Arc::default();
        let server = tokio::spawn(serve(listener, Arc::clone(&login))).abort_handle();
        Ok(Self { port, login, server })
    }

    /// Where the browser has to come back to.
    pub(crate) fn redirect_uri(&self) -> String {
        format!("http://127.0.0.1:{}/oauth/callback", self.port)
    }

    /// Expects the browser of the login with this `state`, and no other any more.
    pub(crate) fn expect(&self, state: &str) -> Visit {
        let (said_sender, said) = mpsc::channel(1);
        let (page, page_receiver) = watch::channel(None);
        let login = Login { state: state.to_owned(), said: said_sender, page: page_receiver };
        *locked(&self.login) = Some(login);
        Visit { said, page, login: Arc::clone(&self.login) }
    }
}

impl Drop for Callback {
    fn drop(&mut self) {
        self.server.abort();
    }
}

impl Visit {
    /// The first answer; waits for ever.
    pub(crate) async fn said(&mut self) -> AuthorizationResponse {
        match self.said.recv().await {
            Some(said) => said,
            // The sender lives as long as this value expects a browser.
            None => std::future::pending().await,
        }
    }

    /// Shows the browser how it ended, and waits until it has been told.
    pub(crate) async fn show(self, page: Landing) {
        *locked(&self.login) = None;
        self.page.send_replace(Some(page));
        // The token doesn't depend on it: a browser that is gone misses its page.
        let _ = timeout(LAST_PAGE, self.page.closed()).await;
    }
}

impl Login {
    /// What a request says about this login; `None` if it is about another one, or says two things.
    fn judge(&self, query: &Query) -> Option<AuthorizationResponse> {
        if !is_same(query.only("state")?, &self.state) {
            return None;
        }
        let has = |name| query.first(name).is_some();
        match (has("code"), has("error")) {
            (true, false) => Some(AuthorizationResponse::Code(query.only("code")?.into())),
            (false, true) => Some(AuthorizationResponse::Error(query.only("error")?.to_owned())),
            _ => None,
        }
    }

    /// The page that says how it ended, once it has.
    async fn ended(&mut self) -> Landing {
        match self.page.wait_for(Option::is_some).await {
            Ok(page) => page.clone().unwrap_or(Landing::Failed),
            Err(_) => Landing::Failed,
        }
    }
}

async fn serve(listener: TcpListener, login: Arc<Mutex<Option<Login>>>) {
    let most = most_strangers();
    let mut strangers: VecDeque<AbortHandle> = VecDeque::new();
    loop {
        let Ok((stream, _)) = listener.accept().await else {
            // No file is left to open, or the client was gone already: others end meanwhile.
            sleep(Duration::from_millis(20)).await;
            continue;
        };
        strangers.retain(|connection| !connection.is_finished());
        if strangers.len() >= most
            && let Some(oldest) = strangers.pop_front()
        {
            oldest.abort();
        }
        strangers.push_back(tokio::spawn(hear(stream, Arc::clone(&login))).abort_handle());
    }
}

/// How many connections are kept where this process may open so many files: half of what the login leaves.
fn most_strangers() -> usize {
    let limit = rustix::process::getrlimit(rustix::process::Resource::Nofile).current;
    let limit = limit.and_then(|limit| usize::try_from(limit).ok()).unwrap_or(usize::MAX);
    (limit.saturating_sub(OWN_FILES) / 2).clamp(4, MOST_STRANGERS)
}

/// Reads a request and answers it. Who knows the login's `state` is no stranger any more, and nobody's connection ends
/// that one.
async fn hear(mut stream: TcpStream, login: Arc<Mutex<Option<Login>>>) {
    let Ok(Some(head)) = timeout(TIMEOUT, head(&mut stream)).await else { return };
    match judge(&head, &login) {
        (page, None) => end(stream, &page).await,
        (_, Some(login)) => drop(tokio::spawn(answer(stream, login))),
    }
}

/// The page for a request, or the login that it is about.
fn judge(head: &[u8], login: &Mutex<Option<Login>>) -> (Landing, Option<(AuthorizationResponse, Login)>) {
    if head.len() > LONGEST_HEAD {
        return (Landing::TooLarge, None);
    }
    match Request::parse(head) {
        Request::NotFound => (Landing::NotFound, None),
        Request::WrongMethod => (Landing::WrongMethod, None),
        Request::Malformed => (Landing::Malformed, None),
        Request::Callback(query) => {
            let login = locked(login).clone();
            (Landing::Stranger, login.and_then(|login| Some((login.judge(&query)?, login))))
        }
    }
}

/// The head of a request, or as much as is too much. `None` if the client went away before its end.
async fn head(stream: &mut TcpStream) -> Option<Vec<u8>> {
    let mut head = Vec::new();
    let mut chunk = [0; 4096];
    loop {
        let count = stream.read(&mut chunk).await.ok().filter(|count| *count > 0)?;
        // Only what is new is looked at (the end may have begun before): a client that sends byte by byte costs no more.
        let new = head.len().saturating_sub(3);
        head.extend_from_slice(chunk.get(..count)?);
        if head.get(new..).is_some_and(has_end) || head.len() > LONGEST_HEAD {
            return Some(head);
        }
    }
}

/// Whether there is an empty line, which ends a head; some clients leave carriage returns out (RFC 9112 2.2).
fn has_end(head: &[u8]) -> bool {
    head.windows(4).any(|end| end == b"\r\n\r\n") || head.windows(2).any(|end| end == b"\n\n")
}

/// Hands over what the browser says, and shows it how the login ended.
async fn answer(mut stream: TcpStream, (said, mut login): (AuthorizationResponse, Login)) {
    // The first answer counts; who asks again meanwhile sees how that one ended.
    let _ = login.said.try_send(said);
    let page = login.ended().await;
    tell(&mut stream, &page).await;
    // The login waits for its last page to be told, not for what a client still has to say.
    drop(login);
    hear_out(stream).await;
}

async fn end(mut stream: TcpStream, page: &Landing) {
    tell(&mut stream, page).await;
    hear_out(stream).await;
}

/// Reads what a client that was answered still says.
async fn hear_out(stream: TcpStream) {
    let mut leftovers = stream.take(MOST_LEFTOVERS);
    let _ = timeout(LAST_WORDS, tokio::io::copy(&mut leftovers, &mut tokio::io::sink())).await;
}

async fn tell(stream: &mut TcpStream, page: &Landing) {
    let response = page.response();
    let answered = async {
        stream.write_all(response.as_bytes()).await?;
        stream.shutdown().await
    };
    // A client that went away is told nothing.
    let _ = timeout(TIMEOUT, answered).await;
}

/// Compares in a time that doesn't tell how much of a guess was right.
fn is_same(guess: &str, secret: &str) -> bool {
    let differences = guess.bytes().zip(secret.bytes()).fold(0, |sum, (a, b)| black_box(sum | (a ^ b)));
    guess.len() == secret.len() && differences == 0
}

fn locked<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
