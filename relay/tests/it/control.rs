//! Control over HTTP: the contract, over the wire.

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use http_body_util::{BodyExt as _, Full};
use hyper::body::Bytes;
use hyper::{HeaderMap, Method, Request};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use serde_json::{Value, json};
use tablefeed::aws::{Clients, config_for_endpoint};
use tablefeed_local::{Config, Embedded};
use tablefeed_relay::control::{Control, router};
use tablefeed_relay::relay::{Options, Relay};
use tablefeed_server::{Keys, Limits, serve};
use tokio::net::TcpListener;

const KEY: &str = "a-key-that-is-long-enough";
const JSON: (&str, &str) = ("content-type", "application/json");

/// A relay on an embedded AWS without tables.
struct Served {
    address: String,
    http: Client<HttpConnector, Full<Bytes>>,
    _aws: Embedded,
}

struct Answer {
    status: u16,
    headers: HeaderMap,
    text: String,
}

impl Answer {
    fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap()
    }

    fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }
}

impl Served {
    async fn new(keys: &[&str]) -> Served {
        let aws = Embedded::start(Config::default()).await.unwrap();
        let config = config_for_endpoint(aws.endpoint());
        let clients = Clients::new(&config, "tablefeed-relay", None);
        let streams = aws_sdk_dynamodbstreams::Client::new(&config);
        let options =
            Options { poll: Duration::from_millis(20), discovery: Duration::from_millis(100), allow_private: true, ..Options::default() };
        let relay = Relay::open(options, clients.dynamodb, streams, (*clients.sqs).clone(), None, |_, _| {}).await.unwrap();
        let keys = Keys::new(keys.iter().map(|key| (*key).to_owned()).collect());
        let routes: Router = router(Arc::new(Control::new(relay, keys, None)));
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap().to_string();
        tokio::spawn(serve(listener, routes, Limits { connections: 64, drain: Duration::from_secs(1) }, std::future::pending()));
        Served { address, http: Client::builder(TokioExecutor::new()).build_http(), _aws: aws }
    }

    async fn ask(&self, method: &str, path: &str, headers: &[(&str, &str)], body: impl Into<Vec<u8>>) -> Answer {
        let method = Method::from_bytes(method.as_bytes()).unwrap();
        let mut request = Request::builder().method(method).uri(format!("http://{}{path}", self.address));
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let response = self.http.request(request.body(Full::from(body.into())).unwrap()).await.unwrap();
        let (head, body) = response.into_parts();
        let body = body.collect().await.unwrap().to_bytes();
        Answer { status: head.status.as_u16(), headers: head.headers, text: String::from_utf8(body.to_vec()).unwrap() }
    }

    async fn get(&self, path: &str) -> Answer {
        self.ask("GET", path, &[], "").await
    }

    async fn post(&self, path: &str, body: &Value) -> Answer {
        self.ask("POST", path, &[JSON], body.to_string()).await
    }

    /// Subscribes to a table that does not exist.
    async fn subscribe(&self) -> String {
        let made = self.post("/", &json!({ "table_name": "Absent", "url": "http://127.0.0.1:9/hook" })).await;
        assert_eq!((made.status, made.header("content-type")), (201, "text/plain; charset=utf-8"), "{}", made.text);
        assert_eq!(made.header("location"), format!("/{}", made.text));
        made.text
    }

    async fn status(&self, id: &str) -> Value {
        self.get("/").await.json()[id]["status"].clone()
    }

    async fn becomes(&self, id: &str, status: &str) {
        let reached = async {
            while self.status(id).await != status {
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        };
        tokio::time::timeout(Duration::from_secs(30), reached).await.unwrap_or_else(|_| panic!("{id} does not become {status}"));
    }
}

#[tokio::test]
async fn a_subscription_is_made_listed_shown_paused_resumed_and_removed() {
    let served = Served::new(&[]).await;
    assert_eq!(served.get("/").await.json(), json!({}));
    let id = served.subscribe().await;
    assert!(id.len() == 26 && id.bytes().all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit()), "{id}");
    served.becomes(&id, "ERROR").await;
    let listed = served.get("/").await.json();
    assert_eq!((&listed[&id]["table_name"], &listed[&id]["url"]), (&json!("Absent"), &json!("http://127.0.0.1:9/hook")));
    assert!(listed[&id]["error"].is_string(), "{listed}");
    let view = served.get(&format!("/{id}")).await.json();
    assert_eq!((&view["id"], &view["origin"], &view["lag_records"]), (&json!(id), &json!("http"), &json!(0)));
    assert_eq!(served.ask("POST", &format!("/{id}/pause"), &[], "").await.status, 204);
    served.becomes(&id, "PAUSED").await;
    assert_eq!(served.ask("POST", &format!("/{id}/resume"), &[], "").await.status, 204);
    served.becomes(&id, "ERROR").await;
    assert_eq!(served.ask("DELETE", &format!("/{id}"), &[], "").await.status, 204);
    served.becomes(&id, "REMOVED").await;
}

#[tokio::test]
async fn what_is_wrong_with_a_subscription_is_told_by_field() {
    let served = Served::new(&[]).await;
    let wrong = served.post("/", &json!({ "table_name": "Absent" })).await;
    assert_eq!(wrong.status, 400);
    assert_eq!(wrong.json(), json!({ "message": "Validation error", "errors": [{ "field": "url", "messages": ["required"] }] }));
    let file =
        json!({ "table_name": "Absent", "url": "http://127.0.0.1:9/", "on_failure": "dead_letter", "dead_letter": { "file": "/tmp/x" } });
    assert_eq!(served.post("/", &file).await.json()["errors"][0]["field"], "dead_letter.file", "a path on this disk is the file's to give");
    let malformed = served.ask("POST", "/", &[JSON], "{\"table_name\":").await;
    assert!(malformed.status == 422 && malformed.json()["message"].is_string(), "{}", malformed.text);
    assert_eq!(served.ask("POST", "/", &[JSON], vec![b' '; 70_000]).await.status, 413);
    for headers in [&[][..], &[("content-type", "text/plain")], &[("content-type", "application/x-www-form-urlencoded")]] {
        assert_eq!(served.ask("POST", "/", headers, "{}").await.status, 415);
    }
    assert_eq!(served.get("/").await.json(), json!({}));
}

#[tokio::test]
async fn what_is_unknown_is_not_found() {
    let served = Served::new(&[]).await;
    let id = "01ARZ3NDEKTSV4RRFFQ69G5FAV";
    for (method, path) in [("GET", ""), ("DELETE", ""), ("POST", "/pause"), ("POST", "/resume")] {
        let answer = served.ask(method, &format!("/{id}{path}"), &[], "").await;
        assert_eq!((answer.status, answer.json()), (404, json!({ "message": format!("Not found: {id}") })), "{method} {path}");
    }
    assert_eq!(served.post(&format!("/{id}/replay"), &json!({ "from": "latest" })).await.status, 404);
    assert_eq!(served.get("/a/b/c").await.json(), json!({ "message": "Not found: /a/b/c" }));
}

#[tokio::test]
async fn a_replay_wants_to_know_from_where() {
    let served = Served::new(&[]).await;
    let id = served.subscribe().await;
    for from in [json!("trim_horizon"), json!("latest"), json!("2026-03-05T10:00:00Z"), json!({ "at": 1_772_704_800 })] {
        let answer = served.post(&format!("/{id}/replay"), &json!({ "from": from })).await;
        assert_eq!(answer.status, 204, "{from}: {}", answer.text);
    }
    let wrong = served.post(&format!("/{id}/replay"), &json!({})).await;
    assert_eq!((wrong.status, &wrong.json()["errors"]), (400, &json!([{ "field": "from", "messages": ["required"] }])));
}

#[tokio::test]
async fn with_keys_only_they_open_and_the_page_needs_none() {
    let served = Served::new(&[KEY]).await;
    let bearer = format!("Bearer {KEY}");
    let refused = served.get("/").await;
    assert_eq!((refused.status, refused.header("www-authenticate")), (401, "Bearer"));
    assert!(refused.json()["message"].is_string());
    for (method, path) in [("POST", "/"), ("GET", "/any"), ("DELETE", "/any"), ("POST", "/any/pause"), ("POST", "/any/replay")] {
        assert_eq!(served.ask(method, path, &[("authorization", "Bearer another-key-of-length")], "").await.status, 401, "{method} {path}");
    }
    assert_eq!(served.ask("GET", "/", &[("authorization", &bearer)], "").await.status, 200);
    let html = ("accept", "text/html");
    assert_eq!(served.ask("GET", "/", &[html], "").await.status, 200);
    assert_eq!(served.ask("POST", "/", &[html], "").await.status, 401);
    assert_eq!(served.ask("GET", "/any", &[html], "").await.status, 401);
    for path in ["/health", "/ready", "/metrics", "/openapi.json"] {
        assert_eq!(served.get(path).await.status, 200, "{path}");
    }
}

#[tokio::test]
async fn pages_of_other_sites_and_borrowed_names_are_refused() {
    let served = Served::new(&[]).await;
    let id = served.subscribe().await;
    let evil = ("origin", "https://evil.example");
    assert_eq!(served.ask("DELETE", &format!("/{id}"), &[evil], "").await.status, 403);
    assert_eq!(served.ask("POST", "/", &[evil, JSON], "{}").await.status, 403);
    let own = format!("http://{}", served.address);
    assert_eq!(served.ask("POST", &format!("/{id}/pause"), &[("origin", &own)], "").await.status, 204);
    let rebound = served.ask("GET", "/", &[("host", "evil.example:3000")], "").await;
    assert!(rebound.status == 403 && !rebound.text.contains(&id), "{}", rebound.text);
}

#[tokio::test]
async fn no_secret_is_shown() {
    let served = Served::new(&[]).await;
    let secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
    let body =
        json!({ "table_name": "Absent", "url": "http://127.0.0.1:9/?t=hush", "secret": secret, "headers": { "x-token": "hush-too" } });
    let id = served.post("/", &body).await.text;
    served.becomes(&id, "ERROR").await;
    for path in ["/", &format!("/{id}"), "/health", "/metrics"] {
        let shown = served.get(path).await.text;
        assert!(!shown.contains("MfKQ9r8G") && !shown.contains("hush-too"), "{path}: {shown}");
    }
    assert!(!served.get("/metrics").await.text.contains("hush"));
}

#[tokio::test]
async fn a_browser_gets_a_page_that_loads_nothing() {
    let served = Served::new(&[]).await;
    let page = served.ask("GET", "/", &[("accept", "text/html,*/*;q=0.8")], "").await;
    assert_eq!((page.status, page.header("content-type")), (200, "text/html; charset=utf-8"));
    assert!(page.header("content-security-policy").starts_with("default-src 'none'; script-src 'sha256-"));
    assert_eq!((page.header("x-content-type-options"), page.header("x-frame-options")), ("nosniff", "DENY"));
    assert_eq!(served.get("/").await.header("content-type"), "application/json");
}

#[tokio::test]
async fn health_readiness_and_counts_are_told() {
    let served = Served::new(&[]).await;
    let id = served.subscribe().await;
    let health = served.get("/health").await.json();
    assert_eq!((&health["serverStatus"], &health["readiness"]), (&json!("OK"), &json!({ "ready": true })));
    assert_eq!(served.get("/ready").await.status, 200);
    let metrics = served.get("/metrics").await;
    assert!(metrics.header("content-type").starts_with("text/plain; version=0.0.4"));
    let line = format!("tablefeed_relay_delivered_total{{subscription=\"{id}\",table=\"Absent\"}} 0");
    assert!(metrics.text.lines().any(|known| known == line), "{}", metrics.text);
}

/// Each path with each method: what is documented is there, what is not is refused with `Allow`.
#[tokio::test]
async fn the_documented_paths_and_methods_are_the_routers() {
    let served = Served::new(&[]).await;
    let document = served.get("/openapi.json").await.json();
    let paths = document["paths"].as_object().unwrap();
    assert_eq!(paths.len(), 9);
    for (path, documented) in paths {
        for method in ["GET", "POST", "PUT", "PATCH", "DELETE"] {
            let answer = served.ask(method, &path.replace("{id}", "01ARZ3NDEKTSV4RRFFQ69G5FAV"), &[], "").await;
            let Some(operation) = documented.get(method.to_ascii_lowercase()) else {
                assert_eq!(answer.status, 405, "{method} {path}");
                for allowed in documented.as_object().unwrap().keys() {
                    assert!(answer.header("allow").contains(&allowed.to_ascii_uppercase()), "{method} {path}: {:?}", answer.headers);
                }
                continue;
            };
            assert_ne!(answer.status, 405, "{method} {path}");
            assert!(operation["responses"].get(answer.status.to_string()).is_some(), "{method} {path}: {}", answer.status);
        }
    }
}
