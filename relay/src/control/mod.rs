//! Control over HTTP: subscriptions made, listed, paused, replayed and removed; what is told about them; and a page for a browser.
//!
//! ```text
//! request ─► door: host, origin, key ─► routes ─► Relay ─► answer, or trouble
//!                                         told: health, metrics, openapi.json; page
//! ```
//! Nothing here shows a secret, and nothing is logged.

mod door;
mod metrics;
mod page;
mod routes;
mod told;
mod trouble;

use std::sync::Arc;
use std::time::Instant;

use axum::Router;
use axum::http::Uri;
use axum::middleware::from_fn_with_state;
use axum::routing::{get, post};
use tablefeed_server::Keys;

use crate::control::trouble::Trouble;
use crate::relay::Relay;

/// What all requests share.
pub struct Control {
    pub(crate) relay: Relay,
    pub(crate) keys: Keys,
    /// Whose tables get a stream when they are subscribed to; on a laptop only.
    pub(crate) streams_for: Option<aws_sdk_dynamodb::Client>,
    pub(crate) started: Instant,
}

impl Control {
    pub fn new(relay: Relay, keys: Keys, streams_for: Option<aws_sdk_dynamodb::Client>) -> Control {
        Control { relay, keys, streams_for, started: Instant::now() }
    }
}

/// Every route.
pub fn router(control: Arc<Control>) -> Router {
    let guarded = Router::new()
        .route("/", get(routes::list).post(routes::add))
        .route("/{id}", get(routes::view).delete(routes::remove))
        .route("/{id}/pause", post(routes::pause))
        .route("/{id}/resume", post(routes::resume))
        .route("/{id}/replay", post(routes::replay))
        .route_layer(from_fn_with_state(control.clone(), door::key));
    Router::new()
        .route("/health", get(told::health))
        .route("/ready", get(told::ready))
        .route("/metrics", get(told::metrics))
        .route("/openapi.json", get(told::openapi))
        .merge(guarded)
        .fallback(|uri: Uri| async move { Trouble::NotFound(uri.path().to_owned()) })
        .method_not_allowed_fallback(|| async { Trouble::Method })
        .layer(from_fn_with_state(control.clone(), door::house))
        .with_state(control)
}
