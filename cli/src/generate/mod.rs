//! Makes an event: curated documents in Kinesis records, some of them poison.
//!
//! In: how many, how much poison, a seed. Out: the event's text, the same for the same input, byte for byte.

mod document;
mod random;

use serde_json::{Value, json};

use self::document::{Poison, data};
use self::random::Random;
use crate::exit::BadInput;

/// Records in one event, the most that Lambda takes from Kinesis ("Batch size" in its developer guide).
const MAX_RECORDS: u64 = 10_000;
/// Bytes of an event, the most that Lambda hands to a function ("Lambda quotas").
const MAX_BYTES: usize = 6 << 20;
/// When the stream began, in milliseconds since 1970.
const BEGIN: f64 = 1_700_000_000_000.0;
const SHARD: &str = "shardId-000000000000";
const SOURCE: &str = "arn:aws:kinesis:us-east-1:000000000000:stream/generated";

/// What to make.
#[derive(Debug, Clone, Copy)]
pub struct Order {
    pub records: u64,
    pub poison: u64,
    pub seed: u64,
}

/// The event's text.
pub fn event(order: Order) -> anyhow::Result<String> {
    let Order { records, poison, seed } = order;
    if records > MAX_RECORDS {
        return Err(BadInput::error(format!("--generate {records}: Lambda takes at most {MAX_RECORDS} records in one event")));
    }
    if poison > records {
        return Err(BadInput::error(format!("--poison {poison} is more than --generate {records}: at most every record can be poison")));
    }
    let text = json!({ "Records": each_record(order) }).to_string();
    if text.len() > MAX_BYTES {
        let fit = records * MAX_BYTES as u64 / text.len() as u64;
        let size = text.len();
        return Err(BadInput::error(format!(
            "--generate {records}: the event has {size} bytes, but Lambda takes {MAX_BYTES} at most; about {fit} records fit (seed {seed})"
        )));
    }
    Ok(text)
}

/// Goes through the records once and makes exactly as many of them poison as asked, each record being as likely as any other.
fn each_record(order: Order) -> Vec<Value> {
    let mut random = Random::new(order.seed);
    let (mut sequence, mut arrival, mut poisoned) = (random.below(1 << 40), 0, 0);
    let record = |index| {
        let is_poison = random.below(order.records - index) < order.poison - poisoned;
        let kind = is_poison.then(|| Poison::ALL[usize::try_from(poisoned).unwrap_or(0) % Poison::ALL.len()]);
        poisoned += u64::from(is_poison);
        sequence += 1 + random.below(1_000_000);
        arrival += u32::from(random.byte() % 20);
        let partition_key = format!("{:08x}", random.below(1 << 32));
        wrapped(&sequence_number(order.seed, sequence), &partition_key, arrival, &data(&mut random, kind))
    };
    (0..order.records).map(record).collect()
}

/// 56 digits, as Kinesis has them. The seed is among them, so that events of different seeds have different records.
fn sequence_number(seed: u64, position: u64) -> String {
    format!("4959033827149025{seed:020}{position:020}")
}

fn wrapped(sequence: &str, partition_key: &str, arrival: u32, data: &str) -> Value {
    json!({
        "kinesis": {
            "kinesisSchemaVersion": "1.0",
            "partitionKey": partition_key,
            "sequenceNumber": sequence,
            "data": data,
            "approximateArrivalTimestamp": (BEGIN + f64::from(arrival)) / 1000.0,
        },
        "eventSource": "aws:kinesis",
        "eventVersion": "1.0",
        "eventID": format!("{SHARD}:{sequence}"),
        "eventName": "aws:kinesis:record",
        "invokeIdentityArn": "arn:aws:iam::000000000000:role/generated",
        "awsRegion": "us-east-1",
        "eventSourceARN": SOURCE,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn made(records: u64, poison: u64, seed: u64) -> String {
        event(Order { records, poison, seed }).unwrap()
    }

    #[test]
    fn the_same_seed_makes_the_same_event() {
        assert_eq!(made(50, 5, 7), made(50, 5, 7));
        assert_ne!(made(50, 5, 7), made(50, 5, 8));
        assert_eq!(made(0, 0, 1), r#"{"Records":[]}"#);
    }

    #[test]
    fn six_thousand_records_of_about_300_bytes_are_one_event_under_6_mb() {
        let text = made(6000, 60, 1);
        assert!(text.len() < 6_000_000, "{}", text.len());
        let event: Value = serde_json::from_str(&text).unwrap();
        let data: usize = event["Records"].as_array().unwrap().iter().map(|record| record["kinesis"]["data"].as_str().unwrap().len()).sum();
        assert!((280..320).contains(&(data / 6000 * 3 / 4)), "{}", data / 6000 * 3 / 4);
    }

    #[test]
    fn sequence_numbers_have_56_digits_and_increase() {
        let event: Value = serde_json::from_str(&made(100, 100, u64::MAX)).unwrap();
        let numbers: Vec<&str> =
            event["Records"].as_array().unwrap().iter().map(|record| record["kinesis"]["sequenceNumber"].as_str().unwrap()).collect();
        assert!(numbers.iter().all(|number| number.len() == 56) && numbers.is_sorted_by(|one, other| one < other));
    }

    #[test]
    fn too_much_is_refused() {
        let refused = |records, poison| event(Order { records, poison, seed: 1 }).unwrap_err().to_string();
        assert!(refused(10_001, 0).contains("at most 10000"));
        assert!(refused(10_000, 0).contains("records fit"));
        assert!(refused(5, 6).contains("--poison 6"));
    }
}
