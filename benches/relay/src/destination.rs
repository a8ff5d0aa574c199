//! A URL that takes its time for each POST, and knows when each record came first.

use std::collections::BTreeMap;
use std::io;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use axum::Router;
use axum::body::Bytes;
use axum::http::StatusCode;
use axum::routing::post;
use serde_json::Value;
use tablefeed_server::Limits;
use tokio::net::TcpListener;
use tokio::time::sleep;

const DELAY: Duration = Duration::from_millis(20);
const LIMITS: Limits = Limits { connections: 64, drain: Duration::ZERO };

type Arrivals = Arc<Mutex<BTreeMap<u64, Instant>>>;

/// Serves until the program ends.
#[derive(Debug)]
pub struct Destination {
    pub url: String,
    arrivals: Arrivals,
}

impl Destination {
    pub async fn start() -> io::Result<Destination> {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let url = format!("http://{}/", listener.local_addr()?);
        let arrivals = Arrivals::default();
        let here = Arc::clone(&arrivals);
        let take = move |body: Bytes| {
            note(&here, &body, Instant::now());
            async {
                sleep(DELAY).await;
                StatusCode::NO_CONTENT
            }
        };
        tokio::spawn(tablefeed_server::serve(listener, Router::new().route("/", post(take)), LIMITS, std::future::pending()));
        Ok(Destination { url, arrivals })
    }

    fn arrivals(&self) -> MutexGuard<'_, BTreeMap<u64, Instant>> {
        self.arrivals.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub fn count(&self) -> usize {
        self.arrivals().len()
    }

    /// Milliseconds from when each put was answered until its record came; none for one that came before.
    pub fn after(&self, answered: &BTreeMap<u64, Instant>) -> Vec<f64> {
        let arrivals = self.arrivals();
        let pairs = answered.iter().filter_map(|(n, answered)| Some((answered, arrivals.get(n)?)));
        pairs.map(|(answered, arrived)| arrived.saturating_duration_since(*answered).as_secs_f64() * 1000.0).collect()
    }

    /// Records a second, from the first one's arrival to when the last ones are answered.
    pub fn rate(&self) -> f64 {
        let arrivals = self.arrivals();
        let (first, last) = (arrivals.values().min(), arrivals.values().max());
        let (Some(first), Some(last)) = (first, last) else { return 0.0 };
        let count = u32::try_from(arrivals.len()).unwrap_or(u32::MAX);
        f64::from(count) / (*last - *first + DELAY).as_secs_f64()
    }
}

fn note(arrivals: &Arrivals, body: &[u8], now: Instant) {
    let body: Value = serde_json::from_slice(body).unwrap_or_default();
    let mut arrivals = arrivals.lock().unwrap_or_else(PoisonError::into_inner);
    for record in body["Records"].as_array().into_iter().flatten() {
        if let Some(n) = record["dynamodb"]["NewImage"]["n"]["N"].as_str().and_then(|n| n.parse().ok()) {
            arrivals.entry(n).or_insert(now);
        }
    }
}
