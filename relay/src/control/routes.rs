//! The subscriptions: made, listed, shown, removed, paused, resumed, replayed.

use std::sync::Arc;

use axum::body::{Body, to_bytes};
use axum::extract::{Path, State};
use axum::http::header::{CONTENT_TYPE, LOCATION};
use axum::http::{HeaderMap, Method, StatusCode};
use axum::response::{IntoResponse, Response};
use serde_json::{Map, Value, json};

use super::{Control, page};
use crate::control::trouble::{Trouble, json_of};
use crate::deliver::DelivererError;
use crate::enable::enable_stream;
use crate::relay::{AddError, ControlError};
use crate::subscription::{Declaration, FieldError, Letters, OnFailure, Origin, Start};

const MAX_BODY_BYTES: usize = 64 << 10;

/// `GET /`: every subscription, in short; or the page.
pub(super) async fn list(State(control): State<Arc<Control>>, method: Method, headers: HeaderMap) -> Response {
    if page::is_wanted(&method, &headers) {
        return page::page();
    }
    let short = |view: crate::state::View| {
        let mut entry = json!({ "table_name": view.table_name, "url": view.url, "status": view.status });
        if let Some(error) = view.error {
            entry["error"] = error.into();
        }
        (view.id, entry)
    };
    json_of(StatusCode::OK, &Value::Object(control.relay.list().into_iter().map(short).collect::<Map<_, _>>()))
}

/// `POST /`: a new subscription; its id as text.
pub(super) async fn add(State(control): State<Arc<Control>>, headers: HeaderMap, body: Body) -> Result<Response, Trouble> {
    let value = json_body(&headers, body).await?;
    let declaration = Declaration::parse(&value).map_err(Trouble::Invalid)?;
    if matches!(declaration.on_failure, OnFailure::DeadLetter { to: Letters::File(_), .. }) {
        // Who may speak HTTP to the relay may not choose where it writes on its disk.
        let message = "can be set in the file of subscriptions only; over HTTP give queue_url".to_owned();
        return Err(Trouble::Invalid(vec![FieldError { field: "dead_letter.file".to_owned(), messages: vec![message] }]));
    }
    if let Some(client) = &control.streams_for {
        // What cannot be enabled is the subscription's error, and said there.
        enable_stream(client, &declaration.table_name).await.map(drop).unwrap_or_default();
    }
    let id = control.relay.add(declaration, Origin::Http).await.map_err(refused)?;
    let headers = [(CONTENT_TYPE, "text/plain; charset=utf-8".to_owned()), (LOCATION, format!("/{id}"))];
    Ok((StatusCode::CREATED, headers, id).into_response())
}

/// `GET /{id}`: all that is known of one.
pub(super) async fn view(State(control): State<Arc<Control>>, Path(id): Path<String>) -> Result<Response, Trouble> {
    let view = control.relay.view(&id).ok_or_else(|| Trouble::NotFound(id))?;
    let body = serde_json::to_value(view).map_err(|error| Trouble::Unavailable(error.to_string()))?;
    Ok(json_of(StatusCode::OK, &body))
}

/// `DELETE /{id}`.
pub(super) async fn remove(State(control): State<Arc<Control>>, Path(id): Path<String>) -> Result<StatusCode, Trouble> {
    if control.relay.remove(&id).await { Ok(StatusCode::NO_CONTENT) } else { Err(Trouble::NotFound(id)) }
}

/// `POST /{id}/pause`.
pub(super) async fn pause(State(control): State<Arc<Control>>, Path(id): Path<String>) -> Result<StatusCode, Trouble> {
    done(control.relay.pause(&id).await, id)
}

/// `POST /{id}/resume`.
pub(super) async fn resume(State(control): State<Arc<Control>>, Path(id): Path<String>) -> Result<StatusCode, Trouble> {
    done(control.relay.resume(&id).await, id)
}

/// `POST /{id}/replay`: delivers again from a point in time.
pub(super) async fn replay(
    State(control): State<Arc<Control>>,
    Path(id): Path<String>,
    headers: HeaderMap,
    body: Body,
) -> Result<StatusCode, Trouble> {
    let value = json_body(&headers, body).await?;
    let start = replay_from(&value).map_err(Trouble::Invalid)?;
    done(control.relay.replay(&id, start).await, id)
}

fn done(result: Result<(), ControlError>, id: String) -> Result<StatusCode, Trouble> {
    match result {
        Ok(()) => Ok(StatusCode::NO_CONTENT),
        Err(ControlError::NotFound) => Err(Trouble::NotFound(id)),
        Err(ControlError::Conflict(why)) => Err(Trouble::Conflict(why)),
    }
}

fn refused(error: AddError) -> Trouble {
    let field = match &error {
        AddError::Store(_) | AddError::Deliverer(DelivererError::Certificates(_)) => return Trouble::Unavailable(error.to_string()),
        AddError::Deliverer(DelivererError::Url(_)) => "url",
        AddError::Deliverer(DelivererError::Header(_)) => "headers",
        AddError::Deliverer(DelivererError::Filter(_)) => "where",
        AddError::Deliverer(DelivererError::LettersToFile) => "dead_letter.file",
    };
    Trouble::Invalid(vec![FieldError { field: field.to_owned(), messages: vec![error.to_string()] }])
}

/// `{"from": …}`, read as a subscription's `start` is; a time may also stand there by itself.
fn replay_from(value: &Value) -> Result<Start, Vec<FieldError>> {
    let error = |field: &str, message: &str| vec![FieldError { field: field.to_owned(), messages: vec![message.to_owned()] }];
    let Some(members) = value.as_object() else { return Err(error("", "must be an object")) };
    if let Some(unknown) = members.keys().find(|name| *name != "from") {
        return Err(error(unknown, "unknown; known is from"));
    }
    let from = match members.get("from") {
        None | Some(Value::Null) => return Err(error("from", "required")),
        Some(Value::String(word)) if matches!(word.as_str(), "latest" | "trim_horizon") => json!(word),
        Some(time @ (Value::String(_) | Value::Number(_))) => json!({ "at": time }),
        Some(other) => other.clone(),
    };
    let read = Declaration::parse(&json!({ "table_name": "any", "url": "http://127.0.0.1/", "start": from }));
    read.map(|declaration| declaration.start)
        .map_err(|errors| errors.into_iter().map(|error| FieldError { field: "from".to_owned(), ..error }).collect())
}

/// A body that says that it is JSON, and is.
async fn json_body(headers: &HeaderMap, body: Body) -> Result<Value, Trouble> {
    let media = headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let media = media.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    if media != "application/json" && !(media.starts_with("application/") && media.ends_with("+json")) {
        return Err(Trouble::ContentType);
    }
    let bytes = to_bytes(body, MAX_BODY_BYTES).await.map_err(|_| Trouble::TooLarge)?;
    serde_json::from_slice(&bytes).map_err(|error| Trouble::Malformed(error.to_string()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_replay_begins_where_it_is_told() {
        let from = |value: Value| replay_from(&json!({ "from": value }));
        assert_eq!(from(json!("trim_horizon")).unwrap(), Start::TrimHorizon);
        assert_eq!(from(json!("latest")).unwrap(), Start::Latest);
        for time in [json!("2026-03-05T10:00:00Z"), json!(1_772_704_800), json!({ "at": 1_772_704_800 })] {
            assert_eq!(from(time.clone()).unwrap(), Start::At(1_772_704_800_000), "{time}");
        }
        for wrong in [json!({ "from": "yesterday" }), json!({ "from": [] }), json!({}), json!({ "from": "latest", "to": 1 }), json!([])] {
            assert_eq!(replay_from(&wrong).unwrap_err().len(), 1, "{wrong}");
        }
    }
}
