//! What is told without a key: whether the process lives, whether it works, its counts. Holds no URL and nothing of a record.

use std::sync::Arc;

use axum::extract::State;
use axum::http::StatusCode;
use axum::http::header::CONTENT_TYPE;
use axum::response::{IntoResponse, Response};
use serde_json::{Value, json};

use super::{Control, metrics};
use crate::control::trouble::json_of;

/// Alive, and how it is: always 200.
pub(super) async fn health(State(control): State<Arc<Control>>) -> Response {
    let (ready, readiness) = readiness(&control);
    let status = if ready { "OK" } else { "DEGRADED" };
    let body = json!({ "serverStatus": status, "uptime": control.started.elapsed().as_secs(), "readiness": readiness });
    json_of(StatusCode::OK, &body)
}

/// 200 if it works, else 503; both say why.
pub(super) async fn ready(State(control): State<Arc<Control>>) -> Response {
    let (ready, readiness) = readiness(&control);
    json_of(if ready { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE }, &readiness)
}

fn readiness(control: &Control) -> (bool, Value) {
    match control.relay.ready() {
        Ok(()) => (true, json!({ "ready": true })),
        Err(why) => (false, json!({ "ready": false, "error": why })),
    }
}

pub(super) async fn metrics(State(control): State<Arc<Control>>) -> Response {
    ([(CONTENT_TYPE, "text/plain; version=0.0.4; charset=utf-8")], metrics::text(&control.relay.list())).into_response()
}

pub(super) async fn openapi() -> Response {
    ([(CONTENT_TYPE, "application/json")], include_str!("openapi.json")).into_response()
}
