//! Records to items: decodes, opens, splits and maps, and enters every document into the ledger.
//!
//! A panic on one record or document is caught here and becomes a letter.

use std::borrow::Cow;
use std::panic::{AssertUnwindSafe, catch_unwind};

use super::ledger::{Entry, Ledger, State};
use crate::decode::documents::{MAX_DOCUMENTS, documents};
use crate::decode::parts::{Part, Parts, parts};
use crate::decode::payload::payload;
use crate::decode::record::{Data, Record};
use crate::json::Json;
use crate::mapping::{Item, Mapped, Origin};
use crate::reason::{Reason, Rejection};
use crate::settings::Settings;
use crate::write::letter::{Content, Past};
use crate::write::outcome::Outcome;

/// Documents that can be mapped, beside their places in the ledger; none in the place of a tombstone.
pub type Mappable<'p> = Vec<(usize, Option<Json<'p>>)>;

/// Records between two chances for the batch id's request to get on.
const RECORDS_AT_ONCE: usize = 32;

/// The bytes of each record, or why it has none.
pub async fn payloads(records: &[Record<'_>], settings: &Settings) -> Vec<Result<Vec<u8>, Rejection>> {
    let mut payloads = Vec::with_capacity(records.len());
    for record in records {
        let_others_run(payloads.len()).await;
        let payload = guarded(|| payload(record, settings.drill_panic_partition_key.as_deref()));
        payloads.push(payload.and_then(|payload| payload));
    }
    payloads
}

/// The parts of each record, or why it cannot be opened; a tombstone has none. Beside them the bytes that came of decoding all. Ends early
/// where the event's bound is reached, never before the first record.
pub async fn open<'p>(
    records: &'p [Record<'p>],
    payloads: &'p [Result<Vec<u8>, Rejection>],
    settings: &Settings,
) -> (Vec<Result<Vec<Part<'p>>, Rejection>>, usize) {
    let mut opened = Vec::with_capacity(records.len());
    let mut bytes = 0;
    for (record, payload) in records.iter().zip(payloads) {
        let_others_run(opened.len()).await;
        let open = |payload: &'p Vec<u8>| match record.data {
            Data::Tombstone => Ok(Parts::default()),
            _ => guarded(|| parts(payload, record.partition_key.as_deref(), settings.max_decompressed_bytes)).and_then(|parts| parts),
        };
        let parts = payload.as_ref().map_err(Clone::clone).and_then(open);
        let with_it = bytes + parts.as_ref().map_or(0, |parts| parts.bytes);
        if with_it > settings.max_event_bytes && !opened.is_empty() {
            break;
        }
        bytes = with_it;
        opened.push(parts.map(|parts| parts.parts));
    }
    (opened, bytes)
}

/// Splits records into documents, numbered over all parts of a record. Stops where the event holds [`MAX_DOCUMENTS`]. Returns those
/// that can be mapped beside their places in the ledger, and no document in the place of a tombstone.
pub fn split<'p>(
    records: &'p [Record<'p>],
    payloads: &'p [Result<Vec<u8>, Rejection>],
    opened: &'p [Result<Vec<Part<'p>>, Rejection>],
    ledger: &mut Ledger<'p>,
) -> Mappable<'p> {
    let mut mappable = Vec::with_capacity(records.len());
    ledger.entries.reserve(records.len());
    for (position, record) in records.iter().enumerate() {
        let partition_key = record.partition_key.as_deref();
        let whole =
            |data, content, state| Entry { record: position, sub_sequence: 0, partition_key, data, content, past: Past::default(), state };
        let opened = opened.get(position).filter(|_| position == 0 || ledger.entries.len() < MAX_DOCUMENTS);
        match (opened, &payloads[position]) {
            (None, _) => ledger.entries.push(whole(Cow::Borrowed(&[][..]), Content::Record, State::Unfinished)),
            (Some(Err(rejection)), Ok(payload)) => {
                ledger.entries.push(whole(Cow::Borrowed(payload), Content::Record, State::Letter(rejection.clone())));
            }
            (Some(Err(rejection)), Err(_)) => {
                let (data, content) = undecoded(record, rejection.reason);
                ledger.entries.push(whole(data, content, State::Letter(rejection.clone())));
            }
            (Some(Ok(_)), _) if record.data == Data::Tombstone => {
                mappable.push((ledger.entries.len(), None));
                ledger.entries.push(whole(Cow::Borrowed(&[][..]), Content::Tombstone, State::Unfinished));
            }
            (Some(Ok(parts)), _) => {
                parts.iter().fold(0, |first, part| split_part(part, position, first, ledger, &mut mappable));
            }
        }
    }
    mappable
}

/// Enters the documents of one part, numbered from `first` on, and returns the number after them. A part that cannot be split
/// counts as one.
pub fn split_part<'p>(part: &'p Part<'p>, record: usize, first: u32, ledger: &mut Ledger<'p>, mappable: &mut Mappable<'p>) -> u32 {
    let whole = if part.is_user_record { Content::UserRecord } else { Content::Record };
    let entry = |sub_sequence, data, content, state| Entry {
        record,
        sub_sequence,
        partition_key: part.partition_key,
        data: Cow::Borrowed(data),
        content,
        past: Past::default(),
        state,
    };
    let left = MAX_DOCUMENTS.saturating_sub(usize::try_from(first).unwrap_or(usize::MAX));
    let documents = match part.text.as_ref().map_err(Clone::clone).and_then(|text| guarded(|| documents(text, left))) {
        Ok(documents) => documents,
        Err(rejection) => {
            ledger.entries.push(entry(first, part.bytes, whole, State::Letter(rejection)));
            return first.saturating_add(1);
        }
    };
    let mut next = first;
    for document in documents {
        let (data, content) = if document.whole { (part.bytes, whole) } else { (document.bytes, Content::Document) };
        let state = match document.value {
            Ok(value) => {
                mappable.push((ledger.entries.len(), Some(value)));
                State::Unfinished
            }
            Err(rejection) => State::Letter(rejection),
        };
        let sub_sequence = first.saturating_add(document.sub_sequence);
        ledger.entries.push(entry(sub_sequence, data, content, state));
        next = sub_sequence.saturating_add(1);
    }
    next
}

/// What a letter carries of a record that has no bytes.
fn undecoded<'p>(record: &'p Record<'p>, reason: Reason) -> (Cow<'p, [u8]>, Content) {
    match &record.data {
        Data::Base64(text) if reason != Reason::BadRecord => (Cow::Borrowed(text.as_bytes()), Content::Text),
        _ => (Cow::Owned(record.raw.to_string().into_bytes()), Content::EventRecord),
    }
}

/// What documents, and tombstones, are mapped to, in their order. `batch` is the batch id of a record's documents, by its position.
/// Nothing is entered into the ledger yet.
pub fn map<'b>(
    records: &[Record<'_>],
    documents: &Mappable<'_>,
    batch: &dyn Fn(usize) -> Option<&'b str>,
    settings: &Settings,
    ledger: &Ledger<'_>,
) -> Vec<Result<Mapped, Rejection>> {
    let of_document = |(place, document): &(usize, Option<Json<'_>>)| {
        let entry = &ledger.entries[*place];
        let origin = origin(&records[entry.record], entry, batch(entry.record), settings);
        let map = |document: &Json<'_>| settings.mapping.map(document, &origin);
        guarded(|| document.as_ref().map_or_else(|| settings.mapping.tombstone(&origin), map))
    };
    documents.iter().map(of_document).collect()
}

/// Enters what documents were mapped to. Returns the items and, beside each, its document's place in the ledger.
pub fn enter(documents: &Mappable<'_>, mapped: Vec<Result<Mapped, Rejection>>, ledger: &mut Ledger<'_>) -> (Vec<usize>, Vec<Item>) {
    let (mut places, mut items) = (Vec::with_capacity(mapped.len()), Vec::with_capacity(mapped.len()));
    for ((place, _), mapped) in documents.iter().zip(mapped) {
        match mapped {
            Ok(Mapped::Item(item)) => {
                places.push(*place);
                items.push(item);
            }
            Ok(Mapped::Filtered) => ledger.entries[*place].state = State::Ended(Outcome::Filtered),
            Ok(Mapped::Rejected(rejection)) | Err(rejection) => ledger.entries[*place].state = State::Letter(rejection),
        }
    }
    (places, items)
}

/// Where a document stood.
pub fn origin<'o>(record: &'o Record<'o>, entry: &Entry<'o>, batch: Option<&'o str>, settings: &Settings) -> Origin<'o> {
    Origin {
        namespace: settings.id_namespace,
        source: &record.source,
        shard: &record.shard,
        sequence: record.sequence.as_deref().unwrap_or_default(),
        sub_sequence: entry.sub_sequence,
        partition_key: entry.partition_key,
        key_is_binary: record.key_is_binary && entry.partition_key.is_none(),
        headers: &record.headers,
        arrival: record.arrival.as_deref(),
        batch,
    }
}

/// Gives the batch id's request a chance to get on, now and then.
async fn let_others_run(done: usize) {
    if done.is_multiple_of(RECORDS_AT_ONCE) {
        tokio::task::yield_now().await;
    }
}

/// Runs what handles one record, and makes a rejection of a panic.
pub fn guarded<T>(work: impl FnOnce() -> T) -> Result<T, Rejection> {
    catch_unwind(AssertUnwindSafe(work))
        .map_err(|_| Rejection::new(Reason::Internal, "handling the record panicked; the function's log names the place"))
}
