//! A local server that answers as it is told, and keeps what it received.

use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::State;
use axum::http::{HeaderMap, Response, Uri};
use serde_json::Value;
use tablefeed_server::{Limits, serve};
use tokio::net::TcpListener;
use tokio::sync::oneshot;

/// One request.
#[derive(Debug, Clone)]
pub struct Received {
    pub path: String,
    pub headers: HeaderMap,
    pub body: Bytes,
    pub at: Instant,
}

/// What a request is answered with.
#[derive(Debug, Clone)]
pub struct Reply {
    pub status: u16,
    pub delay: Duration,
    pub headers: Vec<(&'static str, String)>,
    pub body: Content,
}

/// The body of an answer.
#[derive(Debug, Clone, Copy)]
pub enum Content {
    Empty,
    /// Bytes without an end.
    Endless,
}

type Answering = Box<dyn Fn(usize, &Received) -> Reply + Send + Sync>;

struct Shared {
    reply: Answering,
    received: Mutex<Vec<Received>>,
}

/// A running server; it ends when dropped.
pub struct Receiver {
    pub url: String,
    shared: Arc<Shared>,
    _stop: oneshot::Sender<()>,
}

impl Reply {
    pub fn status(status: u16) -> Reply {
        Reply { status, delay: Duration::ZERO, headers: Vec::new(), body: Content::Empty }
    }

    pub fn header(mut self, name: &'static str, value: impl Into<String>) -> Reply {
        self.headers.push((name, value.into()));
        self
    }
}

impl Received {
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap()
    }

    /// The sequence numbers of its records.
    pub fn sequences(&self) -> Vec<u64> {
        let json = self.json();
        let number = |record: &Value| record["dynamodb"]["SequenceNumber"].as_str().unwrap().parse().unwrap();
        json["Records"].as_array().unwrap().iter().map(number).collect()
    }

    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }
}

impl Receiver {
    /// `reply` gets the number of the request, from 0, and the request.
    pub async fn start(reply: impl Fn(usize, &Received) -> Reply + Send + Sync + 'static) -> Receiver {
        let shared = Arc::new(Shared { reply: Box::new(reply), received: Mutex::default() });
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/", listener.local_addr().unwrap());
        let (stop, stopped) = oneshot::channel();
        let routes = Router::new().fallback(receive).with_state(shared.clone());
        let limits = Limits { connections: 100, drain: Duration::ZERO };
        tokio::spawn(serve(listener, routes, limits, async { drop(stopped.await) }));
        Receiver { url, shared, _stop: stop }
    }

    /// One that answers with these statuses in turn, and with the last of them from then on.
    pub async fn with_statuses(statuses: &'static [u16]) -> Receiver {
        Receiver::start(|index, _| Reply::status(statuses[index.min(statuses.len() - 1)])).await
    }

    pub fn received(&self) -> Vec<Received> {
        self.shared.received.lock().unwrap().clone()
    }

    /// The sequence numbers of each request.
    pub fn batches(&self) -> Vec<Vec<u64>> {
        self.received().iter().map(Received::sequences).collect()
    }
}

async fn receive(State(shared): State<Arc<Shared>>, uri: Uri, headers: HeaderMap, body: Bytes) -> Response<Body> {
    let received = Received { path: uri.path().to_owned(), headers, body, at: Instant::now() };
    let reply = {
        let mut all = shared.received.lock().unwrap();
        let reply = (shared.reply)(all.len(), &received);
        all.push(received);
        reply
    };
    tokio::time::sleep(reply.delay).await;
    let mut response = Response::builder().status(reply.status);
    for (name, value) in reply.headers {
        response = response.header(name, value);
    }
    let chunk = || std::future::ready(Some((Ok::<_, std::convert::Infallible>(Bytes::from_static(&[b'x'; 4096])), ())));
    let body = match reply.body {
        Content::Empty => Body::empty(),
        Content::Endless => Body::from_stream(futures_util::stream::unfold((), move |()| chunk())),
    };
    response.body(body).unwrap()
}
