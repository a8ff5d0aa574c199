//! Failure table: the queue refuses a letter. Its record is not done.

use std::time::Duration;

use serde_json::json;
use tablefeed_local::{Fault, Rule};

use crate::event::{Event, curated, sequence};
use crate::world::{QUEUE, World};

const SEND: &str = "SendMessageBatch";

fn refuse(containing: &str, sender_fault: bool) -> Fault {
    Fault::FailEntries {
        containing: containing.to_owned(),
        code: if sender_fault { "InvalidMessageContents" } else { "InternalError" }.to_owned(),
        sender_fault,
        message: "no".to_owned(),
    }
}

#[tokio::test]
async fn an_entry_that_is_refused_in_a_200_answer_is_not_done() {
    let world = World::new().await;
    world.fault_of(SEND, refuse(&sequence(2), true));
    let event = Event::of([curated(0), "poison 1".into(), "poison 2".into(), "poison 3".into(), curated(4)]);
    let seen = world.invoke(&[], &event).await;
    assert_eq!((seen.outcomes(), seen.checkpoint()), (vec![("persisted", 2), ("rejected", 2), ("retry", 1)], Some(sequence(2))));
    assert_eq!(world.letters().await.len(), 2);
    assert!(seen.handled.report.log_line().contains("queue_refusal"));
}

#[tokio::test]
async fn an_entry_that_fails_for_a_moment_is_sent_again() {
    let world = World::new().await;
    world.fault(Rule::new(refuse(&sequence(1), false)).operation(SEND).times(2));
    let seen = world.invoke(&[], &Event::of(["poison 0", "poison 1", "poison 2"])).await;
    assert_eq!((seen.outcomes(), seen.checkpoint()), (vec![("rejected", 3)], None));
    assert_eq!((world.letters().await.len(), world.calls(SEND)), (3, 3));
}

#[tokio::test]
async fn transient_faults_of_the_queue_are_retried() {
    for fault in [Fault::error(500, "InternalFailure", ""), Fault::error(400, "RequestThrottled", ""), Fault::Reset, Fault::LostAnswer] {
        let world = World::new().await;
        world.fault(Rule::new(fault.clone()).operation(SEND).times(2));
        let seen = world.invoke(&[], &Event::of(["poison"])).await;
        assert_eq!((seen.outcomes(), seen.checkpoint()), (vec![("rejected", 1)], None), "{fault:?}");
        let letters = world.letters().await;
        assert!(letters.iter().all(|letter| letter["id"] == letters[0]["id"]), "at least once, by one id");
    }
}

#[tokio::test]
async fn a_queue_that_is_gone_or_denied_holds_the_records_back() {
    let world = World::new().await;
    let queue = world.aws.queue_url("no-such-queue");
    let event = Event::of([curated(0), "poison".into(), curated(2)]);
    let seen = world.invoke(&[("DLQ_URL", &queue)], &event).await;
    assert_eq!((seen.outcomes(), seen.checkpoint()), (vec![("persisted", 2), ("retry", 1)], Some(sequence(1))));
    world.fault_of(SEND, Fault::error(403, "AccessDenied", "no"));
    let seen = world.invoke(&[], &event).await;
    assert_eq!(seen.checkpoint(), Some(sequence(1)));
}

#[tokio::test]
async fn a_letter_refused_for_its_size_is_sent_once_more_without_data() {
    let world = World::new().await;
    let url = world.aws.queue_url(QUEUE);
    let size = aws_sdk_sqs::types::QueueAttributeName::MaximumMessageSize;
    world.clients.sqs.set_queue_attributes().queue_url(url).attributes(size, "2048").send().await.unwrap();
    let large = format!("{{\"broken\":\"{}\"", "x".repeat(4000));
    let seen = world.invoke(&[], &Event::of(["small poison", &large])).await;
    assert_eq!((seen.outcomes(), seen.checkpoint()), (vec![("rejected", 2)], None));
    let letters = world.letters().await;
    assert!(letters[0]["data"].is_string());
    assert_eq!((&letters[1]["data"], &letters[1]["data_omitted"]), (&json!(null), &json!("size")));
}

#[tokio::test]
async fn a_batch_refused_for_its_size_is_sent_letter_by_letter() {
    let world = World::new().await;
    world.fault(Rule::new(Fault::error(400, "AWS.SimpleQueueService.BatchRequestTooLong", "too long")).operation(SEND).times(1));
    let seen = world.invoke(&[], &Event::of(["poison 0", "poison 1"])).await;
    assert_eq!((seen.outcomes(), world.calls(SEND)), (vec![("rejected", 2)], 3));
    assert!(world.letters().await.iter().all(|letter| letter["data"].is_string()));
}

#[tokio::test]
async fn a_megabyte_of_poison_still_becomes_a_letter() {
    let world = World::new().await;
    let compressible = format!("{{\"broken\":\"{}\"", "x".repeat(1_000_000));
    let noise: String = (0..60_000_u64).map(|n| uuid::Uuid::new_v5(&uuid::Uuid::NAMESPACE_URL, &n.to_be_bytes()).to_string()).collect();
    let seen = world.invoke(&[], &Event::of([compressible, noise])).await;
    assert_eq!((seen.outcomes(), seen.checkpoint()), (vec![("rejected", 2)], None));
    let letters = world.letters().await;
    assert_eq!(letters[0]["data_encoding"], "zstd+base64");
    assert!(letters[1]["data_omitted"] == "size" || letters[1]["data_encoding"] == "zstd+base64");
}

#[tokio::test]
async fn a_queue_that_stays_down_is_given_up_in_time() {
    let world = World::new().await;
    world.fault_of(SEND, Fault::Reset);
    let seen = world.invoke_within(&[], &Event::of([curated(0), "poison".into()]), Duration::from_secs(3)).await;
    assert_eq!((seen.outcomes(), seen.checkpoint()), (vec![("persisted", 1), ("retry", 1)], Some(sequence(1))));
}
