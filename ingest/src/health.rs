//! What is told without a key: whether the process lives, whether it can take documents, and its counts. Holds nothing of a document.

use std::sync::Arc;
use std::time::Duration;

use axum::extract::State;
use axum::http::StatusCode;
use axum::http::header::CONTENT_TYPE;
use axum::response::{IntoResponse, Response};
use serde_json::{Value, json};
use tablefeed::table::live_key;
use tokio::time::{Instant, timeout};

use crate::app::App;

/// How long a look at the table counts: probes come often, and the table's calls are limited.
const TABLE_SEEN: Duration = Duration::from_secs(5);
const TABLE_PATIENCE: Duration = Duration::from_secs(3);
/// What the description says of keys as it stands, and where there are some.
const OPTIONAL_KEY: &str = r#"[{ "key": [] }, {}]"#;
const KEY: &str = r#"[{ "key": [] }]"#;

/// Alive, and how it is: always 200.
pub async fn health(State(app): State<Arc<App>>) -> Response {
    let ready = readiness(&app).await;
    let status = if ready["ready"] == true { "OK" } else { "DEGRADED" };
    let body = json!({
        "serverStatus": status,
        "uptime": app.started.elapsed().as_secs(),
        "module": app.front.module,
        "readiness": ready,
    });
    json_of(StatusCode::OK, &body)
}

/// 200 as long as the process answers.
pub async fn live() -> StatusCode {
    StatusCode::OK
}

/// 200 if documents can be taken now, else 503; both say why.
pub async fn ready(State(app): State<Arc<App>>) -> Response {
    let ready = readiness(&app).await;
    json_of(if ready["ready"] == true { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE }, &ready)
}

pub async fn metrics(State(app): State<Arc<App>>) -> Response {
    let spools: Vec<_> = app.spools.iter().map(|spool| spool.state()).collect();
    ([(CONTENT_TYPE, "text/plain; version=0.0.4")], app.metrics.text(&spools)).into_response()
}

/// The description; where there are keys it says that a POST needs one.
pub async fn openapi(State(app): State<Arc<App>>) -> Response {
    let text = include_str!("openapi.json");
    let text = if app.keys.any() { text.replace(OPTIONAL_KEY, KEY) } else { text.to_owned() };
    ([(CONTENT_TYPE, "application/json")], text).into_response()
}

async fn readiness(app: &App) -> Value {
    let table = table(app).await;
    let spools: Vec<_> = app.spools.iter().map(|spool| spool.state()).collect();
    let full = spools.iter().any(|spool| spool.bytes >= spool.max_bytes);
    let of_spool = |spool: &crate::metrics::SpoolState| {
        json!({
            "host": spool.host, "waiting": spool.waiting, "bytes": spool.bytes, "max_bytes": spool.max_bytes,
            "forwarded": spool.forwarded, "trouble": spool.trouble,
        })
    };
    json!({
        "ready": table.is_ok() && !full && !app.is_draining(),
        "draining": app.is_draining(),
        "table": table.err().unwrap_or_else(|| "ready".to_owned()),
        "spools": spools.iter().map(of_spool).collect::<Vec<_>>(),
    })
}

/// Whether the table is there; the last look counts for a while.
async fn table(app: &App) -> Result<(), String> {
    let mut seen = app.table_seen.lock().await;
    if let Some((at, found)) = &*seen
        && at.elapsed() < TABLE_SEEN
    {
        return found.clone();
    }
    let looked = timeout(TABLE_PATIENCE, live_key(&app.clients.dynamodb, &app.function.settings().table.id)).await;
    let found = match looked {
        Ok(Ok(_)) => Ok(()),
        Ok(Err(error)) => Err(error.to_string()),
        Err(_) => Err("the table does not answer".to_owned()),
    };
    *seen = Some((Instant::now(), found.clone()));
    found
}

fn json_of(status: StatusCode, body: &Value) -> Response {
    (status, [(CONTENT_TYPE, "application/json")], body.to_string()).into_response()
}
