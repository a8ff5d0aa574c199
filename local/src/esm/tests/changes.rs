//! Streams of tables: the same machine, with records that are given as they are delivered.

use super::*;

const TABLE_STREAM: &str = "arn:aws:dynamodb:us-east-1:123456789012:table/T/stream/2026-01-01T00:00:00.000";

fn change(sequence: u64, key: &str) -> ChangeRecord {
    let json = json!({"eventSource": "aws:dynamodb", "dynamodb": {"SequenceNumber": sequence.to_string()}}).to_string();
    ChangeRecord { sequence: number(sequence), key: key.to_owned(), json, arrival: START }
}

fn table(records: impl IntoIterator<Item = ChangeRecord>, max_retry_attempts: Option<u32>) -> Esm {
    let source = EventSource { stream_arn: TABLE_STREAM.to_owned(), max_retry_attempts, bisect_on_function_error: true, ..source() };
    let mut esm = Esm::new(source).unwrap();
    for record in records {
        esm.push_change(SHARD, &record).unwrap();
    }
    esm
}

fn delivered(event: &[u8]) -> Vec<u64> {
    let event: Value = serde_json::from_slice(event).unwrap();
    let number = |record: &Value| record["dynamodb"]["SequenceNumber"].as_str().unwrap().parse().unwrap();
    event["Records"].as_array().unwrap().iter().map(number).collect()
}

#[tokio::test]
async fn a_tables_records_are_redelivered_from_the_one_that_is_reported() {
    let mut esm = table([8, 9, 10, 11].map(|sequence| change(sequence, "k")), None);
    let mut events = Vec::new();
    let handler = async |delivery: &Delivery| {
        events.push(delivered(&delivery.event));
        if events.len() == 1 { partial(10) } else { success() }
    };
    esm.run(handler, &Clock::at(START)).await;
    assert_eq!(events, [vec![8, 9, 10, 11], vec![10, 11]]);
}

#[tokio::test]
async fn what_is_given_up_is_described_as_of_a_tables_stream() {
    let mut esm = table([change(1, "a"), change(2, "b")], Some(0));
    let handler = async |delivery: &Delivery| if delivered(&delivery.event).contains(&2) { partial(2) } else { success() };
    let summary = esm.run(handler, &Clock::at(START)).await;
    let discarded = serde_json::to_value(&summary.discarded[0]).unwrap();
    assert_eq!(discarded["DDBStreamBatchInfo"]["startSequenceNumber"], "2");
    assert!(discarded.get("KinesisBatchInfo").is_none());
    assert_eq!(serde_json::from_value::<Discarded>(discarded).unwrap(), summary.discarded[0]);
}

#[test]
fn a_tables_records_come_in_the_order_of_their_numbers() {
    let mut esm = table([change(9, "a"), change(10, "b")], None);
    assert!(esm.push_change(SHARD, &change(10, "c")).is_err());
}
