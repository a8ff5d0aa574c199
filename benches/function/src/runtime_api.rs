//! Lambda's Runtime API for one process: an event in, the process's answer and how long it took out.
//!
//! The API is that of the AWS Lambda developer guide, "Using the Lambda runtime API for custom runtimes".

use std::io;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use hyper::body::{Bytes, Incoming};
use hyper::{Request, Response, StatusCode};
use tokio::net::TcpListener;
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio::sync::oneshot;
use tokio::task::spawn_local;
use tokio::time::timeout;

use crate::http::{self, Answer};

/// The longest wait for the process.
const PATIENCE: Duration = Duration::from_secs(60);

/// A process that waits for its next event: since when, and where the event goes.
type Waiting = (Instant, oneshot::Sender<Bytes>);

/// What a process posted: when all of it was there, to which path, and what.
type Posted = (Instant, String, Bytes);

/// Serves until the bench ends.
#[derive(Debug)]
pub struct RuntimeApi {
    pub address: String,
    waiting: UnboundedReceiver<Waiting>,
    posted: UnboundedReceiver<Posted>,
    next: Option<oneshot::Sender<Bytes>>,
}

impl RuntimeApi {
    pub async fn start() -> io::Result<RuntimeApi> {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let address = listener.local_addr()?.to_string();
        let ((waits, waiting), (posts, posted)) = (unbounded_channel(), unbounded_channel());
        spawn_local(async move {
            while let Ok((stream, _)) = listener.accept().await {
                stream.set_nodelay(true).unwrap_or_default();
                let (waits, posts) = (waits.clone(), posts.clone());
                spawn_local(async move { http::serve(stream, |request| answer(request, &waits, &posts)).await });
            }
        });
        Ok(RuntimeApi { address, waiting, posted, next: None })
    }

    /// Waits until the process asks for an event; when it did.
    pub async fn idle(&mut self) -> io::Result<Instant> {
        tokio::select! {
            waiting = timeout(PATIENCE, self.waiting.recv()) => {
                let (since, next) = waiting?.ok_or(io::ErrorKind::BrokenPipe)?;
                self.next = Some(next);
                Ok(since)
            }
            Some((_, path, body)) = self.posted.recv() => Err(io::Error::other(format!("{path}: {}", String::from_utf8_lossy(&body)))),
        }
    }

    /// From the event's first byte to the answer's last. The process must be idle.
    pub async fn invoke(&mut self, event: Bytes) -> io::Result<Duration> {
        let next = self.next.take().ok_or_else(|| io::Error::other("the process has not asked for an event"))?;
        let begin = Instant::now();
        next.send(event).map_err(|_| io::ErrorKind::BrokenPipe)?;
        let (end, path, body) = timeout(PATIENCE, self.posted.recv()).await?.ok_or(io::ErrorKind::BrokenPipe)?;
        if path.ends_with("/response") && is_success(&body) {
            return Ok(end - begin);
        }
        Err(io::Error::other(format!("{path}: {}", String::from_utf8_lossy(&body))))
    }
}

/// Whether a response says that every record is done.
fn is_success(body: &[u8]) -> bool {
    let response: serde_json::Value = serde_json::from_slice(body).unwrap_or_default();
    response["batchItemFailures"].as_array().is_none_or(Vec::is_empty)
}

async fn answer(request: Request<Incoming>, waits: &UnboundedSender<Waiting>, posts: &UnboundedSender<Posted>) -> Answer {
    let path = request.uri().path().to_owned();
    if path.ends_with("/invocation/next") {
        let (next, event) = oneshot::channel();
        waits.send((Instant::now(), next)).unwrap_or_default();
        return match event.await {
            Ok(event) => with_headers(event),
            Err(_) => std::future::pending().await,
        };
    }
    let body = http::body(request).await;
    posts.send((Instant::now(), path, body)).unwrap_or_default();
    let mut accepted = Response::new(r#"{"status":"OK"}"#.into());
    *accepted.status_mut() = StatusCode::ACCEPTED;
    accepted
}

fn with_headers(event: Bytes) -> Answer {
    let deadline = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default() + PATIENCE;
    let mut answer = Response::new(event.into());
    for (name, value) in [
        ("content-type", "application/json".to_owned()),
        ("lambda-runtime-aws-request-id", "8476a536-e9f4-11e8-9739-2dfe598c3fcd".to_owned()),
        ("lambda-runtime-deadline-ms", deadline.as_millis().to_string()),
        ("lambda-runtime-invoked-function-arn", "arn:aws:lambda:us-east-1:123456789012:function:persist".to_owned()),
    ] {
        if let Ok(value) = value.parse() {
            answer.headers_mut().insert(name, value);
        }
    }
    answer
}
