//! The binary of the function over a Runtime API of our own.

use std::process::Stdio;
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::State;
use axum::http::{Response, Uri};
use serde_json::{Value, json};
use tablefeed_server::{Limits, serve};
use tokio::net::TcpListener;
use tokio::process::{Child, Command};
use tokio::sync::{Mutex, mpsc};
use tokio::time::timeout;

use crate::receiver::{Receiver, Reply};

const PATIENCE: Duration = Duration::from_secs(60);

struct Runtime {
    events: Mutex<mpsc::UnboundedReceiver<String>>,
    answers: mpsc::UnboundedSender<(String, Value)>,
}

async fn answer(State(runtime): State<Arc<Runtime>>, uri: Uri, body: Bytes) -> Response<Body> {
    if !uri.path().ends_with("/invocation/next") {
        let body = serde_json::from_slice(&body).unwrap_or_default();
        runtime.answers.send((uri.path().rsplit('/').next().unwrap().to_owned(), body)).unwrap_or_default();
        return Response::builder().status(202).body(Body::empty()).unwrap();
    }
    let Some(event) = runtime.events.lock().await.recv().await else { return std::future::pending().await };
    let deadline = SystemTime::now().duration_since(UNIX_EPOCH).unwrap() + PATIENCE;
    let response = Response::builder()
        .header("lambda-runtime-aws-request-id", "8476a536-e9f4-11e8-9739-2dfe598c3fcd")
        .header("lambda-runtime-invoked-function-arn", "arn:aws:lambda:us-east-1:123456789012:function:relay")
        .header("lambda-runtime-deadline-ms", deadline.as_millis().to_string());
    response.body(Body::from(event)).unwrap()
}

fn command(settings: &[(&str, &str)]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_relay"));
    command.env_clear().envs(settings.iter().copied()).kill_on_drop(true).envs([
        ("AWS_LAMBDA_FUNCTION_NAME", "relay"),
        ("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "128"),
        ("AWS_LAMBDA_FUNCTION_VERSION", "$LATEST"),
    ]);
    command
}

/// The running binary, ended with the test.
pub struct Lambda {
    events: mpsc::UnboundedSender<String>,
    answers: mpsc::UnboundedReceiver<(String, Value)>,
    _child: Child,
}

impl Lambda {
    pub async fn start(settings: &[(&str, &str)]) -> Lambda {
        let (events, queue) = mpsc::unbounded_channel();
        let (answered, answers) = mpsc::unbounded_channel();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap().to_string();
        let routes = Router::new().fallback(answer).with_state(Arc::new(Runtime { events: Mutex::new(queue), answers: answered }));
        tokio::spawn(serve(listener, routes, Limits { connections: 10, drain: Duration::ZERO }, std::future::pending()));
        let child = command(settings).env("AWS_LAMBDA_RUNTIME_API", &address).stdout(Stdio::null()).spawn().unwrap();
        Lambda { events, answers, _child: child }
    }

    /// What it answers to an event of these records: `response` or `error`, and its body.
    pub async fn invoke(&mut self, sequences: &[u64]) -> (String, Value) {
        self.events.send(event(sequences)).unwrap();
        timeout(PATIENCE, self.answers.recv()).await.unwrap().unwrap()
    }
}

fn event(sequences: &[u64]) -> String {
    let record = |sequence: &u64| json!({"eventName": "INSERT", "dynamodb": {"SequenceNumber": sequence.to_string()}});
    json!({"Records": sequences.iter().map(record).collect::<Vec<_>>()}).to_string()
}

#[tokio::test]
async fn the_binary_delivers_events_and_reports_the_first_record_that_is_not_delivered() {
    let receiver = Receiver::start(|_, request| Reply::status(if request.sequences().contains(&3) { 400 } else { 200 })).await;
    let mut lambda = Lambda::start(&[("URL", &receiver.url)]).await;
    for (sequences, kind, expected) in [
        (&[1, 2][..], "response", json!({"batchItemFailures": []})),
        (&[2, 3, 4], "response", json!({"batchItemFailures": [{"itemIdentifier": "3"}]})),
        (&[3], "response", json!({"batchItemFailures": [{"itemIdentifier": "3"}]})),
    ] {
        assert_eq!(lambda.invoke(sequences).await, (kind.to_owned(), expected));
    }
    let (kind, body) = lambda.invoke(&[3, 4]).await;
    assert_eq!((kind.as_str(), &body["errorType"]), ("error", &json!("Refused")));
}

#[tokio::test]
async fn bad_settings_are_all_named_at_the_start() {
    let ended = command(&[("IMAGE", "all"), ("SECRET", "hush"), ("AWS_LAMBDA_RUNTIME_API", "127.0.0.1:9")]).output().await.unwrap();
    let log = String::from_utf8(ended.stdout).unwrap();
    assert!(!ended.status.success());
    for name in ["URL is missing", "IMAGE must be", "SECRET a secret"] {
        assert!(log.contains(name), "{name}: {log}");
    }
    assert!(!log.contains("hush"), "{log}");
}
