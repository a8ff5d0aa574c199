//! What is answered when something is wrong: `{"message": …}`.

use axum::http::StatusCode;
use axum::http::header::{CONTENT_TYPE, HeaderValue, WWW_AUTHENTICATE};
use axum::response::{IntoResponse, Response};
use serde_json::{Value, json};

use crate::subscription::FieldError;

/// What is wrong with a request.
#[derive(Debug)]
pub(crate) enum Trouble {
    /// What was asked for.
    NotFound(String),
    /// What it cannot be done for.
    Conflict(String),
    Invalid(Vec<FieldError>),
    /// Why it is no JSON.
    Malformed(String),
    TooLarge,
    ContentType,
    Method,
    NoKey,
    Foreign(&'static str),
    /// What failed here.
    Unavailable(String),
}

impl Trouble {
    fn parts(self) -> (StatusCode, Value) {
        let message = |text: &str| json!({ "message": text });
        match self {
            Trouble::NotFound(what) => (StatusCode::NOT_FOUND, message(&format!("Not found: {what}"))),
            Trouble::Conflict(why) => (StatusCode::CONFLICT, message(&why)),
            Trouble::Invalid(errors) => {
                let errors: Vec<_> = errors.iter().map(|error| json!({ "field": error.field, "messages": error.messages })).collect();
                (StatusCode::BAD_REQUEST, json!({ "message": "Validation error", "errors": errors }))
            }
            Trouble::Malformed(why) => (StatusCode::UNPROCESSABLE_ENTITY, message(&format!("Malformed JSON: {why}"))),
            Trouble::TooLarge => (StatusCode::PAYLOAD_TOO_LARGE, message("The body is larger than 65536 bytes")),
            Trouble::ContentType => {
                (StatusCode::UNSUPPORTED_MEDIA_TYPE, message("The body must be JSON, and Content-Type: application/json must say so"))
            }
            Trouble::Method => (StatusCode::METHOD_NOT_ALLOWED, message("Allow says which methods there are; see /openapi.json")),
            Trouble::NoKey => (StatusCode::UNAUTHORIZED, message("Unauthorized: send Authorization: Bearer KEY with one of API_KEYS")),
            Trouble::Foreign(why) => (StatusCode::FORBIDDEN, message(why)),
            Trouble::Unavailable(why) => (StatusCode::SERVICE_UNAVAILABLE, message(&why)),
        }
    }
}

impl IntoResponse for Trouble {
    fn into_response(self) -> Response {
        let (status, body) = self.parts();
        let mut response = json_of(status, &body);
        if status == StatusCode::UNAUTHORIZED {
            response.headers_mut().insert(WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
        }
        response
    }
}

/// An answer in JSON.
pub(crate) fn json_of(status: StatusCode, body: &Value) -> Response {
    (status, [(CONTENT_TYPE, "application/json")], body.to_string()).into_response()
}
