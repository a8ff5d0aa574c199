//! Attempts and age that run out, and what the destination gets.

use super::*;

fn at(sequence: u64, arrival: Duration) -> Record {
    Record { arrival, ..record(sequence) }
}

#[tokio::test]
async fn a_record_exactly_as_old_as_allowed_is_delivered_and_an_older_one_is_not() {
    let records = [at(1, ago(Duration::from_millis(60_001))), at(2, ago(seconds(60))), at(3, START)];
    let mut esm = stream(EventSource { max_record_age: Some(seconds(60)), ..source() }, records);
    let history = history(&mut esm, |_| success()).await;
    assert_eq!(history.deliveries, [[2, 3]]);
    assert_eq!(history.summary.discarded.len(), 1);
    let discarded = &history.summary.discarded[0];
    assert_eq!(discarded.request_context.condition, Condition::RecordAgeExceeded);
    assert_eq!(discarded.request_context.approximate_invoke_count, 0);
    assert_eq!(discarded.response_context, None);
    assert_eq!(sequences(discarded.payload.as_ref().unwrap().as_bytes()), [1]);
}

#[tokio::test]
async fn an_old_record_behind_a_young_one_is_discarded_too() {
    let records = [at(1, START), at(2, ago(seconds(61))), at(3, START)];
    let mut esm = stream(EventSource { max_record_age: Some(seconds(60)), ..source() }, records);
    assert_eq!(history(&mut esm, |_| success()).await.deliveries, [[1, 3]]);
}

#[tokio::test]
async fn age_that_runs_out_between_attempts_ends_them() {
    let mut esm = stream(EventSource { max_record_age: Some(seconds(60)), ..source() }, [at(1, START), at(2, START + seconds(1))]);
    let history = history(&mut esm, |batch| if batch.contains(&1) { function_error() } else { success() }).await;
    // Delivered at 0, 1, 3, 7, 15 and 31 seconds; at 63 the first record is too old.
    assert_eq!(history.times, [0, 1, 3, 7, 15, 31]);
    let conditions: Vec<(Condition, u32)> =
        history.summary.discarded.iter().map(|one| (one.request_context.condition, one.request_context.approximate_invoke_count)).collect();
    assert_eq!(conditions, [(Condition::RecordAgeExceeded, 6), (Condition::RecordAgeExceeded, 0)]);
}

#[tokio::test]
async fn what_is_young_enough_in_a_half_stays_in_front_of_the_other_half() {
    let records = [at(1, ago(seconds(60))), at(2, START), at(3, START), at(4, START)];
    let mut esm = stream(EventSource { max_record_age: Some(seconds(60)), bisect_on_function_error: true, ..source() }, records);
    let history = history(&mut esm, |batch| if batch.len() == 4 { function_error() } else { success() }).await;
    assert_eq!(history.deliveries, [vec![1, 2, 3, 4], vec![2], vec![3, 4]]);
}

#[test]
fn the_destination_gets_the_record_that_lambda_documents() {
    let source = EventSource { max_retry_attempts: Some(0), ..source() };
    let records = || [at(7, Duration::from_millis(1_573_691_884_835)), at(8, Duration::from_millis(1_573_691_885_580))];
    let now = Duration::from_millis(1_573_691_886_021);
    let give_up = |on_failure, answer: &Answer| {
        let mut esm = stream(EventSource { on_failure, ..source.clone() }, records());
        let delivery = deliver(&mut esm, now);
        let (event, request_id) = (String::from_utf8(delivery.event.clone()).unwrap(), delivery.request_id.clone());
        (serde_json::to_value(esm.complete(delivery, answer, now).unwrap()).unwrap(), event, request_id)
    };

    let (mut metadata, event, request_id) = give_up(OnFailure::Metadata, &function_error());
    let expected = json!({
        "requestContext": {
            "requestId": request_id,
            "functionArn": source.function_arn,
            "condition": "RetryAttemptsExhausted",
            "approximateInvokeCount": 1,
        },
        "responseContext": {"statusCode": 200, "executedVersion": "$LATEST", "functionError": "Unhandled"},
        "version": "1.0",
        "timestamp": "2019-11-14T00:38:06.021Z",
        "KinesisBatchInfo": {
            "shardId": SHARD,
            "startSequenceNumber": "7",
            "endSequenceNumber": "8",
            "approximateArrivalOfFirstRecord": "2019-11-14T00:38:04.835Z",
            "approximateArrivalOfLastRecord": "2019-11-14T00:38:05.580Z",
            "batchSize": 2,
            "streamArn": source.stream_arn,
        },
    });
    assert_eq!(metadata, expected);

    metadata["payload"] = Value::String(event);
    assert_eq!(give_up(OnFailure::Whole, &function_error()).0, metadata);
    assert_eq!(serde_json::from_value::<Discarded>(metadata.clone()).map(|read| serde_json::to_value(read).unwrap()).unwrap(), metadata);

    let reported = give_up(OnFailure::Whole, &partial(7)).0;
    assert_eq!(reported["responseContext"], json!({"statusCode": 200, "executedVersion": "$LATEST"}));
}

#[tokio::test]
async fn without_a_destination_what_is_dropped_is_counted() {
    let mut esm = stream(EventSource { max_retry_attempts: Some(0), on_failure: OnFailure::Drop, ..source() }, (1..=3).map(record));
    let summary = history(&mut esm, |_| partial(2)).await.summary;
    assert_eq!((summary.dropped, summary.discarded), (2, Vec::new()));
}

#[test]
fn every_invocation_has_an_id_of_its_own_and_the_same_history_the_same_ones() {
    let ids = || {
        let mut esm = stream(EventSource { batch_size: 1, ..source() }, (1..=2).map(record));
        let first = deliver(&mut esm, START);
        let mut ids = vec![first.request_id.clone()];
        esm.complete(first, &function_error(), START);
        ids.push(deliver(&mut esm, START + seconds(1)).request_id);
        ids
    };
    assert_eq!(ids(), ids());
    assert_ne!(ids()[0], ids()[1]);
}
