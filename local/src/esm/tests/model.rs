//! What must be true of every history: a ledger of its records, kept beside the simulation and without its code.

use std::collections::BTreeMap;

use super::*;

/// Records with their shards, each shard's in ascending order.
pub type Stream = Vec<(String, Record)>;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Fate {
    Open,
    InFlight,
    Done,
    Discarded,
}

pub struct Model<'s> {
    source: EventSource,
    stream: &'s Stream,
    /// By position in the stream.
    fates: Vec<Fate>,
    /// How often exactly these records were delivered together, by shard, first and last.
    attempts: BTreeMap<(String, SequenceNumber, SequenceNumber), u32>,
    /// How often a record was delivered.
    deliveries: Vec<u32>,
}

impl<'s> Model<'s> {
    pub fn new(source: EventSource, stream: &'s Stream) -> Model<'s> {
        let (fates, deliveries) = (vec![Fate::Open; stream.len()], vec![0; stream.len()]);
        Model { source, stream, fates, attempts: BTreeMap::new(), deliveries }
    }

    /// The simulation of the whole stream, from there on.
    pub fn esm(&self, checkpoint: Checkpoint) -> Esm {
        let mut esm = Esm::resume(self.source.clone(), checkpoint).unwrap();
        for (shard, record) in self.stream {
            esm.push(shard, record).unwrap();
        }
        esm
    }

    /// Whatever is not in front of the checkpoint may be delivered once more, with all attempts.
    pub fn restart(&mut self, checkpoint: &Checkpoint) {
        for (index, (shard, record)) in self.stream.iter().enumerate() {
            if checkpoint.0.get(shard).is_some_and(|position| position.is_past(&record.sequence)) {
                assert!(self.is_over(index), "{record:?} is passed over and neither done nor discarded");
            } else {
                self.fates[index] = Fate::Open;
            }
            self.deliveries[index] = 0;
        }
        self.attempts.clear();
    }

    /// Checks a delivery, and gives back the sequence numbers in it.
    pub fn delivered(&mut self, delivery: &Delivery, now: Duration) -> Vec<SequenceNumber> {
        assert!(delivery.event.len() <= MAX_PAYLOAD_BYTES);
        let batch = numbers(&delivery.event);
        assert_eq!(batch.len(), delivery.records);
        assert!((1..=self.source.batch_size).contains(&batch.len()));
        assert!(batch.iter().zip(&batch[1..]).all(|(one, next)| one < next), "out of order: {batch:?}");
        let indices: Vec<usize> = batch.iter().map(|sequence| self.index(&delivery.shard, sequence)).collect();
        for &index in &indices {
            let record = &self.stream[index].1;
            assert_eq!(self.fates[index], Fate::Open, "{record:?}");
            assert!(record.arrival <= now);
            assert!(self.source.max_record_age.is_none_or(|limit| now <= record.arrival + limit), "{record:?} is too old");
            self.check_order(index, &indices);
            self.deliveries[index] += 1;
        }
        for &index in &indices {
            self.fates[index] = Fate::InFlight;
        }
        self.check_attempts(delivery, &batch, &indices);
        batch
    }

    /// Nothing that has to be done first is open: the same key's earlier records, or all of them where there is one lane.
    fn check_order(&self, index: usize, batch: &[usize]) {
        let (shard, record) = &self.stream[index];
        for (before, (other_shard, other)) in self.stream[..index].iter().enumerate() {
            let first = shard == other_shard && (self.source.parallelization_factor == 1 || record.partition_key == other.partition_key);
            assert!(!first || self.is_over(before) || batch.contains(&before), "{record:?} overtakes {other:?}");
        }
    }

    fn check_attempts(&mut self, delivery: &Delivery, batch: &[SequenceNumber], indices: &[usize]) {
        let key = (delivery.shard.clone(), batch[0].clone(), batch[batch.len() - 1].clone());
        let attempts = self.attempts.entry(key).or_default();
        *attempts += 1;
        let Some(retries) = self.source.max_retry_attempts else { return };
        assert!(*attempts <= retries + 1 && delivery.attempt <= retries + 1);
        if !self.source.bisect_on_function_error {
            assert!(indices.iter().all(|&index| self.deliveries[index] <= retries + 1));
        }
    }

    /// Enters an answer after which the first records are done.
    pub fn completed(&mut self, shard: &str, batch: &[SequenceNumber], done: usize, exhausted: Option<&Discarded>) {
        for (position, sequence) in batch.iter().enumerate() {
            let index = self.index(shard, sequence);
            assert_eq!(self.fates[index], Fate::InFlight);
            self.fates[index] = if position < done { Fate::Done } else { Fate::Open };
        }
        let Some(exhausted) = exhausted else { return };
        assert_eq!(exhausted.request_context.condition, Condition::RetryAttemptsExhausted);
        assert_eq!(Some(exhausted.request_context.approximate_invoke_count), self.source.max_retry_attempts.map(|retries| retries + 1));
        assert_eq!(self.discard(exhausted), batch[done..], "all that is left is discarded, and nothing else");
    }

    /// Enters records that became too old.
    pub fn expired(&mut self, discarded: &Discarded, now: Duration) {
        assert_eq!(discarded.request_context.condition, Condition::RecordAgeExceeded);
        let limit = self.source.max_record_age.unwrap();
        for sequence in self.discard(discarded) {
            let record = &self.stream[self.index(&discarded.batch.shard_id, &sequence)].1;
            assert!(now > record.arrival + limit, "{record:?} is not too old");
        }
    }

    fn discard(&mut self, discarded: &Discarded) -> Vec<SequenceNumber> {
        let lost = numbers(discarded.payload.as_ref().unwrap().as_bytes());
        let info = &discarded.batch;
        assert_eq!(info.batch_size, lost.len());
        assert_eq!([&info.start_sequence_number, &info.end_sequence_number], [lost[0].as_str(), lost[lost.len() - 1].as_str()]);
        for sequence in &lost {
            let index = self.index(&info.shard_id, sequence);
            assert_eq!(self.fates[index], Fate::Open);
            self.fates[index] = Fate::Discarded;
        }
        lost
    }

    /// Each shard's place is its first record that is not over.
    pub fn check_checkpoint(&self, checkpoint: &Checkpoint) {
        let mut expected = BTreeMap::new();
        for (index, (shard, record)) in self.stream.iter().enumerate() {
            let open = matches!(expected.get(shard), Some(Position::At(_)));
            if !open {
                let sequence = record.sequence.clone();
                let place = if self.is_over(index) { Position::After(sequence) } else { Position::At(sequence) };
                expected.insert(shard.clone(), place);
            }
        }
        assert_eq!(checkpoint.0, expected);
    }

    pub fn check_end(&self) {
        assert!((0..self.fates.len()).all(|index| self.is_over(index)), "{:?}", self.fates);
    }

    fn is_over(&self, index: usize) -> bool {
        matches!(self.fates[index], Fate::Done | Fate::Discarded)
    }

    fn index(&self, shard: &str, sequence: &SequenceNumber) -> usize {
        self.stream.iter().position(|(known, record)| known == shard && record.sequence == *sequence).unwrap()
    }
}

fn numbers(event: &[u8]) -> Vec<SequenceNumber> {
    let event: Value = serde_json::from_slice(event).unwrap();
    let number = |record: &Value| SequenceNumber::parse(record["kinesis"]["sequenceNumber"].as_str().unwrap()).unwrap();
    event["Records"].as_array().unwrap().iter().map(number).collect()
}
