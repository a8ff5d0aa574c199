//! What can happen to a call.

use std::collections::BTreeSet;
use std::time::Duration;

use hyper::StatusCode;
use serde_json::json;

use super::batch_write::BatchWrite;
use super::entries::Entries;
use super::rule::{Seen, contains};
use crate::reply::ApiError;

/// What happens to the calls of a [`Rule`](super::Rule).
#[derive(Debug, Clone)]
pub enum Fault {
    /// An error in the service's own form; the call has no effect.
    Error { status: u16, code: String, message: String },
    /// DynamoDB's throttle, an error with typed reasons, such as `TableWriteProvisionedThroughputExceeded`, each with the ARN it is about.
    /// `code` is `ThrottlingException` or `ProvisionedThroughputExceededException`.
    Throttle { code: String, reasons: Vec<(String, String)> },
    /// The selected writes of a BatchWriteItem are not done and come back in UnprocessedItems; the others are done.
    Unprocessed(Select),
    /// A BatchWriteItem or PutItem with a write that contains the text is refused whole; the others pass.
    RefuseItems { containing: String, code: String, message: String },
    /// The entries of a SendMessageBatch or DeleteMessageBatch that contain the text fail, each in its place of a good answer; the others
    /// are sent or deleted.
    FailEntries { containing: String, code: String, sender_fault: bool, message: String },
    /// The connection is dropped; the call has no effect.
    Reset,
    /// The call takes effect, then the connection is dropped without an answer.
    LostAnswer,
    /// The call takes effect; half of the answer's body is sent, then the connection is dropped.
    Cut,
    /// No effect and no answer, until the server stops or the caller goes.
    Hang,
    /// The call is held for a while, then goes on; later rules are asked too.
    Delay(Duration),
}

/// Writes of a BatchWriteItem, counted from 0 through its tables in the order of their names.
#[derive(Debug, Clone)]
pub enum Select {
    All,
    Indices(BTreeSet<usize>),
    /// Those whose JSON contains the text.
    Containing(String),
}

impl Fault {
    pub fn error(status: u16, code: &str, message: &str) -> Fault {
        Fault::Error { status, code: code.to_owned(), message: message.to_owned() }
    }

    /// `ProvisionedThroughputExceededException` with one typed reason.
    pub fn throttle(reason: &str, resource: &str) -> Fault {
        let reasons = vec![(reason.to_owned(), resource.to_owned())];
        Fault::Throttle { code: "ProvisionedThroughputExceededException".to_owned(), reasons }
    }

    /// A ValidationException for every request that holds a write with this text.
    pub fn refuse_items(containing: &str, message: &str) -> Fault {
        Fault::RefuseItems { containing: containing.to_owned(), code: "ValidationException".to_owned(), message: message.to_owned() }
    }

    /// Whether there is something in the call that the fault can strike.
    pub(super) fn concerns(&self, call: &Seen<'_>) -> bool {
        match self {
            Fault::Unprocessed(select) => {
                call.operation == "BatchWriteItem"
                    && BatchWrite::parse(call.body).is_some_and(|batch| batch.any(|at, text| select.takes(at, text)))
            }
            Fault::RefuseItems { containing, .. } => match call.operation {
                "BatchWriteItem" => BatchWrite::parse(call.body).is_some_and(|batch| batch.any(|_, text| contains(text, containing))),
                "PutItem" => std::str::from_utf8(call.body).is_ok_and(|text| contains(text, containing)),
                _ => false,
            },
            Fault::FailEntries { containing, .. } => {
                matches!(call.operation, "SendMessageBatch" | "DeleteMessageBatch")
                    && Entries::parse(call.body).is_some_and(|entries| entries.any(containing))
            }
            _ => true,
        }
    }

    /// The error of the faults that are nothing but one.
    pub(crate) fn as_error(&self) -> Option<ApiError> {
        match self {
            Fault::Error { status, code, message } => {
                let status = StatusCode::from_u16(*status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
                Some(ApiError { status, ..ApiError::new(code.clone(), message.clone()) })
            }
            Fault::RefuseItems { code, message, .. } => Some(ApiError::new(code.clone(), message.clone())),
            Fault::Throttle { code, reasons } => {
                // The two exceptions spell the member differently.
                let member = if code == "ThrottlingException" { "throttlingReasons" } else { "ThrottlingReasons" };
                let reasons: Vec<_> = reasons.iter().map(|(reason, resource)| json!({ "reason": reason, "resource": resource })).collect();
                let mut error = ApiError::new(code.clone(), "The level of configured provisioned throughput was exceeded");
                error.members.push((member, json!(reasons)));
                Some(error)
            }
            _ => None,
        }
    }
}

impl Select {
    pub(crate) fn takes(&self, index: usize, text: &str) -> bool {
        match self {
            Select::All => true,
            Select::Indices(indices) => indices.contains(&index),
            Select::Containing(wanted) => contains(text, wanted),
        }
    }
}
