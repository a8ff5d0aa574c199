//! What is delivered again, how often and when.

use super::*;

/// Answers in this order, then successes.
fn scripted(answers: Vec<Answer>) -> impl FnMut(&[u64]) -> Answer {
    let mut answers = answers.into_iter();
    move |_| answers.next().unwrap_or_else(success)
}

#[tokio::test]
async fn batches_are_delivered_in_order_and_no_larger_than_set() {
    let mut esm = stream(EventSource { batch_size: 4, ..source() }, (1..=10).map(record));
    let history = history(&mut esm, |_| success()).await;
    assert_eq!(history.deliveries, [vec![1, 2, 3, 4], vec![5, 6, 7, 8], vec![9, 10]]);
    assert_eq!(history.summary, Summary { invocations: 3, delivered: 10, ..Summary::default() });
}

#[tokio::test]
async fn everything_from_the_checkpoint_on_is_delivered_again() {
    let mut esm = stream(EventSource { batch_size: 4, ..source() }, (8..=12).map(record));
    let history = history(&mut esm, scripted(vec![partial(10)])).await;
    assert_eq!(history.deliveries, [vec![8, 9, 10, 11], vec![10, 11], vec![12]]);
    assert_eq!(history.summary, Summary { invocations: 3, retries: 1, delivered: 7, ..Summary::default() });
}

#[tokio::test]
async fn a_complete_failure_delivers_the_whole_batch_again() {
    for failure in [complete_failure(), partial(77), function_error(), Err(Failure::TimedOut)] {
        let mut esm = stream(source(), (1..=3).map(record));
        let history = history(&mut esm, scripted(vec![failure])).await;
        assert_eq!(history.deliveries, [vec![1, 2, 3], vec![1, 2, 3]]);
    }
}

#[tokio::test]
async fn without_reporting_the_response_is_ignored_and_what_it_reports_is_lost() {
    let mut esm = stream(EventSource { report_batch_item_failures: false, ..source() }, (1..=3).map(record));
    let history = history(&mut esm, scripted(vec![partial(1)])).await;
    assert_eq!(history.deliveries, [vec![1, 2, 3]]);
    assert_eq!(history.summary.discarded, []);
}

#[tokio::test]
async fn a_failed_batch_waits_longer_each_time_and_blocks_the_lane_meanwhile() {
    let mut esm = stream(EventSource { batch_size: 1, ..source() }, (1..=2).map(record));
    let history = history(&mut esm, scripted(vec![function_error(), function_error(), function_error()])).await;
    assert_eq!(history.deliveries, [[1], [1], [1], [1], [2]]);
    assert_eq!(history.times, [0, 1, 3, 7, 7]);
}

#[tokio::test]
async fn without_limits_a_batch_is_delivered_until_it_succeeds() {
    let mut esm = stream(source(), (1..=2).map(record));
    let history = history(&mut esm, scripted(vec![function_error(); 500])).await;
    assert_eq!(history.summary.invocations, 501);
    assert_eq!(history.summary.discarded, []);
}

#[tokio::test]
async fn a_partial_response_counts_as_an_attempt() {
    let mut esm = stream(EventSource { max_retry_attempts: Some(2), ..source() }, (1..=4).map(record));
    let history = history(&mut esm, scripted(vec![partial(2), partial(3), partial(3)])).await;
    assert_eq!(history.deliveries, [vec![1, 2, 3, 4], vec![2, 3, 4], vec![3, 4]]);
    let discarded = &history.summary.discarded[0];
    assert_eq!(discarded.request_context.approximate_invoke_count, 3);
    assert_eq!(sequences(discarded.payload.as_ref().unwrap().as_bytes()), [3, 4]);
}

#[tokio::test]
async fn bisecting_isolates_a_bad_record_and_takes_no_attempts() {
    let source = EventSource { bisect_on_function_error: true, max_retry_attempts: Some(1), ..source() };
    for failure in [function_error(), Err(Failure::TimedOut), complete_failure()] {
        let mut esm = stream(source.clone(), (1..=6).map(record));
        let history = history(&mut esm, |batch| if batch.contains(&5) { failure.clone() } else { success() }).await;
        assert_eq!(
            history.deliveries,
            [vec![1, 2, 3, 4, 5, 6], vec![1, 2, 3], vec![4, 5, 6], vec![4], vec![5, 6], vec![5], vec![5], vec![6]]
        );
        assert_eq!(history.summary.discarded.len(), 1);
        let discarded = &history.summary.discarded[0];
        assert_eq!((discarded.batch.batch_size, discarded.batch.start_sequence_number.as_str()), (1, "5"));
        assert_eq!(discarded.request_context.approximate_invoke_count, 2);
    }
}

#[tokio::test]
async fn bisecting_splits_at_the_number_returned_and_the_rest_has_all_its_attempts() {
    let mut esm = stream(EventSource { bisect_on_function_error: true, max_retry_attempts: Some(1), ..source() }, (1..=4).map(record));
    let history = history(&mut esm, scripted(vec![partial(2), partial(3), partial(3), partial(3)])).await;
    assert_eq!(history.deliveries, [vec![1, 2, 3, 4], vec![2, 3, 4], vec![3, 4], vec![3, 4]]);
    assert_eq!(history.summary.discarded.len(), 1);
    assert_eq!(history.summary.discarded[0].batch.batch_size, 2);
}

#[tokio::test]
async fn a_batch_whose_first_record_is_returned_is_not_split() {
    let mut esm = stream(EventSource { bisect_on_function_error: true, max_retry_attempts: Some(1), ..source() }, (1..=4).map(record));
    let history = history(&mut esm, |_| partial(1)).await;
    assert_eq!(history.deliveries, [[1, 2, 3, 4], [1, 2, 3, 4]]);
    assert_eq!(history.summary.discarded[0].batch.batch_size, 4);
}

#[tokio::test]
async fn the_lane_goes_on_behind_what_was_discarded() {
    let mut esm = stream(EventSource { batch_size: 2, max_retry_attempts: Some(0), ..source() }, (1..=4).map(record));
    let history = history(&mut esm, |batch| if batch.contains(&1) { function_error() } else { success() }).await;
    assert_eq!(history.deliveries, [[1, 2], [3, 4]]);
    assert_eq!(history.times, [0, 0]);
    assert_eq!(esm.unfinished(), 0);
}

#[test]
fn what_is_left_of_a_batch_is_not_filled_up() {
    let mut esm = stream(EventSource { batch_size: 3, ..source() }, (1..=3).map(record));
    let first = deliver(&mut esm, START);
    esm.push(SHARD, &record(4)).unwrap();
    assert_eq!(esm.complete(first, &partial(3), START), None);
    let rest = deliver(&mut esm, START + seconds(1));
    assert_eq!((sequences(&rest.event), rest.attempt, rest.redelivered), (vec![3], 2, true));
}
