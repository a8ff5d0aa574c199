//! How far `until_end` goes: the ends of the topic's partitions as they were at the start, less what was reached since.
//!
//! A partition is reached when everything in front of its end is done, by this member or, as the group's offset tells, by another. An end
//! may lie behind the last record (transactions leave marks that no reader sees), so that the consumer's own word that it is there counts.

use std::collections::BTreeMap;

use rdkafka::consumer::{BaseConsumer, Consumer as _};
use rdkafka::error::KafkaResult;
use rdkafka::{Offset, TopicPartitionList};

use crate::consumer::ANSWER;
use crate::group::{Group, Held};

/// Partitions that are not reached, and the first offset behind their end.
#[derive(Debug, Default)]
pub struct Ends(BTreeMap<i32, i64>);

impl Ends {
    /// As they are now. Partitions without records are reached.
    pub fn of(consumer: &BaseConsumer<Group>, topic: &str, partitions: &[i32]) -> KafkaResult<Ends> {
        let mut ends = BTreeMap::new();
        for &partition in partitions {
            let (low, high) = consumer.fetch_watermarks(topic, partition, ANSWER)?;
            if high > low {
                ends.insert(partition, high);
            }
        }
        Ok(Ends(ends))
    }

    pub fn are_reached(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether a record came after the start.
    pub fn lies_behind(&self, partition: i32, offset: i64) -> bool {
        self.0.get(&partition).is_none_or(|end| offset >= *end)
    }

    /// Takes away what this member has reached.
    pub fn reach_own(&mut self, held: &Held) {
        self.0.retain(|partition, end| {
            let lane = held.lanes.get(partition);
            let reached = match lane.map(|lane| lane.progress()) {
                Some(progress) => progress.waiting == 0 && (held.at_end.contains(partition) || progress.done >= Some(*end)),
                None => held.at_end.contains(partition),
            };
            if let Some(lane) = lane.filter(|_| reached) {
                lane.reach(*end);
            }
            !reached
        });
    }

    /// Takes away what the group has committed, of the partitions that this member does not have.
    pub fn reach_committed(&mut self, consumer: &BaseConsumer<Group>, topic: &str) -> KafkaResult<()> {
        let own = consumer.assignment()?;
        let mut others = TopicPartitionList::new();
        for partition in self.0.keys().filter(|partition| own.find_partition(topic, **partition).is_none()) {
            others.add_partition(topic, *partition);
        }
        if others.count() == 0 {
            return Ok(());
        }
        for element in consumer.committed_offsets(others, ANSWER)?.elements() {
            if let (Some(end), Offset::Offset(committed)) = (self.0.get(&element.partition()), element.offset())
                && committed >= *end
            {
                self.0.remove(&element.partition());
            }
        }
        Ok(())
    }
}
