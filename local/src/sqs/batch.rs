//! The rules that every batch call shares: how many entries, which ids; and its answer, entry by entry.

use std::collections::BTreeSet;

use serde::Serialize;

use crate::reply::{ApiError, ApiResult, Reply};

/// Entries that a batch may hold.
const MAX_ENTRIES: usize = 10;

/// The answer of a batch call. SQS leaves the lists out when they are empty.
#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Results<T> {
    #[serde(skip_serializing_if = "Vec::is_empty")]
    successful: Vec<T>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    failed: Vec<Failed>,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Failed {
    id: String,
    code: String,
    message: String,
    sender_fault: bool,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Done {
    pub id: String,
}

/// Refuses a batch whose size or ids are wrong. `request` is the operation's name, for the message.
pub(super) fn check<'a>(request: &str, ids: impl ExactSizeIterator<Item = &'a str>) -> ApiResult<()> {
    if ids.len() == 0 {
        return Err(ApiError::new("EmptyBatchRequest", format!("There should be at least one {request}RequestEntry in the request.")));
    }
    if ids.len() > MAX_ENTRIES {
        let message = format!("Maximum number of entries per request are {MAX_ENTRIES}. You have sent {}.", ids.len());
        return Err(ApiError::new("TooManyEntriesInBatchRequest", message));
    }
    let mut seen = BTreeSet::new();
    for id in ids {
        if id.is_empty() || id.len() > 80 || !id.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_') {
            let message =
                "A batch entry id can only contain alphanumeric characters, hyphens and underscores. It can be at most 80 letters long.";
            return Err(ApiError::new("InvalidBatchEntryId", message));
        }
        if !seen.insert(id) {
            return Err(ApiError::new("BatchEntryIdsNotDistinct", format!("Id {id} repeated.")));
        }
    }
    Ok(())
}

/// Does each entry; a refusal fails its entry only, a failure of the store fails the whole call.
pub(super) fn each<E, T: Serialize>(
    entries: Vec<E>,
    id: impl Fn(&E) -> String,
    mut one: impl FnMut(E) -> ApiResult<T>,
) -> ApiResult<Reply> {
    let mut results = Results { successful: Vec::new(), failed: Vec::new() };
    for entry in entries {
        let id = id(&entry);
        match one(entry) {
            Ok(done) => results.successful.push(done),
            Err(error) if error.status.is_server_error() => return Err(error),
            Err(error) => results.failed.push(Failed { id, code: error.code.into_owned(), message: error.message, sender_fault: true }),
        }
    }
    Reply::ok(&results)
}
