//! Documents that came without an event, such as by HTTP: documents in, what became of each out.
//!
//! ```text
//! documents ─► items ─► all fit? ─► plan ─► write ─► letters (under WRITE_FAILURES=dlq)
//! ```
//! The same mapping, planning and writing as an event's, with three differences: there is no limit of items, whoever sent a document is
//! told that it is unfit in place of a letter, and a letter is never sent without its data, for there is no stream to read them from again.

use std::borrow::Cow;

use tokio::time::Instant;

use super::handler::{Function, finish_fetching, margin};
use super::intake::{guarded, origin};
use super::ledger::{Entry, Ledger, State};
use super::post::{Post, Posted};
use crate::decode::event::Kind;
use crate::decode::record::{Data, Raw, Record};
use crate::invocation::Invocation;
use crate::json::Json;
use crate::mapping::{Item, Mapped};
use crate::reason::Rejection;
use crate::settings::WriteFailures;
use crate::write::letter::{Content, Past, Sender};
use crate::write::outcome::Outcome;
use crate::write::progress::Written;
use crate::write::tally::Tally;

/// Documents that came together.
#[derive(Debug)]
pub struct Direct<'d> {
    /// Stands for a stream's ARN.
    pub source: &'d str,
    /// With a document's position, its identity.
    pub sequence: &'d str,
    /// Seconds since 1970.
    pub arrival: &'d str,
    pub documents: &'d [Json<'d>],
    /// Whether fit documents are written although others are unfit.
    pub partial: bool,
}

/// What became of one document.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fared {
    /// It is done: persisted, superseded, filtered, or, if the queue accepted its letter, failed.
    Ended(Outcome),
    /// Found before any request.
    Unfit(Rejection),
    /// The table refused it, and there is no letter.
    Refused(Rejection),
    /// Not known to be written.
    Unfinished,
}

/// What became of [`Direct`].
#[derive(Debug, Default)]
pub struct Stored {
    /// By position in the documents.
    pub fared: Vec<Fared>,
    /// Why nothing or not everything was written, if no document was at fault.
    pub systemic: Option<String>,
    /// Why the queue did not accept a letter.
    pub queue_refusal: Option<String>,
    pub tally: Tally,
}

impl Function {
    /// Stores documents, and returns before `invocation.deadline`, like [`Function::handle`]. If one is unfit nothing is written, unless
    /// `direct` says so. `write` gets the items and the time until which it may try; it is [`Function::write_items`], or whatever comes
    /// to that.
    pub async fn store<W: Future<Output = Written>>(
        &self,
        direct: &Direct<'_>,
        invocation: &Invocation,
        write: impl FnOnce(Vec<Item>, Instant) -> W,
    ) -> Stored {
        let margin = margin(invocation.deadline.saturating_duration_since(Instant::now()), self.settings.deadline_margin);
        let until = invocation.deadline - margin;
        let (batch, _) = finish_fetching(self.start_fetching(until)).await;
        let batch = match self.usable(batch) {
            Ok(batch) => batch,
            Err(cause) => {
                let fared = vec![Fared::Unfinished; direct.documents.len()];
                return Stored { fared, systemic: Some(cause), ..Stored::default() };
            }
        };
        let batch = batch.as_ref().map(|batch| batch.id.as_str());
        let records = [record(direct)];
        let to_dlq = self.settings.write_failures == WriteFailures::Dlq;
        let mut ledger = Ledger { entries: entries(direct, to_dlq) };
        let (places, items, unfit) = self.map_directly(direct, &records[0], batch, &mut ledger);
        if !direct.partial && unfit.iter().any(Option::is_some) {
            return Stored { fared: fared(ledger, unfit), ..Stored::default() };
        }
        let mut written = if items.is_empty() { Written::default() } else { write(items, until).await };
        ledger.enter_all(&places, &mut written, to_dlq);
        let mut posted = Posted::default();
        if to_dlq {
            let sender = Sender { request_id: &invocation.request_id, function: &invocation.function };
            let batch = |_| batch;
            let post = Post {
                client: &self.clients.sqs,
                settings: &self.settings,
                records: &records,
                batch: &batch,
                sender,
                may_omit_data: false,
            };
            // None, if anything is unfinished: the documents come again, all together.
            posted = post.send(ledger.letters(Kind::Kafka), &mut ledger, invocation.deadline - margin / 4).await;
        }
        let Written { systemic, tally, .. } = written;
        Stored { fared: fared(ledger, unfit), systemic, queue_refusal: posted.sent.refusal, tally }
    }

    /// The items, beside each its document's place, and why other documents are unfit.
    fn map_directly<'o>(
        &self,
        direct: &Direct<'_>,
        record: &'o Record<'o>,
        batch: Option<&'o str>,
        ledger: &mut Ledger<'o>,
    ) -> (Vec<usize>, Vec<Item>, Vec<Option<Rejection>>) {
        let (mut places, mut items, mut unfit) = (Vec::new(), Vec::new(), vec![None; direct.documents.len()]);
        for (place, document) in direct.documents.iter().enumerate() {
            let entry = &mut ledger.entries[place];
            let origin = origin(record, entry, batch, &self.settings);
            match guarded(|| self.settings.mapping.map(document, &origin)) {
                Ok(Mapped::Item(item)) => {
                    places.push(place);
                    items.push(item);
                }
                Ok(Mapped::Filtered) => entry.state = State::Ended(Outcome::Filtered),
                Ok(Mapped::Rejected(rejection)) | Err(rejection) => {
                    entry.state = State::Ended(Outcome::Rejected);
                    unfit[place] = Some(rejection);
                }
            }
        }
        (places, items, unfit)
    }
}

fn record<'d>(direct: &Direct<'d>) -> Record<'d> {
    Record {
        source: Cow::Borrowed(direct.source),
        shard: Cow::Borrowed(""),
        sequence: Some(Cow::Borrowed(direct.sequence)),
        partition_key: None,
        key_is_binary: false,
        headers: Vec::new(),
        arrival: Some(Cow::Borrowed(direct.arrival)),
        data: Data::Missing,
        spoilt: None,
        raw: Raw::Text(""),
    }
}

/// One entry a document, with its text if a letter may have to carry it.
fn entries<'d>(direct: &Direct<'_>, with_data: bool) -> Vec<Entry<'d>> {
    let data = |document: &Json<'_>| if with_data { document.to_string().into_bytes() } else { Vec::new() };
    let entry = |(place, document)| Entry {
        record: 0,
        sub_sequence: u32::try_from(place).unwrap_or(u32::MAX),
        partition_key: None,
        data: Cow::Owned(data(document)),
        content: Content::Document,
        past: Past::default(),
        state: State::Unfinished,
    };
    direct.documents.iter().enumerate().map(entry).collect()
}

fn fared(ledger: Ledger<'_>, unfit: Vec<Option<Rejection>>) -> Vec<Fared> {
    let fared = |(entry, unfit): (Entry<'_>, Option<Rejection>)| match (unfit, entry.state) {
        (Some(rejection), _) => Fared::Unfit(rejection),
        (None, State::Ended(outcome)) => Fared::Ended(outcome),
        (None, State::Letter(rejection)) => Fared::Refused(rejection),
        (None, State::Unfinished | State::Conflict) => Fared::Unfinished,
    };
    ledger.entries.into_iter().zip(unfit).map(fared).collect()
}
