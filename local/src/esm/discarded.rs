//! What is left of records that Lambda gives up: the record that goes to the on-failure destination.
//!
//! The shape is that of "Retain discarded batch records for a Kinesis Data Streams event source in Lambda" in the AWS Lambda developer
//! guide. A queue gets it without `payload`, a bucket with it.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::batch::Batch;
use super::clock::iso8601;
use super::event::event;
use super::source::{EventSource, OnFailure};

/// Records that are not delivered again. As JSON, what an on-failure destination receives.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Discarded {
    pub request_context: RequestContext,
    /// The last invocation's; absent where the records were too old before any.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub response_context: Option<ResponseContext>,
    /// `1.0`.
    pub version: String,
    /// When the records were discarded: ISO 8601 in UTC, to the millisecond.
    pub timestamp: String,
    /// Under `KinesisBatchInfo`, or `DDBStreamBatchInfo`.
    #[serde(flatten, with = "named")]
    pub batch: KinesisBatchInfo,
    /// The event that would deliver them, as JSON text; absent for a queue.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub payload: Option<String>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct RequestContext {
    /// The last invocation's id; where there was none, one of its own.
    pub request_id: String,
    pub function_arn: String,
    pub condition: Condition,
    /// How often the batch was delivered.
    pub approximate_invoke_count: u32,
}

/// Why records were discarded.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Condition {
    RetryAttemptsExhausted,
    RecordAgeExceeded,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ResponseContext {
    /// 200, also where the function failed: it is the invocation's.
    pub status_code: u16,
    /// `$LATEST`.
    pub executed_version: String,
    /// `Unhandled` where the function failed or timed out; absent where it gave a response.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub function_error: Option<String>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct KinesisBatchInfo {
    pub shard_id: String,
    pub start_sequence_number: String,
    pub end_sequence_number: String,
    pub approximate_arrival_of_first_record: String,
    pub approximate_arrival_of_last_record: String,
    /// How many records were discarded; with several lanes, others stand between the first and the last.
    pub batch_size: usize,
    pub stream_arn: String,
}

impl Discarded {
    /// Describes a batch that is given up now; `None` for one without records. `request_id` is for one that was never delivered.
    pub(super) fn new(batch: &Batch, condition: Condition, request_id: String, place: &Place<'_>) -> Option<Discarded> {
        let (first, last) = (batch.entries.first()?, batch.entries.last()?);
        let response_context = batch.last.as_ref().map(|invocation| ResponseContext {
            status_code: 200,
            executed_version: "$LATEST".to_owned(),
            function_error: invocation.failed.then(|| "Unhandled".to_owned()),
        });
        Some(Discarded {
            request_context: RequestContext {
                request_id: batch.last.as_ref().map_or(request_id, |invocation| invocation.request_id.clone()),
                function_arn: place.source.function_arn.clone(),
                condition,
                approximate_invoke_count: batch.deliveries,
            },
            response_context,
            version: "1.0".to_owned(),
            timestamp: iso8601(place.now),
            batch: KinesisBatchInfo {
                shard_id: place.shard.to_owned(),
                start_sequence_number: first.sequence.to_string(),
                end_sequence_number: last.sequence.to_string(),
                approximate_arrival_of_first_record: iso8601(first.arrival),
                approximate_arrival_of_last_record: iso8601(last.arrival),
                batch_size: batch.entries.len(),
                stream_arn: place.source.stream_arn.clone(),
            },
            payload: match place.source.on_failure {
                OnFailure::Metadata => None,
                OnFailure::Whole | OnFailure::Drop => Some(event(&batch.entries)),
            },
        })
    }
}

/// What was discarded, under the name that its kind of stream has.
mod named {
    use serde::{Deserialize, Deserializer, Serializer};

    use super::KinesisBatchInfo;

    #[derive(Deserialize)]
    struct Either {
        #[serde(rename = "KinesisBatchInfo", alias = "DDBStreamBatchInfo")]
        batch: KinesisBatchInfo,
    }

    pub fn serialize<S: Serializer>(batch: &KinesisBatchInfo, serializer: S) -> Result<S::Ok, S::Error> {
        let of_table = batch.stream_arn.starts_with("arn:aws:dynamodb:");
        serializer.collect_map([(if of_table { "DDBStreamBatchInfo" } else { "KinesisBatchInfo" }, batch)])
    }

    pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<KinesisBatchInfo, D::Error> {
        Either::deserialize(deserializer).map(|either| either.batch)
    }
}

/// Where and when a batch is given up.
#[derive(Debug)]
pub(super) struct Place<'a> {
    pub source: &'a EventSource,
    pub shard: &'a str,
    pub now: Duration,
}
