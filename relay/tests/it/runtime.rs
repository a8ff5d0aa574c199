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
use tokio::io::{AsyncBufReadExt, BufReader, Lines};
use tokio::net::TcpListener;
use tokio::process::{Child, ChildStdout, Command};
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
    log: Lines<BufReader<ChildStdout>>,
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
        let mut child = command(settings).env("AWS_LAMBDA_RUNTIME_API", &address).stdout(Stdio::piped()).spawn().unwrap();
        let log = BufReader::new(child.stdout.take().unwrap()).lines();
        Lambda { events, answers, log, _child: child }
    }

    /// What it answers to an event of these records: `response` or `error`, and its body.
    pub async fn invoke(&mut self, sequences: &[u64]) -> (String, Value) {
        self.events.send(event(sequences)).unwrap();
        timeout(PATIENCE, self.answers.recv()).await.unwrap().unwrap()
    }

    /// The next line of the log.
    async fn line(&mut self) -> Value {
        let line = timeout(PATIENCE, self.log.next_line()).await.unwrap().unwrap().unwrap();
        serde_json::from_str(&line).unwrap_or_else(|error| panic!("{line}: {error}"))
    }
}

fn event(sequences: &[u64]) -> String {
    let created = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs() - 100;
    let record = |sequence: &u64| {
        let change = json!({"SequenceNumber": sequence.to_string(), "ApproximateCreationDateTime": created + sequence});
        json!({"eventName": if *sequence == 2 { "MODIFY" } else { "INSERT" }, "dynamodb": change})
    };
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

#[tokio::test]
async fn every_invocation_has_a_line_of_the_log_and_one_of_metrics() {
    let receiver = Receiver::start(|_, request| Reply::status(if request.sequences().contains(&4) { 400 } else { 200 })).await;
    let mut lambda = Lambda::start(&[("URL", &receiver.url), ("EVENTS", "INSERT"), ("POWERTOOLS_METRICS_NAMESPACE", "mine")]).await;
    let names = ["Records", "Delivered", "Skipped", "Undelivered", "ColdStart"];
    for (sequences, level, expected) in [(&[1, 2, 3][..], "INFO", [3, 2, 1, 0, 1]), (&[2, 3, 4, 5], "WARN", [4, 1, 1, 2, 0])] {
        lambda.invoke(sequences).await;
        let line = lambda.line().await;
        assert_eq!((&line["level"], &line["service"], &line["cold_start"]), (&json!(level), &json!("relay"), &json!(expected[4] == 1)));
        assert_eq!(line["function_request_id"], "8476a536-e9f4-11e8-9739-2dfe598c3fcd");
        let metrics = lambda.line().await;
        assert_eq!(names.map(|name| metrics[name].as_u64().unwrap()), expected, "{metrics}");
        assert!(metrics["Posts"].as_u64().unwrap() >= 1 && (90_000..160_000).contains(&metrics["LagMax"].as_u64().unwrap()), "{metrics}");
        assert_eq!((&metrics["service"], &metrics["_aws"]["CloudWatchMetrics"][0]["Namespace"]), (&json!("relay"), &json!("mine")));
    }
}

#[tokio::test]
async fn a_level_leaves_lines_out_and_metrics_can_be_switched_off() {
    let receiver = Receiver::start(|_, request| Reply::status(if request.sequences().contains(&4) { 400 } else { 200 })).await;
    let quiet = [("URL", receiver.url.as_str()), ("LOG_LEVEL", "WARN"), ("POWERTOOLS_METRICS_DISABLED", "true")];
    let mut lambda = Lambda::start(&quiet).await;
    lambda.invoke(&[1]).await;
    lambda.invoke(&[3, 4]).await;
    let line = lambda.line().await;
    assert_eq!((&line["level"], &line["cold_start"]), (&json!("WARN"), &json!(false)), "nothing was told of the first");
}
