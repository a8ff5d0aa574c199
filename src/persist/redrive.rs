//! Letters handled again: letters read back from the queue in, what became of each out.
//!
//! ```text
//! letters ─► documents ─► items ─► plan ─► conditional writes ─► letters with a raised count ─► fates
//! ```
//! The same decoding, mapping, planning and writing as an event's, with two differences: there is no limit of items, and nothing
//! that the table holds is replaced by what may be older. A letter that is unfit again is sent anew, under its id, before its fate
//! says that the old one may be deleted.

use std::borrow::Cow;

use tokio::time::Instant;

use super::batch_id::Batch;
use super::handler::{Function, NO_BATCH, Writing, finish_fetching, margin};
use super::intake::{self, Mappable};
use super::ledger::{Entry, Ledger, State};
use super::post::Post;
use crate::decode::compression::{Budget, decompress};
use crate::decode::documents;
use crate::decode::parts::{Part, parts};
use crate::decode::record::{Data, Header, Raw, Record};
use crate::invocation::Invocation;
use crate::reason::{Reason, Rejection};
use crate::write::letter::{Content, Past, Sender};
use crate::write::outcome::Outcome;
use crate::write::single::Condition;
use crate::write::stored::StoredLetter;

/// How letters are redriven.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Redrive {
    /// Items carry the batch id of their letter, not the latest.
    pub keep_batch: bool,
    /// What the table holds under a key that documents choose is replaced, even if it is newer.
    pub overwrite: bool,
    /// Nothing is called, written or sent; fates say what would become of the letters, as far as that can be told.
    pub dry_run: bool,
}

/// What became of a letter.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Redriven {
    /// Its documents are done, the last one in this way.
    Done(Outcome),
    /// It is unfit again, for this reason, and was accepted by the queue anew, with a raised count.
    Replaced(Reason),
    /// The table holds something different under its key, which may be newer.
    Conflict,
    /// It is not done, and why.
    Kept(String),
}

impl Redriven {
    /// Whether the message that carried the letter may be deleted.
    pub fn is_done(&self) -> bool {
        matches!(self, Redriven::Done(_) | Redriven::Replaced(_))
    }
}

/// What became of several letters.
#[derive(Debug, Default)]
pub struct RedriveReport {
    /// By position in the letters.
    pub fates: Vec<Redriven>,
    /// Why nothing or not everything was written, if no letter was at fault.
    pub systemic: Option<String>,
    /// Why the queue did not accept a letter.
    pub queue_refusal: Option<String>,
}

/// The bytes of one letter, opened.
enum Opened<'p> {
    Document(&'p [u8]),
    Parts(Vec<Part<'p>>),
    Tombstone,
    /// As unfit as before, or it cannot be opened.
    Unfit(Rejection),
    /// There is nothing to handle, and why.
    Nothing(&'static str),
}

impl Function {
    /// Handles letters again, in the order in which their documents stood. Returns before `invocation.deadline`, like [`Function::handle`].
    pub async fn redrive(&self, letters: &[StoredLetter], how: Redrive, invocation: &Invocation) -> RedriveReport {
        let margin = margin(invocation.deadline.saturating_duration_since(Instant::now()), self.settings.deadline_margin);
        let until = invocation.deadline - margin;
        let mut places: Vec<usize> = (0..letters.len()).collect();
        places.sort_by_key(|&place| letters[place].place());
        let letters: Vec<&StoredLetter> = places.iter().map(|&place| &letters[place]).collect();

        let latest = match self.latest_batch(&letters, how, until).await {
            Ok(latest) => latest,
            Err(cause) => {
                let fates = vec![Redriven::Kept(cause.clone()); letters.len()];
                return RedriveReport { fates, systemic: Some(cause), queue_refusal: None };
            }
        };
        let latest = latest.as_ref().map(|batch| batch.id.as_str());
        let own = |letter: usize| letters[letter].batch_id.as_deref().filter(|_| how.keep_batch);
        let records: Vec<Record<'_>> = letters.iter().copied().map(record).collect();
        let opened: Vec<Opened<'_>> = letters.iter().map(|letter| self.open(letter)).collect();
        let mut ledger = Ledger::default();
        let mut kept = vec![None; letters.len()];
        let mut mappable = Vec::with_capacity(letters.len());
        for (position, letter) in letters.iter().enumerate() {
            kept[position] = enter(position, letter, &opened[position], &mut ledger, &mut mappable).err();
        }
        let batch = |letter| own(letter).or(latest).or(Some(NO_BATCH));
        let mapped = intake::map(&records, &mappable, &batch, &self.settings, &ledger);
        let (places_of_items, items) = intake::enter(&mappable, mapped, &mut ledger);

        let mut report = RedriveReport::default();
        if how.dry_run {
            ledger.end_unfinished(Outcome::Persisted);
        } else {
            let writing = Writing { limit: None, condition: self.redrive_condition(how), to_dlq: false };
            report.systemic = self.write(&places_of_items, &items, writing, until, &mut ledger).await.systemic;
        }
        let due = ledger.letters_of_done_records();
        let mut unfit = vec![None; letters.len()];
        for (place, rejection) in &due {
            unfit[ledger.entries[*place].record] = Some(rejection.reason);
        }
        if !how.dry_run {
            let sender = Sender { request_id: &invocation.request_id, function: &invocation.function };
            // A letter keeps its batch id, whatever this attempt used.
            let batch = |letter: usize| letters[letter].batch_id.as_deref().or(latest);
            let post =
                Post { client: &self.clients.sqs, settings: &self.settings, records: &records, batch: &batch, sender, may_omit_data: true };
            report.queue_refusal = post.send(due, &mut ledger, invocation.deadline - margin / 4).await.sent.refusal;
        }
        let unfinished = report.systemic.as_ref().or(report.queue_refusal.as_ref());
        let unfinished = unfinished.map_or("table or queue did not take it in time", String::as_str);
        let fates = fates(&ledger, kept, &unfit, unfinished);
        report.fates = vec![Redriven::Conflict; letters.len()];
        for (place, fate) in places.into_iter().zip(fates) {
            report.fates[place] = fate;
        }
        report
    }

    /// The latest batch id, where a letter needs one.
    async fn latest_batch(&self, letters: &[&StoredLetter], how: Redrive, until: Instant) -> Result<Option<Batch>, String> {
        let needed = !how.dry_run && letters.iter().any(|letter| !how.keep_batch || letter.batch_id.is_none());
        let fetching = self.start_fetching(until).filter(|_| needed);
        self.usable(finish_fetching(fetching).await.0)
    }

    /// Keys that contain `{@id}` are nobody else's; what stands under any other may be newer than the letter.
    fn redrive_condition(&self, how: Redrive) -> Condition<'_> {
        let mapping = &self.settings.mapping;
        match mapping.order_attribute() {
            _ if how.overwrite => Condition::Always,
            Some(attribute) => Condition::Newest(attribute),
            None if mapping.keyed_by_identity() => Condition::Always,
            None => Condition::Absent,
        }
    }

    fn open<'p>(&self, letter: &'p StoredLetter) -> Opened<'p> {
        let Some(data) = &letter.data else { return Opened::Nothing("it carries no data, and they were not read back") };
        let key = letter.partition_key.as_deref();
        let most = self.settings.max_decompressed_bytes;
        let opened = intake::guarded(|| match letter.content {
            Content::Document => Opened::Document(data),
            Content::Tombstone => Opened::Tombstone,
            Content::Record => parts(data, key, most).map_or_else(Opened::Unfit, |parts| Opened::Parts(parts.parts)),
            Content::UserRecord => {
                let text = decompress(data, &mut Budget::new(most));
                Opened::Parts(vec![Part { partition_key: key, is_user_record: true, bytes: data, text }])
            }
            Content::Text => Opened::Unfit(Rejection::new(Reason::BadBase64, again(letter, "data is not base64"))),
            Content::EventRecord => Opened::Unfit(Rejection::new(Reason::BadRecord, again(letter, "the record is incomplete"))),
        });
        opened.unwrap_or_else(Opened::Unfit)
    }
}

/// The error that a letter had.
fn again(letter: &StoredLetter, otherwise: &str) -> String {
    if letter.error.is_empty() { otherwise.to_owned() } else { letter.error.clone() }
}

/// The record that a letter came from, without its data.
fn record(letter: &StoredLetter) -> Record<'_> {
    Record {
        source: Cow::Borrowed(&letter.source),
        shard: Cow::Borrowed(&letter.shard),
        sequence: Some(Cow::Borrowed(&letter.sequence)),
        partition_key: letter.partition_key.as_deref().map(Cow::Borrowed),
        key_is_binary: false,
        headers: letter.headers.iter().map(|(name, value)| Header { name, value: value.clone() }).collect(),
        arrival: letter.arrival.as_deref().map(Cow::Borrowed),
        data: Data::Missing,
        spoilt: None,
        raw: Raw::Text(""),
    }
}

/// Enters the documents of a letter. The error says why there is nothing to handle.
fn enter<'p>(
    position: usize,
    letter: &'p StoredLetter,
    opened: &'p Opened<'p>,
    ledger: &mut Ledger<'p>,
    mappable: &mut Mappable<'p>,
) -> Result<(), &'static str> {
    let begin = (ledger.entries.len(), mappable.len());
    let whole = |state| Entry {
        record: position,
        sub_sequence: letter.sub_sequence,
        partition_key: letter.partition_key.as_deref(),
        data: Cow::Borrowed(letter.data.as_deref().unwrap_or_default()),
        content: letter.content,
        past: Past::default(),
        state,
    };
    match opened {
        Opened::Nothing(why) => return Err(why),
        Opened::Unfit(rejection) => ledger.entries.push(whole(State::Letter(rejection.clone()))),
        Opened::Tombstone => {
            mappable.push((begin.0, None));
            ledger.entries.push(whole(State::Unfinished));
        }
        Opened::Document(text) => match intake::guarded(|| documents::one(text)).and_then(|value| value) {
            Ok(value) => {
                mappable.push((begin.0, Some(value)));
                ledger.entries.push(whole(State::Unfinished));
            }
            Err(rejection) => ledger.entries.push(whole(State::Letter(rejection))),
        },
        Opened::Parts(parts) => {
            let first = if letter.content == Content::UserRecord { letter.sub_sequence } else { 0 };
            parts.iter().fold(first, |first, part| intake::split_part(part, position, first, ledger, mappable));
        }
    }
    if let Some(only) = letter.only {
        let place = (begin.0..ledger.entries.len()).find(|&place| ledger.entries[place].sub_sequence == only);
        let document = mappable.drain(begin.1..).find(|(of, _)| Some(*of) == place);
        mappable.extend(document.map(|(_, document)| (begin.0, document)));
        let entry = place.map(|place| ledger.entries.swap_remove(place));
        ledger.entries.truncate(begin.0);
        ledger.entries.push(entry.ok_or("the record at its place in the stream does not hold the document")?);
    }
    let entries = ledger.entries.len() - begin.0;
    if entries > 1 && letter.content == Content::UserRecord {
        ledger.entries.truncate(begin.0);
        mappable.truncate(begin.1);
        return Err("it holds several documents now, which would take the identities of those that stood behind it");
    }
    for entry in ledger.entries.iter_mut().skip(begin.0).filter(|_| letter.id.is_some()) {
        entry.past = Past { id: letter.id.filter(|_| entries == 1), redrives: letter.redrives.saturating_add(1) };
    }
    Ok(())
}

/// What became of each letter, from what became of its documents. `unfit` is why a letter of it was due.
fn fates(ledger: &Ledger<'_>, kept: Vec<Option<&'static str>>, unfit: &[Option<Reason>], unfinished: &str) -> Vec<Redriven> {
    let mut fates: Vec<Redriven> = kept
        .into_iter()
        .zip(unfit)
        .map(|(kept, unfit)| match (kept, unfit) {
            (Some(why), _) => Redriven::Kept(why.to_owned()),
            (None, Some(reason)) => Redriven::Replaced(*reason),
            // Where it held no document, such as an empty array.
            (None, None) => Redriven::Done(Outcome::Filtered),
        })
        .collect();
    for entry in &ledger.entries {
        let fate = &mut fates[entry.record];
        match (&entry.state, &*fate) {
            (State::Unfinished, _) => *fate = Redriven::Kept(unfinished.to_owned()),
            (State::Conflict, Redriven::Done(_) | Redriven::Replaced(_)) => *fate = Redriven::Conflict,
            (State::Ended(outcome), Redriven::Done(_)) => *fate = Redriven::Done(*outcome),
            _ => {}
        }
    }
    fates
}
