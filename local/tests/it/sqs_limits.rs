//! What SQS refuses, and how it says so.

use aws_sdk_sqs::error::ProvideErrorMetadata as _;
use aws_sdk_sqs::operation::send_message_batch::{SendMessageBatchError, SendMessageBatchOutput};
use aws_sdk_sqs::types::{MessageAttributeValue, QueueAttributeName, SendMessageBatchRequestEntry};

use crate::clients::{Clients, memory};

const MIB: usize = 1_048_576;

fn entry(id: &str, body: &str) -> SendMessageBatchRequestEntry {
    SendMessageBatchRequestEntry::builder().id(id).message_body(body).build().unwrap()
}

async fn queue(clients: &Clients) -> String {
    clients.sqs.create_queue().queue_name("q").send().await.unwrap().queue_url.unwrap()
}

async fn send(
    clients: &Clients,
    url: &str,
    entries: Vec<SendMessageBatchRequestEntry>,
) -> Result<SendMessageBatchOutput, SendMessageBatchError> {
    let call = clients.sqs.send_message_batch().queue_url(url).set_entries(Some(entries));
    call.send().await.map_err(aws_sdk_sqs::error::SdkError::into_service_error)
}

async fn stored(clients: &Clients, url: &str) -> String {
    let name = QueueAttributeName::ApproximateNumberOfMessages;
    let got = clients.sqs.get_queue_attributes().queue_url(url).attribute_names(name.clone()).send().await.unwrap();
    got.attributes.unwrap()[&name].clone()
}

#[tokio::test]
async fn a_batch_with_a_wrong_shape_is_refused_whole() {
    let (_embedded, clients) = memory().await;
    let url = queue(&clients).await;
    let eleven = (0..11).map(|i| entry(&i.to_string(), "m")).collect();
    assert!(send(&clients, &url, eleven).await.unwrap_err().is_too_many_entries_in_batch_request());
    assert!(send(&clients, &url, vec![]).await.unwrap_err().is_empty_batch_request());
    assert!(send(&clients, &url, vec![entry("a", "m"), entry("a", "n")]).await.unwrap_err().is_batch_entry_ids_not_distinct());
    assert!(send(&clients, &url, vec![entry("a b", "m")]).await.unwrap_err().is_invalid_batch_entry_id());
    assert!(send(&clients, &url, vec![entry(&"a".repeat(81), "m")]).await.unwrap_err().is_invalid_batch_entry_id());
    assert_eq!(stored(&clients, &url).await, "0");
}

#[tokio::test]
async fn a_batch_may_weigh_one_mebibyte_attributes_included() {
    let (_embedded, clients) = memory().await;
    let url = queue(&clients).await;
    let half = "x".repeat(MIB / 2);
    send(&clients, &url, vec![entry("a", &half), entry("b", &half)]).await.unwrap();
    let attribute = MessageAttributeValue::builder().data_type("String").string_value("v").build().unwrap();
    let heavy = SendMessageBatchRequestEntry::builder().id("b").message_body(&half).message_attributes("k", attribute).build().unwrap();
    assert!(send(&clients, &url, vec![entry("a", &half), heavy]).await.unwrap_err().is_batch_request_too_long());
    assert_eq!(stored(&clients, &url).await, "2");
}

#[tokio::test]
async fn a_message_over_the_queues_own_limit_fails_alone() {
    let (_embedded, clients) = memory().await;
    let url = queue(&clients).await;
    clients.sqs.set_queue_attributes().queue_url(&url).attributes(QueueAttributeName::MaximumMessageSize, "1024").send().await.unwrap();
    let answer = send(&clients, &url, vec![entry("big", &"x".repeat(1025)), entry("small", &"x".repeat(1024))]).await.unwrap();
    assert_eq!(answer.successful()[0].id(), "small");
    let failed = &answer.failed()[0];
    assert_eq!((failed.id(), failed.code(), failed.sender_fault()), ("big", "InvalidParameterValue", true));
    assert_eq!(failed.message(), Some("One or more parameters are invalid. Reason: Message must be shorter than 1024 bytes."));
    let single = clients.sqs.send_message().queue_url(&url).message_body("x".repeat(1025)).send().await.unwrap_err();
    assert_eq!(single.code(), Some("InvalidParameterValue"));
}

#[tokio::test]
async fn control_characters_are_refused() {
    let (_embedded, clients) = memory().await;
    let url = queue(&clients).await;
    for bad in ["\u{0}", "\u{1f}", "\u{fffe}"] {
        let single = clients.sqs.send_message().queue_url(&url).message_body(bad).send().await.unwrap_err().into_service_error();
        assert!(single.is_invalid_message_contents(), "{bad:?}");
        let answer = send(&clients, &url, vec![entry("bad", bad), entry("good", "\t\r\n é \u{10000}")]).await.unwrap();
        assert_eq!((answer.failed()[0].id(), answer.failed()[0].code()), ("bad", "InvalidMessageContents"));
        assert_eq!(answer.successful()[0].id(), "good");
    }
}

#[tokio::test]
async fn a_queue_that_does_not_exist_is_named_in_both_protocols() {
    let (embedded, clients) = memory().await;
    let url = embedded.queue_url("none");
    let error = send(&clients, &url, vec![entry("a", "m")]).await.unwrap_err();
    assert_eq!(error.code(), Some("AWS.SimpleQueueService.NonExistentQueue"));
    assert!(clients.sqs.receive_message().queue_url(&url).send().await.unwrap_err().into_service_error().is_queue_does_not_exist());
    assert!(clients.sqs.purge_queue().queue_url(&url).send().await.unwrap_err().into_service_error().is_queue_does_not_exist());
}

#[tokio::test]
async fn numbers_out_of_range_are_refused() {
    let (_embedded, clients) = memory().await;
    let url = queue(&clients).await;
    for most in [0, 11] {
        let error = clients.sqs.receive_message().queue_url(&url).max_number_of_messages(most).send().await.unwrap_err();
        assert_eq!(error.code(), Some("InvalidParameterValue"));
    }
    let error = clients.sqs.receive_message().queue_url(&url).visibility_timeout(43_201).send().await.unwrap_err();
    assert_eq!(error.code(), Some("InvalidParameterValue"));
    let error = clients.sqs.send_message().queue_url(&url).message_body("m").delay_seconds(901).send().await.unwrap_err();
    assert_eq!(error.code(), Some("InvalidParameterValue"));
}
