//! Letters redriven. A stand-in: each letter is an event of its own.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::handler::{Function, Invocation};
use crate::reason::Reason;
use crate::write::outcome::Outcome;
use crate::write::stored::StoredLetter;

/// How letters are redriven.
#[derive(Debug, Clone, Copy, Default)]
pub struct Redrive {
    pub keep_batch: bool,
    pub overwrite: bool,
    pub dry_run: bool,
}

/// What became of a letter.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Redriven {
    Done(Outcome),
    Replaced(Reason),
    Conflict,
    Kept(String),
}

/// The account of one call.
#[derive(Debug, Clone, Default)]
pub struct RedriveReport {
    pub fates: Vec<Redriven>,
    pub systemic: Option<String>,
}

impl Function {
    pub async fn redrive(&self, letters: &[StoredLetter], how: &Redrive, invocation: &Invocation) -> RedriveReport {
        let mut report = RedriveReport::default();
        for letter in letters {
            let Some(data) = &letter.data else {
                report.fates.push(Redriven::Kept("it has no data".to_owned()));
                continue;
            };
            if how.dry_run {
                report.fates.push(Redriven::Done(Outcome::Persisted));
                continue;
            }
            let arrival = letter.arrival.as_deref().and_then(|digits| digits.parse::<f64>().ok());
            let event = serde_json::json!({"Records": [{
                "kinesis": {
                    "partitionKey": letter.partition_key, "sequenceNumber": letter.sequence, "data": STANDARD.encode(data),
                    "approximateArrivalTimestamp": arrival,
                },
                "eventSource": "aws:kinesis", "eventID": format!("{}:{}", letter.shard, letter.sequence),
                "eventSourceARN": letter.source,
            }]});
            let fate = match self.handle(event.to_string().as_bytes(), invocation).await {
                Err(error) => Redriven::Kept(error.to_string()),
                Ok(handled) => {
                    report.systemic = report.systemic.or(handled.report.systemic);
                    match handled.report.letters.first() {
                        _ if handled.report.checkpoint.is_some() => Redriven::Kept("unfinished".to_owned()),
                        Some(note) => Redriven::Replaced(note.reason),
                        None => Redriven::Done(Outcome::Persisted),
                    }
                }
            };
            report.fates.push(fate);
        }
        report
    }
}
