//! Reads what a service is asked and writes what it answers: a status, a JSON body and, for an error of SQS, the header that its clients
//! take the code from.

use std::borrow::Cow;

use hyper::body::Bytes;
use hyper::header::{CONTENT_TYPE, HeaderName, HeaderValue};
use hyper::{Response, StatusCode};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::body::Answer;
use crate::target::Service;

const QUERY_ERROR: HeaderName = HeaderName::from_static("x-amzn-query-error");
const REQUEST_ID: HeaderName = HeaderName::from_static("x-amzn-requestid");

/// A whole answer, before it becomes HTTP.
#[derive(Debug, Clone)]
pub(crate) struct Reply {
    pub status: StatusCode,
    pub body: Bytes,
    query_error: Option<String>,
}

/// A refusal, named as the service names it.
#[derive(Debug, Clone)]
pub(crate) struct ApiError {
    pub status: StatusCode,
    pub code: Cow<'static, str>,
    pub message: String,
    /// Further members of the error's JSON.
    pub members: Vec<(&'static str, Value)>,
}

pub(crate) type ApiResult<T> = Result<T, ApiError>;

impl ApiError {
    pub(crate) fn new(code: impl Into<Cow<'static, str>>, message: impl Into<String>) -> ApiError {
        ApiError { status: StatusCode::BAD_REQUEST, code: code.into(), message: message.into(), members: Vec::new() }
    }

    pub(crate) fn internal(message: impl Into<String>) -> ApiError {
        ApiError { status: StatusCode::INTERNAL_SERVER_ERROR, ..ApiError::new("InternalServerError", message) }
    }

    pub(crate) fn unknown_operation(target: &str) -> ApiError {
        ApiError::new("UnknownOperationException", format!("The operation '{target}' is not served here"))
    }

    pub(crate) fn into_reply(self, service: Service) -> Reply {
        let namespace = match (service, self.code.as_ref()) {
            (_, "UnknownOperationException" | "SerializationException") => "com.amazon.coral.service#",
            (Service::DynamoDb | Service::DynamoDbStreams, _) => "com.amazonaws.dynamodb.v20120810#",
            (Service::Sqs, _) => "com.amazonaws.sqs#",
            (Service::Ssm, _) => "",
        };
        let mut body = json!({ "__type": format!("{namespace}{}", self.code), "message": self.message });
        for (name, value) in self.members {
            body[name] = value;
        }
        let fault = if self.status.is_server_error() { "Receiver" } else { "Sender" };
        let query_error = (service == Service::Sqs).then(|| format!("{};{fault}", query_code(&self.code)));
        Reply { status: self.status, body: Bytes::from(body.to_string()), query_error }
    }
}

impl From<rusqlite::Error> for ApiError {
    fn from(error: rusqlite::Error) -> ApiError {
        ApiError::internal(format!("the local store failed: {error}"))
    }
}

impl Reply {
    /// The good answer that says nothing.
    pub(crate) fn empty() -> Reply {
        Reply { status: StatusCode::OK, body: Bytes::from_static(b"{}"), query_error: None }
    }

    pub(crate) fn ok(body: &impl Serialize) -> ApiResult<Reply> {
        let body = serde_json::to_vec(body).map_err(|error| ApiError::internal(error.to_string()))?;
        Ok(Reply { status: StatusCode::OK, body: Bytes::from(body), query_error: None })
    }

    pub(crate) fn into_response(self, service: Service) -> Response<Answer> {
        let mut response = Response::new(Answer::whole(self.body));
        *response.status_mut() = self.status;
        let headers = response.headers_mut();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static(service.content_type()));
        if let Ok(id) = HeaderValue::from_str(&Uuid::new_v4().to_string()) {
            headers.insert(REQUEST_ID, id);
        }
        if let Some(value) = self.query_error.and_then(|text| HeaderValue::from_str(&text).ok()) {
            headers.insert(QUERY_ERROR, value);
        }
        response
    }
}

/// A request's JSON as a type.
pub(crate) fn parse<'a, T: Deserialize<'a>>(body: &'a [u8]) -> ApiResult<T> {
    serde_json::from_slice(body).map_err(|error| ApiError::new("SerializationException", error.to_string()))
}

/// The code that SQS had in its older protocol; its clients prefer it to the one in the body.
fn query_code(code: &str) -> Cow<'_, str> {
    match code {
        "QueueDoesNotExist" => "AWS.SimpleQueueService.NonExistentQueue".into(),
        "QueueNameExists" => "QueueAlreadyExists".into(),
        "TooManyEntriesInBatchRequest"
        | "EmptyBatchRequest"
        | "BatchEntryIdsNotDistinct"
        | "BatchRequestTooLong"
        | "InvalidBatchEntryId"
        | "MessageNotInflight"
        | "PurgeQueueInProgress"
        | "QueueDeletedRecently"
        | "UnsupportedOperation" => format!("AWS.SimpleQueueService.{code}").into(),
        _ => code.into(),
    }
}
