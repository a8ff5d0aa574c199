//! The real `persist` binary against a Lambda Runtime API of the test's own.
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
use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::net::TcpListener;
use tokio::process::{Child, Command};
use tokio::sync::{Mutex, mpsc};

use crate::event::{Event, curated};
use crate::world::World;

/// The longest that a test waits for the binary.
const PATIENCE: Duration = Duration::from_secs(60);

/// A runtime API with one function process behind it.
pub struct Lambda {
    events: mpsc::UnboundedSender<Vec<u8>>,
    answers: mpsc::UnboundedReceiver<Answer>,
    child: Child,
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
            .header("lambda-runtime-invoked-function-arn", "arn:aws:lambda:us-east-1:123456789012:function:persist");
        return Ok(response.body(Full::from(event)).unwrap());
    }
    let kind = path.rsplit('/').next().unwrap().to_owned();
    let body = request.into_body().collect().await.unwrap().to_bytes();
    answers.send(Answer { kind, body: serde_json::from_slice(&body).unwrap() }).unwrap();
    Ok(Response::builder().status(202).body(Full::default()).unwrap())
}

/// The function's environment in the cloud, on the embedded AWS.
pub fn environment(world: &World, changes: &[(&str, &str)]) -> BTreeMap<String, String> {
    let mut environment = world.environment(changes);
    let aws = [
        ("AWS_ENDPOINT_URL", world.aws.endpoint()),
        ("AWS_ACCESS_KEY_ID", "test"),
        ("AWS_SECRET_ACCESS_KEY", "test"),
        ("AWS_REGION", "us-east-1"),
    ];
    environment.extend(aws.map(|(name, value)| (name.to_owned(), value.to_owned())));
    environment
}

#[tokio::test]
async fn the_binary_answers_two_invocations_and_an_unreadable_one() {
    let world = World::new().await;
    let mut lambda = Lambda::start(env!("CARGO_BIN_EXE_persist"), environment(&world, &[])).await;

    let first = lambda.invoke(Event::of([curated(1), "poison".into()]).bytes()).await;
    assert_eq!((first.kind.as_str(), first.body), ("response", json!({"batchItemFailures": []})));
    let line = lambda.line().await;
    assert_eq!((&line["outcomes"]["persisted"], &line["letters"]["bad_json"], &line["level"]), (&json!(1), &json!(1), &json!("WARN")));
    assert_eq!(line["function_request_id"], "8476a536-e9f4-11e8-9739-2dfe598c3fcd");
    let metrics = lambda.line().await;
    assert_eq!((&metrics["Persisted"], &metrics["Letters"], &metrics["SystemicFailure"]), (&json!(1), &json!(1), &json!(0)));
    assert_eq!(metrics["_aws"]["CloudWatchMetrics"][0]["Namespace"], "tablefeed");

    let unreadable = lambda.invoke(r#"{"Records":[{"eventSource":"aws:s3"}]}"#).await;
    assert_eq!((unreadable.kind.as_str(), &unreadable.body["errorType"]), ("error", &json!("UnreadableEvent")));
    assert!(unreadable.body["errorMessage"].as_str().unwrap().contains("an event of aws:s3 came"));

    let second = lambda.invoke(Event::of([curated(2), curated(3)]).bytes()).await;
    assert_eq!((second.kind.as_str(), second.body), ("response", json!({"batchItemFailures": []})));
    // The first two records of both events have the same sequence numbers, so the second event rewrites the first one's item.
    assert_eq!((world.items().await.len(), world.letters().await.len()), (2, 1));
}

#[tokio::test]
async fn the_binary_reports_the_checkpoint() {
    let world = World::empty().await;
    let mut lambda = Lambda::start(env!("CARGO_BIN_EXE_persist"), environment(&world, &[])).await;
    let answer = lambda.invoke(Event::of([curated(1)]).bytes()).await;
    assert_eq!(answer.body, json!({"batchItemFailures": [{"itemIdentifier": crate::event::sequence(0)}]}));
    let line = lambda.line().await;
    assert!(line["systemic_failure"].as_str().unwrap().contains("ResourceNotFoundException"), "{line}");
}

#[tokio::test]
async fn bad_settings_end_the_binary_at_init_and_all_are_named() {
    let world = World::empty().await;
    let environment = environment(&world, &[("PERSIST_RECORDS", "ten"), ("TABLE", ""), ("OVER_LIMIT", "x")]);
    let mut lambda = Lambda::start(env!("CARGO_BIN_EXE_persist"), environment).await;
    let line = lambda.line().await;
    let message = line["message"].as_str().unwrap();
    assert!(["PERSIST_RECORDS", "TABLE is missing", "OVER_LIMIT"].iter().all(|part| message.contains(part)), "{message}");
    assert!(!lambda.child.wait().await.unwrap().success());
}

#[tokio::test]
async fn letters_are_logged_at_debug_without_record_contents() {
    let world = World::new().await;
    let mut lambda = Lambda::start(env!("CARGO_BIN_EXE_persist"), environment(&world, &[("LOG_LEVEL", "DEBUG")])).await;
    lambda.invoke(Event::of([r#"{"secret":"hunter2"}"#]).bytes()).await;
    for _ in 0..3 {
        let line = lambda.line().await.to_string();
        assert!(!line.contains("hunter2"), "{line}");
    }
}
