//! One embedded AWS for one test, with the server on it.

use std::collections::BTreeMap;
use std::sync::Arc;

use aws_sdk_dynamodb::types::AttributeValue;
use http_body_util::{BodyExt, Full};
use hyper::body::Bytes;
use hyper::{Method, Request};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use serde_json::Value;
use tablefeed::aws::{Clients, config_for_endpoint};
use tablefeed::table::{Definition, create_if_missing};
use tablefeed_ingest::app::APP;
use tablefeed_ingest::server::serve;
use tablefeed_ingest::{App, Home, IngestSettings};
use tablefeed_local::{Config, Embedded, Rule, RuleId};
use tokio::net::TcpListener;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

pub const TABLE: &str = "readings";
pub const QUEUE: &str = "letters";

pub type Item = BTreeMap<String, AttributeValue>;

/// A client that keeps its connections.
pub type Http = Client<HttpConnector, Full<Bytes>>;

pub struct World {
    pub aws: Embedded,
    pub clients: Clients,
    pub http: Http,
}

/// A running server.
pub struct Server {
    pub url: String,
    stop: oneshot::Sender<()>,
    serving: JoinHandle<std::io::Result<()>>,
}

/// What was answered.
#[derive(Debug)]
pub struct Answered {
    pub status: u16,
    pub headers: hyper::HeaderMap,
    pub body: Value,
}

impl World {
    pub async fn new() -> World {
        let aws = Embedded::start(Config::default()).await.unwrap();
        let clients = Clients::new(&config_for_endpoint(aws.endpoint()), "tablefeed-test", None);
        clients.sqs.create_queue().queue_name(QUEUE).send().await.unwrap();
        World { aws, clients, http: Client::builder(TokioExecutor::new()).build_http() }
    }

    pub fn settings(&self, changes: &[(&str, &str)]) -> IngestSettings {
        let queue = self.aws.queue_url(QUEUE);
        let here = [("TABLE", TABLE), ("DLQ_URL", queue.as_str()), ("REQUEST_TIMEOUT_MS", "4000"), ("PORT", "0")];
        let set: BTreeMap<String, String> =
            here.iter().chain(changes).map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        IngestSettings::parse(|name| set.get(name).cloned(), |path| std::fs::read_to_string(path), Home::Server).unwrap()
    }

    /// A server whose table is there.
    pub async fn serve(&self, changes: &[(&str, &str)]) -> Server {
        let settings = self.settings(changes);
        create_if_missing(&self.clients.dynamodb, &Definition::of_mapping(TABLE, &settings.function.mapping)).await.unwrap();
        self.serve_without_table(changes).await
    }

    pub async fn serve_without_table(&self, changes: &[(&str, &str)]) -> Server {
        let clients = Clients::new(&config_for_endpoint(self.aws.endpoint()), APP, None);
        let app = Arc::new(App::open(self.settings(changes), clients, |_, _| {}).await.unwrap());
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/", listener.local_addr().unwrap());
        let (stop, stopped) = oneshot::channel::<()>();
        let serving = tokio::spawn(serve(listener, app, async { drop(stopped.await) }));
        Server { url, stop, serving }
    }

    pub fn fault(&self, rule: Rule) -> RuleId {
        self.aws.faults().add(rule.app(APP))
    }

    pub async fn items(&self) -> Vec<Item> {
        let pages = self.clients.dynamodb.scan().table_name(TABLE).into_paginator().items().send();
        let found: Vec<_> = pages.collect::<Result<_, _>>().await.unwrap();
        found.into_iter().map(|item| item.into_iter().collect()).collect()
    }

    /// The bodies of all letters.
    pub async fn letters(&self) -> Vec<Value> {
        let url = self.aws.queue_url(QUEUE);
        let mut letters = Vec::new();
        loop {
            let receive = self.clients.sqs.receive_message().queue_url(&url).max_number_of_messages(10).visibility_timeout(60);
            let messages = receive.send().await.unwrap().messages.unwrap_or_default();
            if messages.is_empty() {
                return letters;
            }
            letters.extend(messages.iter().map(|message| serde_json::from_str::<Value>(message.body().unwrap()).unwrap()));
        }
    }

    pub async fn post(&self, server: &Server, headers: &[(&str, &str)], body: impl Into<Vec<u8>>) -> Answered {
        send(&self.http, Method::POST, &server.url, headers, body.into()).await.unwrap()
    }

    pub async fn get(&self, server: &Server, path: &str) -> Answered {
        send(&self.http, Method::GET, &format!("{}{path}", server.url), &[], Vec::new()).await.unwrap()
    }
}

impl Server {
    /// Stops it, as a signal would.
    pub async fn stop(self) {
        self.stop.send(()).unwrap();
        self.serving.await.unwrap().unwrap();
    }
}

/// Sends one request; JSON, unless the headers say otherwise. None if there is no answer.
pub async fn send(http: &Http, method: Method, url: &str, headers: &[(&str, &str)], body: Vec<u8>) -> Option<Answered> {
    let mut request = Request::builder().method(method).uri(url);
    if !headers.iter().any(|(name, _)| *name == "content-type") {
        request = request.header("content-type", "application/json");
    }
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    let response = http.request(request.body(Full::from(body)).unwrap()).await.ok()?;
    let (head, body) = response.into_parts();
    let body = body.collect().await.ok()?.to_bytes();
    let body = serde_json::from_slice(&body).unwrap_or_else(|_| Value::String(String::from_utf8_lossy(&body).into_owned()));
    Some(Answered { status: head.status.as_u16(), headers: head.headers, body })
}
