//! This member of the consumer group: the lanes of the partitions that it has, and what it commits, also while the group changes.
//!
//! Partitions that are taken away: their events in flight get a moment to end, what waits is given up, and what is done is committed before
//! the partition goes to its next member, all within the callback. Cooperative: partitions that stay are not disturbed.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use rdkafka::consumer::{BaseConsumer, CommitMode, Consumer as _, ConsumerContext, Rebalance};
use rdkafka::error::{KafkaError, KafkaResult, RDKafkaErrorCode};
use rdkafka::{ClientContext, Message, Offset, TopicPartitionList};
use tokio::runtime::Handle;
use tokio::time::{Instant, timeout_at};

use crate::consumer::Told;
use crate::lane::{Lane, Work};
use crate::record::Record;

/// How long events of a partition that is taken away may take to end; the group waits meanwhile.
const GRACE: Duration = Duration::from_secs(10);

/// The context of librdkafka's consumer.
pub struct Group {
    pub work: Arc<Work>,
    runtime: Handle,
    /// Whether to commit; not in a dry run.
    commits: bool,
    held: Mutex<Held>,
}

/// What this member has.
#[derive(Debug, Default)]
pub struct Held {
    pub lanes: BTreeMap<i32, Lane>,
    /// Partitions whose end was seen.
    pub at_end: BTreeSet<i32>,
    /// What this member committed, by partition.
    pub committed: BTreeMap<i32, i64>,
}

impl Group {
    /// `runtime` runs the lanes.
    pub fn new(work: Arc<Work>, runtime: Handle) -> Group {
        let commits = !work.function.settings().dry_run();
        Group { work, runtime, commits, held: Mutex::default() }
    }

    /// Not to be held while polling or committing: callbacks take it, too.
    pub fn held(&self) -> MutexGuard<'_, Held> {
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub fn trouble(&self, text: String) {
        // Whoever listened may be gone.
        self.work.tell.send(Told::Trouble(text)).unwrap_or_default();
    }

    /// Puts a message into its lane; true if the lane is full now, and its partition is to be paused.
    pub fn take<M: Message>(&self, message: &M) -> bool {
        let partition = message.partition();
        let mut held = self.held();
        let lane = held.lanes.entry(partition).or_insert_with(|| Lane::begin(&self.work, partition, &self.runtime));
        lane.push(Record::of(message));
        let full = !lane.paused && lane.is_full();
        lane.paused |= full;
        full
    }

    /// Partitions that are paused and have room again; they count as resumed.
    pub fn take_resumable(&self) -> Vec<i32> {
        let mut held = self.held();
        let resumable = held.lanes.iter_mut().filter(|(_, lane)| lane.paused && lane.has_room());
        resumable
            .map(|(partition, lane)| {
                lane.paused = false;
                *partition
            })
            .collect()
    }

    pub fn list(&self, partitions: impl IntoIterator<Item = i32>) -> TopicPartitionList {
        let mut list = TopicPartitionList::new();
        for partition in partitions {
            list.add_partition(&self.work.options.topic, partition);
        }
        list
    }

    /// Commits what was done since the last commit. Fails while the group changes; the next time does it.
    ///
    /// Nothing is committed twice: librdkafka has no bound on a commit, and one that meets a change of the group or of its coordinator
    /// may be answered only when somebody polls again.
    pub fn commit_new(&self, consumer: &BaseConsumer<Group>) -> KafkaResult<()> {
        let mut done = self.done();
        let known = self.held().committed.clone();
        done.retain(|(partition, offset)| known.get(partition) != Some(offset));
        self.commit(consumer, &done)
    }

    fn done(&self) -> Vec<(i32, i64)> {
        self.held().lanes.iter().filter_map(|(partition, lane)| Some((*partition, lane.progress().done?))).collect()
    }

    /// Waits for the answer: where nobody does, librdkafka does not tell that a commit has failed.
    fn commit(&self, consumer: &BaseConsumer<Group>, done: &[(i32, i64)]) -> KafkaResult<()> {
        let mut list = TopicPartitionList::new();
        for (partition, offset) in done {
            list.add_partition_offset(&self.work.options.topic, *partition, Offset::Offset(*offset))?;
        }
        if list.count() > 0 && self.commits {
            consumer.commit(&list, CommitMode::Sync)?;
            self.held().committed.extend(done.iter().copied());
        }
        Ok(())
    }

    /// Gives partitions up: what is done is committed, the rest is left to whoever gets them.
    fn give_up(&self, consumer: &BaseConsumer<Group>, partitions: &[i32]) {
        let mut lanes = Vec::new();
        {
            let mut held = self.held();
            held.at_end.retain(|partition| !partitions.contains(partition));
            lanes.extend(partitions.iter().filter_map(|partition| held.lanes.remove_entry(partition)));
        }
        let lost = consumer.assignment_lost();
        for (_, lane) in &lanes {
            lane.stop();
        }
        let until = Instant::now() + if lost { Duration::ZERO } else { GRACE };
        self.runtime.block_on(async {
            for (_, lane) in &mut lanes {
                if timeout_at(until, &mut lane.task).await.is_err() {
                    lane.task.abort();
                }
            }
        });
        let done: Vec<_> = lanes.iter().filter_map(|(partition, lane)| Some((*partition, lane.progress().done?))).collect();
        if !lost && let Err(error) = self.commit(consumer, &done) {
            self.trouble(format!("what was done could not be committed, so it comes again: {error}"));
        }
        // Whether a partition is paused outlives its assignment.
        let paused = lanes.iter().filter(|(_, lane)| lane.paused).map(|(partition, _)| *partition);
        if let Err(error) = consumer.resume(&self.list(paused)) {
            self.trouble(format!("a partition that was given up stays paused: {error}"));
        }
    }
}

/// Whether a commit failed only because the group is changing.
pub fn is_while_changing(error: &KafkaError) -> bool {
    matches!(error, KafkaError::ConsumerCommit(RDKafkaErrorCode::RebalanceInProgress | RDKafkaErrorCode::IllegalGeneration))
}

impl ClientContext for Group {
    fn error(&self, error: KafkaError, _reason: &str) {
        self.trouble(error.to_string());
    }
}

impl ConsumerContext for Group {
    fn pre_rebalance(&self, consumer: &BaseConsumer<Group>, rebalance: &Rebalance<'_>) {
        match rebalance {
            Rebalance::Assign(_) => {}
            Rebalance::Revoke(list) => {
                let partitions: Vec<i32> = list.elements().iter().map(|element| element.partition()).collect();
                self.give_up(consumer, &partitions);
            }
            Rebalance::Error(error) => {
                self.trouble(error.to_string());
                let all: Vec<i32> = self.held().lanes.keys().copied().collect();
                self.give_up(consumer, &all);
            }
        }
    }

    fn post_rebalance(&self, consumer: &BaseConsumer<Group>, _rebalance: &Rebalance<'_>) {
        let partitions = consumer.assignment().map_or(0, |assignment| assignment.count());
        // Whoever listened may be gone.
        self.work.tell.send(Told::Partitions(partitions)).unwrap_or_default();
    }
}
