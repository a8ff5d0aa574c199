//! The endpoint of AWS, as far as the functions call it: says yes to everything after a time that is chosen, keeps nothing, and counts.

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::io;
use std::rc::Rc;
use std::time::{Duration, Instant};

use hyper::body::Incoming;
use hyper::header::CONTENT_TYPE;
use hyper::{Request, Response};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::{spawn_local, yield_now};
use tokio::time::sleep;
use tokio_rustls::TlsAcceptor;

use crate::http::{self, Answer};

/// A timer's own unit, twice: how much of a pause is waited awake, so that it is as long as it is said to be.
const AWAKE: Duration = Duration::from_millis(2);

/// What came since [`Endpoint::count_anew`].
#[derive(Debug, Default, Clone)]
pub struct Counts {
    pub connections: usize,
    pub calls: BTreeMap<String, usize>,
    pub items: usize,
}

#[derive(Debug, Default)]
struct Shared {
    latency: Cell<Duration>,
    counts: RefCell<Counts>,
}

/// An endpoint on a port of its own, until the bench ends.
#[derive(Debug)]
pub struct Endpoint {
    pub url: String,
    shared: Rc<Shared>,
}

impl Endpoint {
    /// With TLS if there is an acceptor for it.
    pub async fn start(tls: Option<TlsAcceptor>) -> io::Result<Endpoint> {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let scheme = if tls.is_some() { "https" } else { "http" };
        let url = format!("{scheme}://{}", listener.local_addr()?);
        let shared = Rc::new(Shared::default());
        spawn_local(accept(listener, tls, shared.clone()));
        Ok(Endpoint { url, shared })
    }

    /// How long each call takes from now on, from its last byte to its answer.
    pub fn set_latency(&self, latency: Duration) {
        self.shared.latency.set(latency);
    }

    pub fn count_anew(&self) {
        self.shared.counts.take();
    }

    pub fn counts(&self) -> Counts {
        self.shared.counts.borrow().clone()
    }
}

async fn accept(listener: TcpListener, tls: Option<TlsAcceptor>, shared: Rc<Shared>) {
    while let Ok((stream, _)) = listener.accept().await {
        shared.counts.borrow_mut().connections += 1;
        spawn_local(connection(stream, tls.clone(), shared.clone()));
    }
}

async fn connection(stream: TcpStream, tls: Option<TlsAcceptor>, shared: Rc<Shared>) -> io::Result<()> {
    stream.set_nodelay(true)?;
    let answer = |request| answer(request, &shared);
    match tls {
        Some(tls) => http::serve(tls.accept(stream).await?, answer).await,
        None => http::serve(stream, answer).await,
    }
    Ok(())
}

async fn answer(request: Request<Incoming>, shared: &Shared) -> Answer {
    let target = request.headers().get("x-amz-target").and_then(|target| target.to_str().ok()).unwrap_or_default();
    let operation = target.rsplit('.').next().unwrap_or_default().to_owned();
    let body = http::body(request).await;
    let until = Instant::now() + shared.latency.get();
    let answer = match operation.as_str() {
        "BatchWriteItem" => r#"{"UnprocessedItems":{}}"#,
        "GetParameter" => r#"{"Parameter":{"Name":"/batch","Type":"String","Value":"batch-1","Version":1}}"#,
        "SendMessageBatch" => r#"{"Successful":[],"Failed":[]}"#,
        _ => "{}",
    };
    {
        let mut counts = shared.counts.borrow_mut();
        counts.items += String::from_utf8_lossy(&body).matches("\"PutRequest\"").count();
        *counts.calls.entry(operation).or_default() += 1;
    }
    pause(until).await;
    let mut answer = Response::new(answer.into());
    answer.headers_mut().insert(CONTENT_TYPE, hyper::header::HeaderValue::from_static("application/x-amz-json-1.0"));
    answer
}

async fn pause(until: Instant) {
    if let Some(asleep) = until.checked_duration_since(Instant::now() + AWAKE) {
        sleep(asleep).await;
    }
    while Instant::now() < until {
        yield_now().await;
    }
}
