//! A Lambda Runtime API of our own, with one function process behind it. Tests use it, and the benchmark of memory.
//!
//! The API is that of the AWS Lambda developer guide, "Using the Lambda runtime API for custom runtimes".

use std::collections::BTreeMap;
use std::convert::Infallible;
use std::process::Stdio;
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use http_body_util::{BodyExt, Full};
use hyper::body::{Bytes, Incoming};
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::TokioIo;
use serde_json::Value;
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::net::TcpListener;
use tokio::process::{Child, Command};
use tokio::sync::{Mutex, mpsc};

/// The longest wait for the binary.
const PATIENCE: Duration = Duration::from_secs(60);

/// A runtime API with one function process behind it.
pub struct Lambda {
    events: mpsc::UnboundedSender<Vec<u8>>,
    answers: mpsc::UnboundedReceiver<Answer>,
    pub child: Child,
    /// The lines of the function's log.
    log: mpsc::UnboundedReceiver<String>,
}

/// What the function posted for an invocation.
#[derive(Debug)]
pub struct Answer {
    /// `response` or `error`.
    pub kind: String,
    pub body: Value,
}

impl Lambda {
    /// Starts a binary with an environment, as Lambda would.
    pub async fn start(binary: &str, environment: BTreeMap<String, String>) -> Lambda {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (events, queue) = mpsc::unbounded_channel();
        let (posted, answers) = mpsc::unbounded_channel();
        tokio::spawn(serve(listener, Arc::new(Mutex::new(queue)), posted));
        let mut child = Command::new(binary)
            .env_clear()
            .envs(environment)
            .env("AWS_LAMBDA_RUNTIME_API", address.to_string())
            .env("AWS_LAMBDA_FUNCTION_NAME", "persist")
            .env("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "512")
            .env("AWS_LAMBDA_FUNCTION_VERSION", "$LATEST")
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .unwrap();
        let (line, log) = mpsc::unbounded_channel();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        tokio::spawn(async move {
            while let Ok(Some(text)) = lines.next_line().await {
                if line.send(text).is_err() {
                    break;
                }
            }
        });
        Lambda { events, answers, child, log }
    }

    pub async fn invoke(&mut self, event: impl Into<Vec<u8>>) -> Answer {
        self.events.send(event.into()).unwrap();
        tokio::time::timeout(PATIENCE, self.answers.recv()).await.unwrap().unwrap()
    }

    /// The next line of the log, as JSON.
    pub async fn line(&mut self) -> Value {
        let line = tokio::time::timeout(PATIENCE, self.log.recv()).await.unwrap().unwrap();
        serde_json::from_str(&line).unwrap_or_else(|error| panic!("{line}: {error}"))
    }
}

async fn serve(listener: TcpListener, events: Arc<Mutex<mpsc::UnboundedReceiver<Vec<u8>>>>, answers: mpsc::UnboundedSender<Answer>) {
    loop {
        let (stream, _) = listener.accept().await.unwrap();
        let (events, answers) = (events.clone(), answers.clone());
        let service = service_fn(move |request| answer(request, events.clone(), answers.clone()));
        tokio::spawn(async move { hyper::server::conn::http1::Builder::new().serve_connection(TokioIo::new(stream), service).await });
    }
}

async fn answer(
    request: Request<Incoming>,
    events: Arc<Mutex<mpsc::UnboundedReceiver<Vec<u8>>>>,
    answers: mpsc::UnboundedSender<Answer>,
) -> Result<Response<Full<Bytes>>, Infallible> {
    let path = request.uri().path().to_owned();
    if path.ends_with("/invocation/next") {
        let event = events.lock().await.recv().await;
        let Some(event) = event else { return std::future::pending().await };
        let deadline = SystemTime::now().duration_since(UNIX_EPOCH).unwrap() + PATIENCE;
        let response = Response::builder()
            .header("lambda-runtime-aws-request-id", "8476a536-e9f4-11e8-9739-2dfe598c3fcd")
            .header("lambda-runtime-deadline-ms", deadline.as_millis().to_string())
            .header("lambda-runtime-trace-id", "Root=1-5759e988-bd862e3fe1be46a994272793;Parent=53995c3f42cd8ad8;Sampled=1")
            .header("lambda-runtime-invoked-function-arn", "arn:aws:lambda:us-east-1:123456789012:function:persist");
        return Ok(response.body(Full::from(event)).unwrap());
    }
    let kind = path.rsplit('/').next().unwrap().to_owned();
    let body = request.into_body().collect().await.unwrap().to_bytes();
    answers.send(Answer { kind, body: serde_json::from_slice(&body).unwrap() }).unwrap();
    Ok(Response::builder().status(202).body(Full::default()).unwrap())
}
