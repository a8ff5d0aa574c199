//! The same router behind Lambda: the real binary over a Runtime API of our own.

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
use tablefeed_local::{Fault, Rule};
use tokio::io::{AsyncBufReadExt, BufReader, Lines};
use tokio::net::TcpListener;
use tokio::process::{Child, ChildStdout, Command};
use tokio::sync::{Mutex, mpsc};
use tokio::time::timeout;

use crate::world::{TABLE, World};

const PATIENCE: Duration = Duration::from_secs(60);

struct Lambda {
    events: mpsc::UnboundedSender<Value>,
    answers: mpsc::UnboundedReceiver<Value>,
    log: Lines<BufReader<ChildStdout>>,
    _child: Child,
}

type Events = Arc<Mutex<mpsc::UnboundedReceiver<Value>>>;

impl Lambda {
    async fn start(world: &World) -> Lambda {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap().to_string();
        let (events, queue) = mpsc::unbounded_channel();
        let (posted, answers) = mpsc::unbounded_channel();
        let queue: Events = Arc::new(Mutex::new(queue));
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let (queue, posted) = (queue.clone(), posted.clone());
                let service = service_fn(move |request| answer(request, queue.clone(), posted.clone()));
                tokio::spawn(
                    async move { hyper::server::conn::http1::Builder::new().serve_connection(TokioIo::new(stream), service).await },
                );
            }
        });
        let mut command = command(world);
        let mut child = command.env("AWS_LAMBDA_RUNTIME_API", address).stdout(Stdio::piped()).kill_on_drop(true).spawn().unwrap();
        let log = BufReader::new(child.stdout.take().unwrap()).lines();
        Lambda { events, answers, log, _child: child }
    }

    async fn invoke(&mut self, event: Value) -> Value {
        self.events.send(event).unwrap();
        timeout(PATIENCE, self.answers.recv()).await.unwrap().unwrap()
    }

    /// The next line of the log.
    async fn line(&mut self) -> Value {
        let line = timeout(PATIENCE, self.log.next_line()).await.unwrap().unwrap().unwrap();
        serde_json::from_str(&line).unwrap_or_else(|error| panic!("{line}: {error}"))
    }
}

fn command(world: &World) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_ingest"));
    command.env_clear().envs([
        ("AWS_ENDPOINT_URL", world.aws.endpoint()),
        ("AWS_ACCESS_KEY_ID", "test"),
        ("AWS_SECRET_ACCESS_KEY", "test"),
        ("AWS_LAMBDA_FUNCTION_NAME", "ingest"),
        ("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "512"),
        ("AWS_LAMBDA_FUNCTION_VERSION", "$LATEST"),
        ("REGION", "us-east-1"),
        ("TABLE", TABLE),
        ("POWERTOOLS_LOGGER_SAMPLE_RATE", "1"),
    ]);
    command
}

async fn answer(
    request: Request<Incoming>,
    events: Events,
    answers: mpsc::UnboundedSender<Value>,
) -> Result<Response<Full<Bytes>>, Infallible> {
    if request.uri().path().ends_with("/invocation/next") {
        let Some(event) = events.lock().await.recv().await else { return std::future::pending().await };
        let deadline = SystemTime::now().duration_since(UNIX_EPOCH).unwrap() + PATIENCE;
        let response = Response::builder()
            .header("lambda-runtime-aws-request-id", "8476a536-e9f4-11e8-9739-2dfe598c3fcd")
            .header("lambda-runtime-deadline-ms", deadline.as_millis().to_string())
            .header("lambda-runtime-invoked-function-arn", "arn:aws:lambda:us-east-1:123456789012:function:ingest");
        return Ok(response.body(Full::from(event.to_string())).unwrap());
    }
    let body = request.into_body().collect().await.unwrap().to_bytes();
    answers.send(serde_json::from_slice(&body).unwrap()).unwrap();
    Ok(Response::builder().status(202).body(Full::default()).unwrap())
}

/// An event of an HTTP API (payload format 2.0), which function URLs send, too.
fn event(domain: &str, body: &str, is_base64: bool) -> Value {
    json!({
        "version": "2.0",
        "routeKey": "$default",
        "rawPath": "/",
        "rawQueryString": "",
        "headers": { "content-type": "application/json", "host": domain, "prefer": "return=representation" },
        "requestContext": {
            "accountId": "123456789012", "apiId": "r3pmxmplak", "domainName": domain, "domainPrefix": "r3pmxmplak",
            "http": { "method": "POST", "path": "/", "protocol": "HTTP/1.1", "sourceIp": "127.0.0.1", "userAgent": "curl" },
            "requestId": "JKJaXmPLvHcESHA=", "routeKey": "$default", "stage": "$default",
            "time": "10/Mar/2020:05:16:23 +0000", "timeEpoch": 1_583_817_383_220_u64
        },
        "body": body,
        "isBase64Encoded": is_base64
    })
}

#[tokio::test]
async fn http_apis_and_function_urls_store_plain_and_base64_bodies() {
    let world = World::new().await;
    let _table = world.serve(&[]).await;
    let mut lambda = Lambda::start(&world).await;
    let domains = ["r3pmxmplak.execute-api.us-east-1.amazonaws.com", "r3pmxmplak.lambda-url.us-east-1.on.aws"];
    for domain in domains {
        for (body, is_base64) in [(r#"{"temperature": 10}"#, false), ("W3sidGVtcGVyYXR1cmUiOiAxMC4wMX1d", true)] {
            let answer = lambda.invoke(event(domain, body, is_base64)).await;
            assert_eq!(answer["statusCode"], 200, "{answer}");
            let told: Value = serde_json::from_str(answer["body"].as_str().unwrap()).unwrap();
            assert_eq!(told["outcomes"], json!({"persisted": 1}));
        }
    }
    assert_eq!(lambda.invoke(event(domains[0], "nope", false)).await["statusCode"], 400);
    let items = world.items().await;
    assert_eq!(items.len(), 4);
    assert_eq!(items.iter().filter(|item| item["temperature"].as_n().unwrap() == "10.01").count(), 2);
}

#[tokio::test]
async fn forwarding_is_an_init_error_that_says_why() {
    let world = World::new().await;
    let output = command(&world).env("EGRESS_API_HOST", "http://127.0.0.1:1/").env("SPOOL_DIR", "/tmp").output().await.unwrap();
    assert!(!output.status.success());
    assert!(String::from_utf8_lossy(&output.stdout).contains("no disk that lasts"), "{output:?}");
}

#[tokio::test]
async fn every_invocation_has_a_line_of_metrics_of_its_own() {
    let world = World::new().await;
    let _table = world.serve(&[]).await;
    let reason = "TableWriteMaxOnDemandThroughputExceeded";
    world.aws.faults().add(Rule::new(Fault::throttle(reason, "arn")).operation("BatchWriteItem").times(1));
    let mut lambda = Lambda::start(&world).await;
    let domain = "r3pmxmplak.lambda-url.us-east-1.on.aws";
    for (body, expected) in [
        (
            r#"[{"temperature": 10}, {"temperature": 11}]"#,
            [("Requests", 1), ("Responses.200", 1), ("Persisted", 2), ("WriteRequests", 2), ("ColdStart", 1)],
        ),
        ("nope", [("Requests", 1), ("Responses.400", 1), ("Persisted", 0), ("WriteRequests", 0), ("ColdStart", 0)]),
    ] {
        lambda.invoke(event(domain, body, false)).await;
        let told = lambda.line().await;
        assert_eq!((&told["level"], &told["message"], &told["service"]), (&json!("DEBUG"), &json!("answered"), &json!("ingest")));
        assert_eq!(told["function_request_id"], "8476a536-e9f4-11e8-9739-2dfe598c3fcd");
        let metrics = lambda.line().await;
        assert_eq!(expected.map(|(name, _)| (name, metrics[name].as_u64().unwrap_or(99))), expected, "{metrics}");
        assert_eq!(
            (&metrics["service"], metrics["_aws"]["CloudWatchMetrics"][0]["Namespace"].as_str()),
            (&json!("ingest"), Some("tablefeed"))
        );
        let written = metrics["Persisted"].as_u64().unwrap();
        assert_eq!(metrics["WriteUnits"], json!(if written > 0 { 2.0 } else { 0.0 }));
        assert_eq!(metrics[format!("WriteThrottles.{reason}")].as_u64(), (written > 0).then_some(1));
    }
}
