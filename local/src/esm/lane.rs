//! One lane of a shard: records in, one batch after another out, each delivered until it is done or discarded. Pure.
//!
//! A later batch is never delivered while an earlier one has records left. Where the AWS Lambda developer guide is silent: a batch that
//! failed waits one second, twice as long after each further failure, at most a minute; what is left of it is not filled up with newer
//! records; the window begins when a record can be read and the lane is free.

use std::collections::VecDeque;
use std::time::Duration;

use super::answer::{Answer, Verdict, judge};
use super::batch::{Batch, Invocation};
use super::event::{Entry, fitting};
use super::sequence::SequenceNumber;
use super::source::{EventSource, MAX_PAYLOAD_BYTES};

const FIRST_WAIT: Duration = Duration::from_secs(1);
const LONGEST_WAIT: Duration = Duration::from_secs(60);

#[derive(Debug, Default)]
pub(super) struct Lane {
    /// Not yet in a batch.
    waiting: VecDeque<Entry>,
    /// Batches that failed, and parts of them, in stream order; all of them in front of `waiting`.
    failed: VecDeque<Batch>,
    /// In front of everything else.
    in_flight: Option<Batch>,
    /// Nothing is delivered before.
    free_at: Duration,
    /// Failures since the last success.
    failures: u32,
}

/// What a lane that is ready has to give.
#[derive(Debug)]
pub(super) enum Taken<'l> {
    /// A batch that is now in flight.
    Batch(&'l Batch),
    /// Records that are too old to be delivered.
    Expired(Batch),
}

impl Lane {
    /// Adds a record behind those there are.
    pub fn push(&mut self, entry: Entry) {
        self.waiting.push_back(entry);
    }

    pub fn is_busy(&self) -> bool {
        self.in_flight.is_some()
    }

    /// The first record that is not done.
    pub fn first_unfinished(&self) -> Option<&SequenceNumber> {
        let delivered = self.in_flight.iter().chain(&self.failed).flat_map(|batch| &batch.entries);
        delivered.chain(&self.waiting).next().map(|entry| &entry.sequence)
    }

    /// Records that are not done.
    pub fn unfinished(&self) -> usize {
        self.in_flight.iter().chain(&self.failed).map(|batch| batch.entries.len()).sum::<usize>() + self.waiting.len()
    }

    /// When the lane has something to give; never while a batch is in flight or nothing is left.
    pub fn ready_at(&self, source: &EventSource) -> Option<Duration> {
        if self.in_flight.is_some() {
            return None;
        }
        if !self.failed.is_empty() {
            return Some(self.free_at);
        }
        let opened = self.waiting.front()?.readable.max(self.free_at);
        if source.window.is_zero() {
            return Some(opened);
        }
        Some(self.full_at(source).map_or(Duration::MAX, |full| full.max(opened)).min(opened.saturating_add(source.window)))
    }

    /// When the next batch is full: as its last record can be read, or the first one that does not fit into its event any more.
    fn full_at(&self, source: &EventSource) -> Option<Duration> {
        let count = fitting(self.waiting.iter(), source.batch_size, MAX_PAYLOAD_BYTES);
        let decisive = if count == source.batch_size { count - 1 } else { count };
        self.waiting.get(decisive).map(|entry| entry.readable)
    }

    /// Takes the next batch; for a lane that is ready now. Whatever is too old goes first.
    pub fn take(&mut self, now: Duration, request_id: impl FnOnce(&Batch) -> String, source: &EventSource) -> Option<Taken<'_>> {
        let mut batch = self.failed.pop_front().or_else(|| self.form(now, source))?;
        if let Some(old) = batch.expire(now, source) {
            if !batch.entries.is_empty() {
                self.failed.push_front(batch);
            }
            return Some(Taken::Expired(old));
        }
        batch.last = Some(Invocation { request_id: request_id(&batch), failed: false });
        batch.deliveries += 1;
        Some(Taken::Batch(self.in_flight.insert(batch)))
    }

    fn form(&mut self, now: Duration, source: &EventSource) -> Option<Batch> {
        let readable = self.waiting.iter().take_while(|entry| entry.readable <= now);
        let count = fitting(readable, source.batch_size, MAX_PAYLOAD_BYTES);
        (count > 0).then(|| Batch::new(self.waiting.drain(..count).collect()))
    }

    /// Ends the batch in flight. Gives back its records that have no attempts left.
    pub fn complete(&mut self, answer: &Answer, now: Duration, source: &EventSource) -> Option<Batch> {
        let mut batch = self.in_flight.take()?;
        self.free_at = now;
        if let Some(invocation) = &mut batch.last {
            invocation.failed = answer.is_err();
        }
        let sequences = batch.entries.iter().map(|entry| &entry.sequence);
        let verdict = judge(answer, sequences, source.report_batch_item_failures);
        if verdict == Verdict::Done {
            self.failures = 0;
            return None;
        }
        let (first, second) = batch.left(verdict, source.bisect_on_function_error);
        if let Some(second) = second {
            self.failed.push_front(second);
        }
        if !source.may_retry(first.deliveries) {
            self.failures = 0;
            return Some(first);
        }
        self.free_at = now.saturating_add(wait(self.failures));
        self.failures = self.failures.saturating_add(1);
        self.failed.push_front(first);
        None
    }
}

/// How long a lane waits that has failed so often before.
fn wait(failures: u32) -> Duration {
    FIRST_WAIT.saturating_mul(2u32.saturating_pow(failures)).min(LONGEST_WAIT)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_wait_doubles_up_to_a_minute() {
        let waits: Vec<u64> = [0, 1, 2, 3, 4, 5, 6, 7, u32::MAX].map(|failures| wait(failures).as_secs()).into();
        assert_eq!(waits, [1, 2, 4, 8, 16, 32, 60, 60, 60]);
    }
}
