//! Subscriptions at a relay, over its HTTP control.

use std::time::Duration;

use anyhow::{Context as _, anyhow, bail};
use http_body_util::{BodyExt as _, Full};
use hyper::body::Bytes;
use hyper::{Method, Request, StatusCode, Uri};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use serde_json::{Value, json};
use tokio::time::timeout;

use crate::exit::BadInput;

const PATIENCE: Duration = Duration::from_secs(30);

/// A relay.
pub struct Subscriptions {
    url: String,
    key: Option<String>,
    http: Client<HttpConnector, Full<Bytes>>,
}

impl Subscriptions {
    pub fn new(url: &str, key: Option<String>) -> anyhow::Result<Subscriptions> {
        let is_url = url.parse::<Uri>().is_ok_and(|uri| uri.scheme_str() == Some("http") && uri.authority().is_some());
        if !is_url {
            return Err(BadInput::error(format!("--relay is {url:?}; it must be a URL such as http://127.0.0.1:3000")));
        }
        let key = key.filter(|key| !key.is_empty());
        Ok(Subscriptions { url: url.trim_end_matches('/').to_owned(), key, http: Client::builder(TokioExecutor::new()).build_http() })
    }

    /// Subscribes a URL to a table's changes, and returns the id.
    pub async fn add(&self, table: &str, url: &str, secret: &str) -> anyhow::Result<String> {
        let body = json!({ "table_name": table, "url": url, "secret": secret });
        let (status, text) = self.ask(Method::POST, "/", body.to_string()).await?;
        if status.is_success() { Ok(text.trim().to_owned()) } else { Err(BadInput::error(refusal(&self.url, status, &text))) }
    }

    pub async fn remove(&self, id: &str) -> anyhow::Result<()> {
        let (status, text) = self.ask(Method::DELETE, &format!("/{id}"), String::new()).await?;
        if !status.is_success() && status != StatusCode::NOT_FOUND {
            bail!(refusal(&self.url, status, &text));
        }
        Ok(())
    }

    async fn ask(&self, method: Method, path: &str, body: String) -> anyhow::Result<(StatusCode, String)> {
        let mut request = Request::builder().method(method).uri(format!("{}{path}", self.url));
        request = request.header("content-type", "application/json");
        if let Some(key) = &self.key {
            request = request.header("authorization", format!("Bearer {key}"));
        }
        let request = request.body(Full::from(body))?;
        let silent = || format!("no relay answers at {}: start one by `tablefeed relay`, or name another by --relay", self.url);
        let asking = async {
            let response = self.http.request(request).await.with_context(silent)?;
            let status = response.status();
            let bytes = response.into_body().collect().await.with_context(silent)?.to_bytes();
            Ok((status, String::from_utf8_lossy(&bytes).into_owned()))
        };
        timeout(PATIENCE, asking).await.map_err(|_| anyhow!(silent()))?
    }
}

fn refusal(url: &str, status: StatusCode, text: &str) -> String {
    let told: Value = serde_json::from_str(text).unwrap_or_default();
    let message = told["message"].as_str().unwrap_or_default();
    let errors = told["errors"].as_array().map_or_else(String::new, |errors| {
        errors
            .iter()
            .map(|error| {
                format!("; {}: {}", error["field"].as_str().unwrap_or_default(), error["messages"][0].as_str().unwrap_or_default())
            })
            .collect()
    });
    format!("the relay at {url} answers {}: {message}{errors}", status.as_u16())
}
