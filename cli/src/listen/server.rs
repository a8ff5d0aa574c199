//! The listener's server: what is POSTed is verified, printed, and answered as planned.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::routing::post;
use tablefeed_relay::signature::verify;
use tablefeed_relay::subscription::Secret;
use tokio::sync::Notify;
use tokio::time::sleep;

use super::show::lines;
use crate::output;

/// More than a batch with everything in it.
const MAX_BODY_BYTES: usize = 128 << 20;

/// How it answers, and what it needs for that.
pub struct Listener {
    secrets: [Secret; 1],
    answers: Vec<u16>,
    delay: Duration,
    json: bool,
    answered: AtomicUsize,
    unheard: Notify,
}

impl Listener {
    pub fn new(secret: Secret, answers: Vec<u16>, delay: Duration, json: bool) -> Listener {
        Listener { secrets: [secret], answers, delay, json, answered: AtomicUsize::new(0), unheard: Notify::new() }
    }

    /// Returns when nobody reads what is printed any more.
    pub async fn unheard(&self) {
        self.unheard.notified().await;
    }

    /// The next planned status; the last one stays.
    fn answer(&self) -> StatusCode {
        let index = self.answered.fetch_add(1, Ordering::Relaxed).min(self.answers.len().saturating_sub(1));
        self.answers.get(index).and_then(|status| StatusCode::from_u16(*status).ok()).unwrap_or(StatusCode::NO_CONTENT)
    }
}

/// POST, on any path.
pub fn routes(listener: Arc<Listener>) -> Router {
    Router::new().route("/", post(take)).route("/{*path}", post(take)).with_state(listener)
}

async fn take(State(listener): State<Arc<Listener>>, headers: HeaderMap, body: Body) -> StatusCode {
    let Ok(body) = to_bytes(body, MAX_BODY_BYTES).await else { return StatusCode::PAYLOAD_TOO_LARGE };
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs();
    if let Err(error) = verify(&listener.secrets, &headers, &body, now) {
        output::note(&format!("refused a request: {error}"));
        return StatusCode::UNAUTHORIZED;
    }
    let Ok(text) = std::str::from_utf8(&body) else { return StatusCode::BAD_REQUEST };
    let printed = if listener.json { output::line(text) } else { show(text) };
    if printed.is_err() {
        listener.unheard.notify_one();
        return StatusCode::SERVICE_UNAVAILABLE;
    }
    sleep(listener.delay).await;
    let status = listener.answer();
    if !status.is_success() {
        output::note(&format!("answered {}", status.as_u16()));
    }
    status
}

/// Records are results; a notice is for the person.
fn show(text: &str) -> std::io::Result<()> {
    match lines(text) {
        Ok(shown) => shown.iter().try_for_each(|line| output::line(line)),
        Err(notice) => {
            output::note(&notice);
            Ok(())
        }
    }
}
