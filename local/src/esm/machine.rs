//! The event source mapping as a state machine: what to do next in, what came of it back. Pure: time is an argument.

use std::time::Duration;

use uuid::Uuid;

use super::answer::Answer;
use super::batch::Batch;
use super::checkpoint::Checkpoint;
use super::discarded::{Condition, Discarded, Place};
use super::event::{ChangeRecord, Record, event};
use super::lane::{Lane, Taken};
use super::shard::{OutOfOrder, Shard};
use super::source::{EventSource, InvalidSource};

/// A stream's records on their way through a function. Times are durations since the Unix epoch.
///
/// ```text
/// push ─► next ─► Deliver ─► the function ─► complete ─► done, or redelivered, or Discarded
///           └───► Discard, Wait, Busy, Idle
/// ```
#[derive(Debug)]
pub struct Esm {
    source: EventSource,
    shards: Vec<Shard>,
    resumed: Checkpoint,
    /// The lane to ask first, counted through all shards.
    turn: usize,
    /// Steps taken so far; tells request ids apart.
    taken: u64,
}

/// What is to be done next.
#[derive(Debug)]
pub enum Step {
    /// Invoke the function, then call [`Esm::complete`].
    Deliver(Delivery),
    /// Records became too old. They count as done from now on.
    Discard(Box<Discarded>),
    /// Nothing before this time, unless a delivery is completed or a record is added earlier.
    Wait(Duration),
    /// Every lane that has records has a delivery in flight.
    Busy,
    /// Every record is done or discarded.
    Idle,
}

/// One invocation to be made. Its lane gives nothing more until it is completed.
#[derive(Debug)]
pub struct Delivery {
    /// The event as JSON, at most [`MAX_PAYLOAD_BYTES`](super::MAX_PAYLOAD_BYTES) unless a single record is larger.
    pub event: Vec<u8>,
    pub request_id: String,
    pub shard: String,
    /// Records in the event.
    pub records: usize,
    /// Which delivery of this batch, or of this part of a bisected one, it is, from 1.
    pub attempt: u32,
    /// The records were delivered before.
    pub redelivered: bool,
    slot: usize,
}

impl Esm {
    /// Starts every shard at its first record.
    pub fn new(source: EventSource) -> Result<Esm, InvalidSource> {
        Esm::resume(source, Checkpoint::default())
    }

    /// Goes on where [`Esm::checkpoint`] was taken: the same records are added again, and those that were done are passed over.
    pub fn resume(source: EventSource, checkpoint: Checkpoint) -> Result<Esm, InvalidSource> {
        source.check()?;
        Ok(Esm { source, shards: Vec::new(), resumed: checkpoint, turn: 0, taken: 0 })
    }

    pub fn source(&self) -> &EventSource {
        &self.source
    }

    /// Adds a record behind those of its shard. Records may be added at any time, also while deliveries are in flight.
    pub fn push(&mut self, shard: &str, record: &Record) -> Result<(), OutOfOrder> {
        let index = self.shard(shard);
        self.shards[index].push(record, &self.source)
    }

    /// The same for a record of a DynamoDB stream.
    pub fn push_change(&mut self, shard: &str, record: &ChangeRecord) -> Result<(), OutOfOrder> {
        let index = self.shard(shard);
        self.shards[index].push_change(record)
    }

    fn shard(&mut self, id: &str) -> usize {
        self.shards.iter().position(|known| known.id == id).unwrap_or_else(|| {
            self.shards.push(Shard::new(id, &self.source, self.resumed.0.get(id).cloned()));
            self.shards.len() - 1
        })
    }

    /// Records that are neither done nor discarded, those in flight included.
    pub fn unfinished(&self) -> usize {
        self.lanes().map(Lane::unfinished).sum()
    }

    /// Where to go on later. What is in flight is not done yet; what was discarded is, once it was given out.
    pub fn checkpoint(&self) -> Checkpoint {
        let mut checkpoint = self.resumed.clone();
        checkpoint.0.extend(self.shards.iter().filter_map(|shard| Some((shard.id.clone(), shard.position()?))));
        checkpoint
    }

    /// What is to be done now. The lanes that are ready take turns.
    pub fn next(&mut self, now: Duration) -> Step {
        let slots = self.lanes().count();
        let ready: Vec<Option<Duration>> = self.lanes().map(|lane| lane.ready_at(&self.source)).collect();
        let turns = (0..slots).map(|offset| (self.turn + offset) % slots);
        let step = turns.into_iter().find(|&slot| ready[slot].is_some_and(|at| at <= now)).and_then(|slot| self.take(slot, now));
        match step {
            Some(step) => step,
            None => match ready.into_iter().flatten().min() {
                Some(at) => Step::Wait(at),
                None if self.lanes().any(Lane::is_busy) => Step::Busy,
                None => Step::Idle,
            },
        }
    }

    fn take(&mut self, slot: usize, now: Duration) -> Option<Step> {
        let Esm { source, shards, taken, .. } = self;
        let factor = source.parallelization_factor as usize;
        let Shard { id, lanes, .. } = shards.get_mut(slot / factor)?;
        self.turn = slot + 1;
        *taken += 1;
        let request_id = |batch: &Batch| request_id(source, id, batch, now, *taken);
        match lanes.get_mut(slot % factor)?.take(now, request_id, source)? {
            Taken::Expired(old) => {
                let place = Place { source, shard: id, now };
                Discarded::new(&old, Condition::RecordAgeExceeded, request_id(&old), &place)
                    .map(|discarded| Step::Discard(Box::new(discarded)))
            }
            Taken::Batch(batch) => Some(Step::Deliver(Delivery {
                event: event(&batch.entries).into_bytes(),
                request_id: batch.last.as_ref().map(|invocation| invocation.request_id.clone()).unwrap_or_default(),
                shard: id.clone(),
                records: batch.entries.len(),
                attempt: batch.deliveries,
                redelivered: batch.redelivered,
                slot,
            })),
        }
    }

    /// Ends a delivery with the function's answer. Gives back the records that have no attempts left; they count as done from now on.
    pub fn complete(&mut self, delivery: Delivery, answer: &Answer, now: Duration) -> Option<Discarded> {
        let Delivery { slot, request_id, .. } = delivery;
        let Esm { source, shards, .. } = self;
        let factor = source.parallelization_factor as usize;
        let Shard { id, lanes, .. } = shards.get_mut(slot / factor)?;
        let exhausted = lanes.get_mut(slot % factor)?.complete(answer, now, source)?;
        Discarded::new(&exhausted, Condition::RetryAttemptsExhausted, request_id, &Place { source, shard: id, now })
    }

    fn lanes(&self) -> impl Iterator<Item = &Lane> {
        self.shards.iter().flat_map(|shard| &shard.lanes)
    }
}

/// An id for an invocation: the same for the same history, another one for every other invocation.
fn request_id(source: &EventSource, shard: &str, batch: &Batch, now: Duration, taken: u64) -> String {
    let first = batch.entries.first().map(|entry| entry.sequence.as_str()).unwrap_or_default();
    let name = format!("{} {} {shard} {first} {} {taken}", source.function_arn, source.stream_arn, now.as_nanos());
    Uuid::new_v5(&Uuid::NAMESPACE_OID, name.as_bytes()).to_string()
}
