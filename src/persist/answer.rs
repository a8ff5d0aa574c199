//! What Lambda is told: the checkpoint of a Kinesis event, or that a Kafka event failed. Pure.
//!
//! Of a Kafka event Lambda knows done and failed only, and delivers a failed one again from its first record on.

use aws_lambda_events::streams::KinesisEventResponse;

use super::handler::FunctionError;
use super::ledger::Ledger;
use crate::decode::event::Kind;
use crate::decode::record::Record;
use crate::write::checkpoint;
use crate::write::outcome::Outcome;

/// The answer, and the first unfinished record as logs name it.
#[derive(Debug)]
pub struct Answer {
    pub response: Result<KinesisEventResponse, FunctionError>,
    pub checkpoint: Option<String>,
}

/// The answer that follows from the ledger, after all letters were sent.
pub fn answer(kind: Kind, records: &[Record<'_>], ledger: &Ledger<'_>) -> Result<Answer, FunctionError> {
    let Some(first_unfinished) = ledger.first_unfinished() else {
        return Ok(Answer { response: Ok(response(None)), checkpoint: None });
    };
    match kind {
        Kind::Kinesis => {
            let sequences: Vec<Option<&str>> = records.iter().map(|record| record.sequence).collect();
            let checkpoint = checkpoint::identifier(&sequences, first_unfinished).ok_or(FunctionError::NoCheckpoint)?;
            Ok(Answer { response: Ok(response(Some(checkpoint))), checkpoint: Some(checkpoint.to_owned()) })
        }
        Kind::Kafka => {
            let Record { shard, sequence, .. } = &records[first_unfinished];
            let (partition, offset) = ((*shard).to_owned(), sequence.unwrap_or("unknown").to_owned());
            let checkpoint = format!("{partition}:{offset}");
            let documents = ledger.counts().of(Outcome::Retry);
            Ok(Answer { response: Err(FunctionError::Unfinished { partition, offset, documents }), checkpoint: Some(checkpoint) })
        }
    }
}

fn response(checkpoint: Option<&str>) -> KinesisEventResponse {
    let mut response = KinesisEventResponse::default();
    response.set_failures(checkpoint);
    response
}
