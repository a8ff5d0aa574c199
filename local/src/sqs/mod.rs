//! SQS: standard queues with the limits, refusals and checksums of the service.
//!
//! - `queue`: queues and their attributes.
//! - `send`: SendMessage and SendMessageBatch.
//! - `receive`: ReceiveMessage, and what is done with a receipt: delete, change visibility.
//! - `attributes`: message attributes, their size and their MD5.
//! - `batch`: the rules that every batch call shares.
//!
//! ReceiveMessage never waits: an empty queue is answered at once, whatever WaitTimeSeconds says.

mod attributes;
mod batch;
mod queue;
mod receive;
mod send;

pub(crate) use queue::queue_url;

use crate::reply::{ApiError, ApiResult, Reply, parse};
use crate::store::Store;

/// Answers one call. `endpoint` is what queue URLs begin with.
pub(crate) fn answer(store: &Store, endpoint: &str, operation: &str, body: &[u8]) -> ApiResult<Reply> {
    let mut connection = store.lock();
    // A queue's limits and its messages are read and written as one.
    let transaction = connection.transaction()?;
    let reply = match operation {
        "CreateQueue" => queue::create(&transaction, endpoint, &parse(body)?),
        "GetQueueUrl" => queue::url(&transaction, endpoint, &parse(body)?),
        "GetQueueAttributes" => queue::attributes(&transaction, &parse(body)?),
        "SetQueueAttributes" => queue::set_attributes(&transaction, &parse(body)?),
        "ListQueues" => queue::list(&transaction, endpoint, &parse(body)?),
        "PurgeQueue" => queue::purge(&transaction, &parse(body)?),
        "DeleteQueue" => queue::delete(&transaction, &parse(body)?),
        "SendMessage" => send::one(&transaction, &parse(body)?),
        "SendMessageBatch" => send::batch(&transaction, parse(body)?),
        "ReceiveMessage" => receive::receive(&transaction, &parse(body)?),
        "DeleteMessage" => receive::delete(&transaction, &parse(body)?),
        "DeleteMessageBatch" => receive::delete_batch(&transaction, parse(body)?),
        "ChangeMessageVisibility" => receive::change_visibility(&transaction, &parse(body)?),
        "ChangeMessageVisibilityBatch" => receive::change_visibility_batch(&transaction, parse(body)?),
        _ => Err(ApiError::unknown_operation(&format!("AmazonSQS.{operation}"))),
    }?;
    transaction.commit()?;
    Ok(reply)
}

/// `InvalidParameterValue`, worded as SQS does.
fn invalid_parameter(reason: &str) -> ApiError {
    ApiError::new("InvalidParameterValue", reason)
}

/// Seconds, as requests give them, in the store's milliseconds.
fn milliseconds(seconds: i64) -> i64 {
    seconds.saturating_mul(1000)
}
