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
            let sequences: Vec<Option<&str>> = records.iter().map(|record| record.sequence.as_deref()).collect();
            let checkpoint = checkpoint::identifier(&sequences, first_unfinished).ok_or(FunctionError::NoCheckpoint)?;
            Ok(Answer { response: Ok(response(Some(checkpoint))), checkpoint: Some(checkpoint.to_owned()) })
        }
        Kind::Kafka => {
            let Record { shard, sequence, .. } = &records[first_unfinished];
            let (partition, offset) = (shard.to_string(), sequence.as_deref().unwrap_or("unknown").to_owned());
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

#[cfg(test)]
mod tests {
    use std::borrow::Cow;
    use std::cell::OnceCell;

    use super::*;
    use crate::decode::event;
    use crate::persist::ledger::{Entry, State};
    use crate::reason::{Reason, Rejection};
    use crate::write::letter::{Content, Past};

    /// The answer for an event whose records came to these states.
    fn answered(event: &str, states: Vec<State>) -> Result<Answer, FunctionError> {
        let tree = OnceCell::new();
        let (kind, records) = event::records(event.as_bytes(), &tree).unwrap();
        let entry = |(record, state)| Entry {
            record,
            sub_sequence: 0,
            partition_key: None,
            data: Cow::Borrowed(&b""[..]),
            content: Content::Document,
            past: Past::default(),
            state,
        };
        answer(kind, &records, &Ledger { entries: states.into_iter().enumerate().map(entry).collect() })
    }

    #[test]
    fn the_first_unfinished_record_of_a_kafka_event_is_named_with_the_number_of_documents() {
        let event = r#"{"eventSource":"aws:kafka","records":{"t-0":[{"offset":7},{"offset":8}],"u-3":[{}]}}"#;
        let letter = State::Letter(Rejection::new(Reason::BadJson, ""));
        let of = |states| answered(event, states).unwrap();
        let Answer { response, checkpoint } = of(vec![letter, State::Unfinished, State::Ended(Outcome::Persisted)]);
        let error = FunctionError::Unfinished { partition: "t-0".to_owned(), offset: "8".to_owned(), documents: 2 };
        assert_eq!((response.unwrap_err(), checkpoint.as_deref()), (error, Some("t-0:8")));
        let ended = || State::Ended(Outcome::Filtered);
        assert_eq!(of(vec![ended(), ended(), State::Unfinished]).checkpoint.as_deref(), Some("u-3:unknown"));
        let done = of(vec![ended(), ended(), ended()]);
        assert!(done.response.unwrap().batch_item_failures.is_empty() && done.checkpoint.is_none());
    }

    #[test]
    fn of_a_kinesis_event_without_a_sequence_number_nothing_can_be_reported() {
        let event = r#"{"Records":[{"kinesis":{}},{"kinesis":{"sequenceNumber":"5"}}]}"#;
        let ended = State::Ended(Outcome::Persisted);
        assert_eq!(answered(event, vec![ended, State::Unfinished]).unwrap().checkpoint.as_deref(), Some("5"));
        assert_eq!(answered(event, vec![State::Unfinished]).unwrap_err(), FunctionError::NoCheckpoint);
    }
}
