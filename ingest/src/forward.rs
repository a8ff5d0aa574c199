//! Stored documents go on to the next module: a spool's entries in, POSTs out, one after another and each until it is taken.
//!
//! An entry leaves the spool only after a 2xx answer; it may be sent twice, after a crash or a lost answer.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use http_body_util::Full;
use hyper::body::Bytes;
use hyper::header::CONTENT_TYPE;
use hyper::{Request, Uri};
use hyper_rustls::HttpsConnector;
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use tokio::time::{sleep, timeout};

use crate::spool::Spool;

const FIRST_WAIT: Duration = Duration::from_millis(100);
const LONGEST_WAIT: Duration = Duration::from_secs(10);

/// A client for the next modules.
#[derive(Debug, Clone)]
pub struct Forwarder {
    client: Client<HttpsConnector<HttpConnector>, Full<Bytes>>,
    timeout: Duration,
}

impl Forwarder {
    /// `timeout` is for one try. Reads the machine's certificates if a URL needs them.
    pub fn new(urls: &[Uri], timeout: Duration) -> io::Result<Forwarder> {
        let secure = urls.iter().any(|url| url.scheme_str() == Some("https"));
        let connector = tablefeed_server::https(HttpConnector::new(), secure)?;
        Ok(Forwarder { client: Client::builder(TokioExecutor::new()).build(connector), timeout })
    }

    /// Sends on what the spool holds and what comes, for ever.
    pub async fn run(self, spool: Arc<Spool>) {
        let mut wait = FIRST_WAIT;
        loop {
            let number = spool.first().await;
            match self.forward(&spool, number).await {
                Ok(()) => wait = FIRST_WAIT,
                Err(why) => {
                    spool.failed(why);
                    sleep(wait).await;
                    wait = (wait * 2).min(LONGEST_WAIT);
                }
            }
        }
    }

    async fn forward(&self, spool: &Spool, number: u64) -> Result<(), String> {
        let unreadable = |error: io::Error| format!("the spool cannot be read: {error}");
        let body = Full::from(spool.read(number).map_err(unreadable)?);
        let request = Request::post(&spool.url).header(CONTENT_TYPE, "application/json").body(body).map_err(|error| error.to_string())?;
        match timeout(self.timeout, self.client.request(request)).await {
            Err(_) => Err("the next module does not answer in time".to_owned()),
            Ok(Err(error)) => Err(format!("the next module cannot be reached: {error}")),
            Ok(Ok(answer)) if answer.status().is_success() => spool.done(number).map_err(unreadable),
            Ok(Ok(answer)) => Err(format!("the next module answers {}", answer.status().as_u16())),
        }
    }
}
