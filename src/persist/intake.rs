//! Records to items: decodes, splits and maps, and enters every document into the ledger.
//!
//! A panic on one record or document is caught here and becomes a letter.

use std::borrow::Cow;
use std::panic::{AssertUnwindSafe, catch_unwind};

use super::ledger::{Entry, Ledger, State};
use crate::decode::documents::{Document, documents};
use crate::decode::kinesis::Record;
use crate::decode::payload::payload;
use crate::json::Json;
use crate::mapping::{Item, Mapped, Origin};
use crate::reason::{Reason, Rejection};
use crate::settings::Settings;
use crate::write::letter::Content;
use crate::write::outcome::Outcome;

/// Records between two chances for the batch id's request to get on.
const RECORDS_AT_ONCE: usize = 32;

/// The bytes of each record, or why it has none. Ends early where the event's bound is reached, never before the first record.
pub async fn decode(records: &[Record<'_>], settings: &Settings) -> Vec<Result<Vec<u8>, Rejection>> {
    let mut payloads = Vec::with_capacity(records.len());
    let mut bytes = 0;
    for record in records {
        if payloads.len() % RECORDS_AT_ONCE == 0 {
            tokio::task::yield_now().await;
        }
        let payload = guarded(|| payload(record, settings.drill_panic_partition_key.as_deref())).and_then(|payload| payload);
        bytes += payload.as_ref().map_or(0, Vec::len);
        if bytes > settings.max_event_bytes && !payloads.is_empty() {
            break;
        }
        payloads.push(payload);
    }
    payloads
}

/// Splits records into documents. Returns those that can be mapped, beside their places in the ledger.
pub fn split<'p>(records: &[Record<'p>], payloads: &'p [Result<Vec<u8>, Rejection>], ledger: &mut Ledger<'p>) -> Vec<(usize, Json<'p>)> {
    let mut mappable = Vec::with_capacity(records.len());
    for (position, record) in records.iter().enumerate() {
        let mut enter = |sub_sequence, data, content, state| {
            ledger.entries.push(Entry { record: position, sub_sequence, data, content, state });
            ledger.entries.len() - 1
        };
        match payloads.get(position) {
            None => {
                enter(0, Cow::Borrowed(&[][..]), Content::Record, State::Unfinished);
            }
            Some(Err(rejection)) => {
                let (data, content) = undecoded(record, rejection.reason);
                enter(0, data, content, State::Letter(rejection.clone()));
            }
            Some(Ok(payload)) => match guarded(|| documents(payload)) {
                Err(rejection) => {
                    enter(0, Cow::Borrowed(payload.as_slice()), Content::Record, State::Letter(rejection));
                }
                Ok(documents) => {
                    for Document { sub_sequence, bytes, whole, value } in documents {
                        let content = if whole { Content::Record } else { Content::Document };
                        match value {
                            Ok(value) => mappable.push((enter(sub_sequence, Cow::Borrowed(bytes), content, State::Unfinished), value)),
                            Err(rejection) => {
                                enter(sub_sequence, Cow::Borrowed(bytes), content, State::Letter(rejection));
                            }
                        }
                    }
                }
            },
        }
    }
    mappable
}

/// What a letter carries of a record that has no bytes.
fn undecoded<'p>(record: &Record<'p>, reason: Reason) -> (Cow<'p, [u8]>, Content) {
    match record.data {
        Some(text) if reason != Reason::BadRecord => (Cow::Borrowed(text.as_bytes()), Content::Text),
        _ => (Cow::Owned(record.raw.to_string().into_bytes()), Content::EventRecord),
    }
}

/// Makes items of documents. Returns the items and, beside each, its document's place in the ledger.
pub fn map(
    records: &[Record<'_>],
    documents: Vec<(usize, Json<'_>)>,
    batch: Option<&str>,
    settings: &Settings,
    ledger: &mut Ledger<'_>,
) -> (Vec<usize>, Vec<Item>) {
    let (mut places, mut items) = (Vec::with_capacity(documents.len()), Vec::with_capacity(documents.len()));
    for (place, document) in documents {
        let entry = &mut ledger.entries[place];
        let origin = origin(&records[entry.record], entry.sub_sequence, batch, settings);
        match guarded(|| settings.mapping.map(&document, &origin)) {
            Ok(Mapped::Item(item)) => {
                places.push(place);
                items.push(item);
            }
            Ok(Mapped::Filtered) => entry.state = State::Ended(Outcome::Filtered),
            Ok(Mapped::Rejected(rejection)) | Err(rejection) => entry.state = State::Letter(rejection),
        }
    }
    (places, items)
}

/// Where a document stood.
pub fn origin<'o>(record: &Record<'o>, sub_sequence: u32, batch: Option<&'o str>, settings: &Settings) -> Origin<'o> {
    Origin {
        namespace: settings.id_namespace,
        source: record.source,
        shard: record.shard,
        sequence: record.sequence.unwrap_or_default(),
        sub_sequence,
        partition_key: record.partition_key,
        arrival: record.arrival,
        batch,
    }
}

/// Runs what handles one record, and makes a rejection of a panic.
fn guarded<T>(work: impl FnOnce() -> T) -> Result<T, Rejection> {
    catch_unwind(AssertUnwindSafe(work))
        .map_err(|_| Rejection::new(Reason::Internal, "handling the record panicked; the function's log names the place"))
}
