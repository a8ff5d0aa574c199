//! What was called: each call that reached the front, in the order of arrival, and counts of all of them.
//!
//! Bodies are kept only when asked for. The oldest calls are forgotten past a bound, the counts never.

use std::collections::{BTreeMap, HashMap, VecDeque};
use std::sync::{Mutex, MutexGuard, PoisonError};

use hyper::body::Bytes;
use serde::Deserialize;
use serde_json::value::RawValue;

use crate::target::Service;

/// Calls that are kept.
const MAX_CALLS: usize = 10_000;
/// Bytes of bodies that are kept.
const MAX_BYTES: usize = 256 * 1024 * 1024;

/// One call as the front saw it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Call {
    pub service: Service,
    pub operation: String,
    /// The app name that the caller's SDK was given (`app/NAME` in its user agent).
    pub app: Option<String>,
    /// The answer's status; 0 while there is none, and for ever when the connection was dropped without one.
    pub status: u16,
    /// The request's body; empty unless bodies are kept.
    pub request: Bytes,
    /// Writes of a BatchWriteItem, entries of an SQS batch; known only while bodies are kept.
    pub items: Option<usize>,
}

/// Thread-safe; shared by the front and whoever asks.
#[derive(Debug, Default)]
pub struct Recorder(Mutex<Log>);

#[derive(Debug, Default)]
struct Log {
    calls: VecDeque<Call>,
    /// Number of the first call in `calls`; numbers are never used twice.
    first: u64,
    bytes: usize,
    keep_bodies: bool,
    counts: HashMap<(Option<String>, Service, String), u64>,
}

impl Recorder {
    /// Whether requests' bodies are kept from now on.
    pub fn keep_bodies(&self, keep: bool) {
        self.log().keep_bodies = keep;
    }

    /// The calls that are kept, oldest first.
    pub fn calls(&self) -> Vec<Call> {
        self.log().calls.iter().cloned().collect()
    }

    /// Forgets calls and counts.
    pub fn clear(&self) {
        let mut log = self.log();
        log.first += log.calls.len() as u64;
        log.calls.clear();
        log.bytes = 0;
        log.counts.clear();
    }

    /// Calls of one operation since the start or the last [`Recorder::clear`]; by any caller when `app` is `None`.
    pub fn count(&self, app: Option<&str>, operation: &str) -> u64 {
        let log = self.log();
        let wanted = |by: &Option<String>, called: &str| called == operation && (app.is_none() || by.as_deref() == app);
        log.counts.iter().filter(|((by, _, called), _)| wanted(by, called)).map(|(_, count)| count).sum()
    }

    /// The IAM actions that a caller's calls needed, sorted, each once; of any caller when `app` is `None`.
    pub fn iam_actions(&self, app: Option<&str>) -> Vec<String> {
        let log = self.log();
        let callers = log.counts.keys().filter(|(by, ..)| app.is_none() || by.as_deref() == app);
        let mut actions: Vec<String> = callers.map(|(_, service, operation)| iam_action(*service, operation)).collect();
        actions.sort();
        actions.dedup();
        actions
    }

    /// Notes a call that has arrived; the number is for [`Recorder::finish`].
    pub(crate) fn begin(&self, service: Service, operation: &str, app: Option<&str>, body: &Bytes) -> u64 {
        let mut log = self.log();
        let app = app.map(str::to_owned);
        *log.counts.entry((app.clone(), service, operation.to_owned())).or_default() += 1;
        let (request, items) = if log.keep_bodies { (body.clone(), items(operation, body)) } else { (Bytes::new(), None) };
        log.bytes += request.len();
        log.calls.push_back(Call { service, operation: operation.to_owned(), app, status: 0, request, items });
        while log.calls.len() > MAX_CALLS || log.bytes > MAX_BYTES {
            let Some(oldest) = log.calls.pop_front() else { break };
            log.bytes -= oldest.request.len();
            log.first += 1;
        }
        log.first + log.calls.len() as u64 - 1
    }

    pub(crate) fn finish(&self, number: u64, status: u16) {
        let mut log = self.log();
        let index = number.checked_sub(log.first).and_then(|index| usize::try_from(index).ok());
        if let Some(call) = index.and_then(|index| log.calls.get_mut(index)) {
            call.status = status;
        }
    }

    fn log(&self) -> MutexGuard<'_, Log> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The action that a policy must allow for a call: batches of SQS have none of their own.
pub fn iam_action(service: Service, operation: &str) -> String {
    let action = match (service, operation) {
        (Service::Sqs, "SendMessageBatch" | "DeleteMessageBatch" | "ChangeMessageVisibilityBatch") => operation.trim_end_matches("Batch"),
        _ => operation,
    };
    format!("{}:{action}", service.iam_prefix())
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Lists<'a> {
    #[serde(borrow)]
    request_items: Option<BTreeMap<String, Vec<&'a RawValue>>>,
    #[serde(borrow)]
    entries: Option<Vec<&'a RawValue>>,
}

fn items(operation: &str, body: &[u8]) -> Option<usize> {
    if operation != "BatchWriteItem" && !operation.ends_with("MessageBatch") && operation != "ChangeMessageVisibilityBatch" {
        return None;
    }
    let lists: Lists<'_> = serde_json::from_slice(body).ok()?;
    lists.entries.map(|entries| entries.len()).or_else(|| Some(lists.request_items?.values().map(Vec::len).sum()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn batches_of_sqs_need_the_action_of_the_single_call() {
        assert_eq!(iam_action(Service::Sqs, "SendMessageBatch"), "sqs:SendMessage");
        assert_eq!(iam_action(Service::Sqs, "ChangeMessageVisibilityBatch"), "sqs:ChangeMessageVisibility");
        assert_eq!(iam_action(Service::DynamoDb, "BatchWriteItem"), "dynamodb:BatchWriteItem");
        assert_eq!(iam_action(Service::DynamoDbStreams, "GetRecords"), "dynamodb:GetRecords");
        assert_eq!(iam_action(Service::Ssm, "GetParameter"), "ssm:GetParameter");
    }

    #[test]
    fn past_the_bound_the_oldest_calls_are_forgotten_and_the_counts_stay() {
        let recorder = Recorder::default();
        let numbers: Vec<u64> =
            (0..MAX_CALLS + 5).map(|_| recorder.begin(Service::Sqs, "SendMessage", Some("a"), &Bytes::from_static(b"{}"))).collect();
        recorder.finish(numbers[0], 200);
        recorder.finish(numbers[MAX_CALLS + 4], 200);
        let calls = recorder.calls();
        assert_eq!(calls.len(), MAX_CALLS);
        assert_eq!((calls[0].status, calls[MAX_CALLS - 1].status), (0, 200));
        assert_eq!(recorder.count(Some("a"), "SendMessage"), MAX_CALLS as u64 + 5);
        recorder.clear();
        assert_eq!((recorder.calls().len(), recorder.count(None, "SendMessage")), (0, 0));
        recorder.finish(numbers[9], 200);
        recorder.finish(recorder.begin(Service::Sqs, "SendMessage", None, &Bytes::new()), 400);
        assert_eq!(recorder.calls()[0].status, 400);
    }
}
