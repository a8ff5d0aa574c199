//! Queues and what happens to their messages.

use aws_sdk_sqs::Client;
use aws_sdk_sqs::primitives::Blob;
use aws_sdk_sqs::types::{
    ChangeMessageVisibilityBatchRequestEntry, DeleteMessageBatchRequestEntry, Message, MessageAttributeValue, MessageSystemAttributeName,
    QueueAttributeName, SendMessageBatchRequestEntry, SendMessageBatchResultEntry,
};

use crate::clients::memory;

async fn receive(sqs: &Client, url: &str, hidden_for: i32) -> Vec<Message> {
    let call = sqs.receive_message().queue_url(url).max_number_of_messages(10).visibility_timeout(hidden_for);
    call.message_attribute_names("All")
        .message_system_attribute_names(MessageSystemAttributeName::All)
        .send()
        .await
        .unwrap()
        .messages
        .unwrap_or_default()
}

fn text(value: &str) -> MessageAttributeValue {
    MessageAttributeValue::builder().data_type("String").string_value(value).build().unwrap()
}

#[tokio::test]
async fn a_queue_is_created_found_listed_and_deleted() {
    let (embedded, clients) = memory().await;
    let url = clients.sqs.create_queue().queue_name("letters").send().await.unwrap().queue_url.unwrap();
    assert_eq!(url, format!("{}/000000000000/letters", embedded.endpoint()));
    assert_eq!(url, embedded.queue_url("letters"));
    assert_eq!(clients.sqs.create_queue().queue_name("letters").send().await.unwrap().queue_url(), Some(url.as_str()));
    assert_eq!(clients.sqs.get_queue_url().queue_name("letters").send().await.unwrap().queue_url(), Some(url.as_str()));
    clients.sqs.create_queue().queue_name("other").send().await.unwrap();
    let listed = clients.sqs.list_queues().queue_name_prefix("let").send().await.unwrap();
    assert_eq!(listed.queue_urls(), std::slice::from_ref(&url));
    clients.sqs.delete_queue().queue_url(&url).send().await.unwrap();
    let error = clients.sqs.get_queue_url().queue_name("letters").send().await.unwrap_err().into_service_error();
    assert!(error.is_queue_does_not_exist());
}

#[tokio::test]
async fn attributes_are_set_counted_and_checked() {
    let (_embedded, clients) = memory().await;
    let url = clients.sqs.create_queue().queue_name("q").attributes(QueueAttributeName::MaximumMessageSize, "2048").send().await.unwrap();
    let url = url.queue_url.unwrap();
    clients.sqs.set_queue_attributes().queue_url(&url).attributes(QueueAttributeName::VisibilityTimeout, "7").send().await.unwrap();
    for body in ["a", "b"] {
        clients.sqs.send_message().queue_url(&url).message_body(body).send().await.unwrap();
    }
    clients.sqs.send_message().queue_url(&url).message_body("later").delay_seconds(900).send().await.unwrap();
    clients.sqs.receive_message().queue_url(&url).send().await.unwrap();
    let got = clients.sqs.get_queue_attributes().queue_url(&url).attribute_names(QueueAttributeName::All).send().await.unwrap();
    let got = got.attributes.unwrap();
    let value = |name| got[&name].as_str();
    assert_eq!(value(QueueAttributeName::MaximumMessageSize), "2048");
    assert_eq!(value(QueueAttributeName::VisibilityTimeout), "7");
    assert_eq!(value(QueueAttributeName::MessageRetentionPeriod), "345600");
    assert_eq!(value(QueueAttributeName::QueueArn), "arn:aws:sqs:us-east-1:000000000000:q");
    assert_eq!(value(QueueAttributeName::ApproximateNumberOfMessages), "1");
    assert_eq!(value(QueueAttributeName::ApproximateNumberOfMessagesNotVisible), "1");
    assert_eq!(value(QueueAttributeName::ApproximateNumberOfMessagesDelayed), "1");
    let set = |name, value: &str| clients.sqs.set_queue_attributes().queue_url(&url).attributes(name, value).send();
    let error = set(QueueAttributeName::VisibilityTimeout, "43201").await.unwrap_err().into_service_error();
    assert!(error.is_invalid_attribute_value());
    let error = set(QueueAttributeName::FifoQueue, "true").await.unwrap_err().into_service_error();
    assert!(error.is_invalid_attribute_name());
    let other = clients.sqs.create_queue().queue_name("q").attributes(QueueAttributeName::MaximumMessageSize, "4096").send().await;
    assert!(other.unwrap_err().into_service_error().is_queue_name_exists());
}

#[tokio::test]
async fn a_message_carries_true_checksums_and_its_attributes() {
    let (_embedded, clients) = memory().await;
    let url = clients.sqs.create_queue().queue_name("q").send().await.unwrap().queue_url.unwrap();
    let binary = MessageAttributeValue::builder().data_type("Binary").binary_value(Blob::new(*b"\x00\x01\xff")).build().unwrap();
    let number = MessageAttributeValue::builder().data_type("Number.int").string_value("42").build().unwrap();
    let call = clients.sqs.send_message().queue_url(&url).message_body("héllo").message_attributes("reason", text("bad_json"));
    let sent = call.message_attributes("bytes", binary).message_attributes("count", number).send().await.unwrap();
    // Sums by Python's hashlib.
    assert_eq!(sent.md5_of_message_body(), Some("be50e8478cf24ff3595bc7307fb91b50"));
    assert_eq!(sent.md5_of_message_attributes(), Some("f30b5bf2cfbbeb785f3dc2c4b150deac"));
    let got = receive(&clients.sqs, &url, 0).await.remove(0);
    assert_eq!((got.body(), got.md5_of_body()), (Some("héllo"), sent.md5_of_message_body()));
    assert_eq!((got.message_id(), got.md5_of_message_attributes()), (sent.message_id(), sent.md5_of_message_attributes()));
    let attributes = got.message_attributes.unwrap();
    assert_eq!(attributes["bytes"].binary_value().unwrap().as_ref(), b"\x00\x01\xff");
    assert_eq!(attributes["count"].string_value(), Some("42"));
    let system = got.attributes.unwrap();
    assert_eq!(system[&MessageSystemAttributeName::ApproximateReceiveCount], "1");
    let call = clients.sqs.receive_message().queue_url(&url).visibility_timeout(0).message_attribute_names("rea.*").send().await.unwrap();
    let got = &call.messages()[0];
    assert_eq!(got.message_attributes().unwrap().keys().collect::<Vec<_>>(), ["reason"]);
    assert_eq!(got.md5_of_message_attributes(), Some("0fec0df94788feed6aeb3e9a33ada0db"));
    assert!(got.attributes().is_none());
}

#[tokio::test]
async fn a_received_message_is_hidden_until_its_time_or_deleted() {
    let (_embedded, clients) = memory().await;
    let sqs = &clients.sqs;
    let url = sqs.create_queue().queue_name("q").send().await.unwrap().queue_url.unwrap();
    sqs.send_message().queue_url(&url).message_body("m").send().await.unwrap();
    let first = receive(sqs, &url, 60).await.remove(0).receipt_handle.unwrap();
    assert!(receive(sqs, &url, 60).await.is_empty());
    sqs.change_message_visibility().queue_url(&url).receipt_handle(&first).visibility_timeout(0).send().await.unwrap();
    let again = receive(sqs, &url, 60).await.remove(0);
    assert_eq!(again.attributes.unwrap()[&MessageSystemAttributeName::ApproximateReceiveCount], "2");
    let late = sqs.change_message_visibility().queue_url(&url).receipt_handle(&first).visibility_timeout(0).send().await;
    assert!(late.unwrap_err().into_service_error().is_message_not_inflight());
    // A handle that is not the latest deletes nothing and is no error.
    sqs.delete_message().queue_url(&url).receipt_handle(&first).send().await.unwrap();
    let second = again.receipt_handle.unwrap();
    sqs.change_message_visibility().queue_url(&url).receipt_handle(&second).visibility_timeout(0).send().await.unwrap();
    assert_eq!(receive(sqs, &url, 0).await.len(), 1);
    let third = receive(sqs, &url, 0).await.remove(0).receipt_handle.unwrap();
    sqs.delete_message().queue_url(&url).receipt_handle(&third).send().await.unwrap();
    assert!(receive(sqs, &url, 0).await.is_empty());
    let wrong = sqs.delete_message().queue_url(&url).receipt_handle("nonsense").send().await;
    assert!(wrong.unwrap_err().into_service_error().is_receipt_handle_is_invalid());
}

#[tokio::test]
async fn batches_send_hide_and_delete_entry_by_entry() {
    let (_embedded, clients) = memory().await;
    let sqs = &clients.sqs;
    let url = sqs.create_queue().queue_name("q").send().await.unwrap().queue_url.unwrap();
    let entry = |id: &str| SendMessageBatchRequestEntry::builder().id(id).message_body(format!("body {id}")).build().unwrap();
    let sent = sqs.send_message_batch().queue_url(&url).entries(entry("a")).entries(entry("b")).send().await.unwrap();
    assert_eq!(sent.successful().iter().map(SendMessageBatchResultEntry::id).collect::<Vec<_>>(), ["a", "b"]);
    assert_eq!(sent.successful()[0].md5_of_message_body(), "dd9cbadc64b69f5b5f698ed84210a68d");
    let got = receive(sqs, &url, 60).await;
    assert_eq!(got.iter().map(|message| message.body().unwrap()).collect::<Vec<_>>(), ["body a", "body b"]);
    let handle = |at: usize| got[at].receipt_handle().unwrap();
    let shown = |id: &str, handle: &str| {
        ChangeMessageVisibilityBatchRequestEntry::builder().id(id).receipt_handle(handle).visibility_timeout(0).build().unwrap()
    };
    let call = sqs.change_message_visibility_batch().queue_url(&url).entries(shown("x", handle(0))).entries(shown("y", "nonsense"));
    let changed = call.send().await.unwrap();
    assert_eq!((changed.successful()[0].id(), changed.failed()[0].id()), ("x", "y"));
    assert_eq!((changed.failed()[0].code(), changed.failed()[0].sender_fault()), ("ReceiptHandleIsInvalid", true));
    let delete = |id: &str, handle: &str| DeleteMessageBatchRequestEntry::builder().id(id).receipt_handle(handle).build().unwrap();
    let call = sqs.delete_message_batch().queue_url(&url).entries(delete("x", handle(1))).entries(delete("y", "nonsense"));
    let deleted = call.send().await.unwrap();
    assert_eq!((deleted.successful()[0].id(), deleted.failed()[0].id()), ("x", "y"));
    assert_eq!(receive(sqs, &url, 60).await.len(), 1);
    sqs.send_message().queue_url(&url).message_body("m").send().await.unwrap();
    sqs.purge_queue().queue_url(&url).send().await.unwrap();
    assert!(receive(sqs, &url, 0).await.is_empty());
}

#[tokio::test]
async fn a_queue_url_of_an_earlier_run_still_names_its_queue() {
    let (embedded, clients) = memory().await;
    clients.sqs.create_queue().queue_name("q").send().await.unwrap();
    clients.sqs.send_message().queue_url("http://127.0.0.1:9/000000000000/q").message_body("m").send().await.unwrap();
    assert_eq!(receive(&clients.sqs, &embedded.queue_url("q"), 0).await.len(), 1);
}

#[tokio::test]
async fn messages_that_are_not_hidden_come_in_turn_and_new_ones_first() {
    let (_embedded, clients) = memory().await;
    let sqs = &clients.sqs;
    let url = sqs.create_queue().queue_name("q").send().await.unwrap().queue_url.unwrap();
    let send = async |body: String| sqs.send_message().queue_url(&url).message_body(body).send().await.unwrap();
    for n in 0..25 {
        send(format!("{n:02}")).await;
    }
    let bodies = async || receive(sqs, &url, 0).await.into_iter().map(|message| message.body.unwrap()).collect::<Vec<_>>();
    let numbered = |numbers: &[u32]| numbers.iter().map(|n| format!("{n:02}")).collect::<Vec<_>>();
    assert_eq!(bodies().await, numbered(&[0, 1, 2, 3, 4, 5, 6, 7, 8, 9]));
    assert_eq!(bodies().await, numbered(&[10, 11, 12, 13, 14, 15, 16, 17, 18, 19]));
    send("25".to_owned()).await;
    assert_eq!(bodies().await, numbered(&[20, 21, 22, 23, 24, 25, 0, 1, 2, 3]));
    assert_eq!(bodies().await[0], "04");
}
