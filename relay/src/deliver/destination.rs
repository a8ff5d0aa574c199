//! One URL, and how it is POSTed to: signed, guarded, within its time; redirects are not followed, and little of an answer is read.

use std::error::Error;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use http_body_util::{BodyExt as _, Full, Limited};
use hyper::body::{Bytes, Incoming};
use hyper::header::{CONTENT_TYPE, HeaderName, HeaderValue, RETRY_AFTER, USER_AGENT};
use hyper::{HeaderMap, Request, Uri};
use hyper_rustls::HttpsConnector;
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::{TokioExecutor, TokioTimer};
use tokio::time::timeout;

use super::DelivererError;
use super::guard::{Guard, Resolver};
use crate::signature::{ID, SIGNATURE, TIMESTAMP, sign};
use crate::subscription::{Declaration, Secret};

/// So much of an answer's body is read, for so long, that its connection can be used again; nothing of it matters.
const MAX_ANSWER_BYTES: usize = 64 << 10;
const ANSWER_PATIENCE: Duration = Duration::from_millis(500);
/// A connection that nobody uses is closed before most servers would close it.
const IDLE: Duration = Duration::from_secs(20);

/// Where batches go.
#[derive(Debug)]
pub struct Destination {
    client: Client<HttpsConnector<HttpConnector<Resolver>>, Full<Bytes>>,
    url: Uri,
    guard: Guard,
    headers: HeaderMap,
    secrets: Vec<Secret>,
    timeout: Duration,
}

/// What matters of an answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    pub status: u16,
    pub retry_after: Option<String>,
}

impl Destination {
    /// Reads the machine's certificates if the URL needs them.
    pub fn new(declaration: &Declaration, guard: Guard) -> Result<Destination, DelivererError> {
        let url: Uri = declaration.url.parse().map_err(|_| DelivererError::Url(declaration.url.clone()))?;
        let mut headers = HeaderMap::new();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        headers.insert(USER_AGENT, HeaderValue::from_static(concat!("tablefeed-relay/", env!("CARGO_PKG_VERSION"))));
        for (name, value) in &declaration.headers {
            match (HeaderName::from_bytes(name.as_bytes()), HeaderValue::from_str(value)) {
                (Ok(name), Ok(mut value)) => {
                    value.set_sensitive(true);
                    headers.insert(name, value);
                }
                _ => return Err(DelivererError::Header(name.clone())),
            }
        }
        let secure = url.scheme_str() == Some("https");
        let connector = tablefeed_server::https(HttpConnector::new_with_resolver(Resolver::new(guard)), secure)?;
        let client = Client::builder(TokioExecutor::new()).pool_timer(TokioTimer::new()).pool_idle_timeout(IDLE).build(connector);
        Ok(Destination { client, url, guard, headers, secrets: declaration.secrets.clone(), timeout: declaration.timeout })
    }

    /// Sends a body once; an error says why there is no answer. `within` shortens the time-out.
    pub async fn post(&self, id: &str, body: Bytes, within: Duration) -> Result<Answer, String> {
        self.guard.check(&self.url).map_err(|refused| refused.to_string())?;
        let request = self.request(id, body).map_err(|error| error.to_string())?;
        let patience = self.timeout.min(within);
        let answer = match timeout(patience, self.client.request(request)).await {
            Err(_) => return Err(format!("no answer within {} ms", patience.as_millis())),
            Ok(Err(error)) => return Err(innermost(&error)),
            Ok(Ok(answer)) => answer,
        };
        let (head, rest) = answer.into_parts();
        drain(rest).await;
        let retry_after = head.headers.get(RETRY_AFTER).and_then(|value| value.to_str().ok()).map(str::to_owned);
        Ok(Answer { status: head.status.as_u16(), retry_after })
    }

    fn request(&self, id: &str, body: Bytes) -> Result<Request<Full<Bytes>>, hyper::http::Error> {
        let mut request = Request::post(&self.url);
        if let Some(headers) = request.headers_mut() {
            headers.clone_from(&self.headers);
        }
        let now = epoch_seconds();
        request = request.header(ID, id).header(TIMESTAMP, now);
        if let Some(signatures) = sign(&self.secrets, id, now, &body) {
            request = request.header(SIGNATURE, signatures);
        }
        request.body(Full::from(body))
    }
}

/// Reads a short body to its end. Of a longer one the connection is given up.
async fn drain(body: Incoming) {
    let reading = Limited::new(body, MAX_ANSWER_BYTES).collect();
    timeout(ANSWER_PATIENCE, reading).await.map(drop).unwrap_or_default();
}

/// The cause at the bottom, which alone says what happened.
fn innermost(error: &dyn Error) -> String {
    let mut cause = error;
    while let Some(source) = cause.source() {
        cause = source;
    }
    cause.to_string()
}

/// Now.
pub(crate) fn epoch_seconds() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs()
}
