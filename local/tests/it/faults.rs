//! Each fault as an SDK client sees it, and what has become of the call.

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use aws_sdk_dynamodb::error::{ProvideErrorMetadata as _, SdkError};
use aws_sdk_sqs::types::SendMessageBatchRequestEntry;
use tablefeed_local::{Fault, Rule, Select, Service};

use crate::clients::{APP, Clients, config, ids, memory, puts, table};

type Written = Result<
    aws_sdk_dynamodb::operation::batch_write_item::BatchWriteItemOutput,
    SdkError<aws_sdk_dynamodb::operation::batch_write_item::BatchWriteItemError>,
>;

async fn write(clients: &Clients, ids: &[&str]) -> Written {
    clients.dynamodb.batch_write_item().set_request_items(Some(puts(ids))).send().await
}

fn unprocessed(written: Written) -> Vec<String> {
    let tables = written.unwrap().unprocessed_items.unwrap_or_default();
    let writes = tables.into_values().flatten();
    writes.map(|write| write.put_request.unwrap().item["id"].as_s().unwrap().clone()).collect()
}

/// The connection ended without an answer.
fn lost_connection<E>(error: &SdkError<E>) -> bool {
    matches!(error, SdkError::DispatchFailure(failure) if format!("{failure:?}").contains("IncompleteMessage"))
}

fn writes(fault: Fault) -> Rule {
    Rule::new(fault).service(Service::DynamoDb).operation("BatchWriteItem")
}

#[tokio::test]
async fn an_error_is_the_services_own_and_has_no_effect() {
    let (embedded, clients) = memory().await;
    table(&clients.dynamodb).await;
    let rule = writes(Fault::error(500, "InternalServerError", "try again")).app(APP).times(1);
    let id = embedded.faults().add(rule);
    let error = write(&clients, &["a"]).await.unwrap_err();
    assert_eq!((error.code(), error.message()), (Some("InternalServerError"), Some("try again")));
    assert_eq!(error.raw_response().unwrap().status().as_u16(), 500);
    assert!(ids(&clients.dynamodb).await.is_empty());
    write(&clients, &["a"]).await.unwrap();
    assert_eq!(embedded.faults().fired(id), 1);
    embedded.faults().add(Rule::new(Fault::error(400, "QueueDoesNotExist", "gone")).service(Service::Sqs));
    let error = clients.sqs.list_queues().send().await.unwrap_err();
    assert_eq!(aws_sdk_sqs::error::ProvideErrorMetadata::code(&error), Some("AWS.SimpleQueueService.NonExistentQueue"));
}

#[tokio::test]
async fn throttles_carry_typed_reasons_in_both_exceptions() {
    let (embedded, clients) = memory().await;
    table(&clients.dynamodb).await;
    let (reason, arn) = ("TableWriteKeyRangeThroughputExceeded", "arn:aws:dynamodb:us-east-1:000000000000:table/t");
    embedded.faults().add(writes(Fault::throttle(reason, arn)).times(1));
    let reasons = vec![(reason.to_owned(), arn.to_owned())];
    embedded.faults().add(writes(Fault::Throttle { code: "ThrottlingException".to_owned(), reasons }).times(1));
    let error = write(&clients, &["a"]).await.unwrap_err().into_service_error();
    let aws_sdk_dynamodb::operation::batch_write_item::BatchWriteItemError::ProvisionedThroughputExceededException(typed) = error else {
        panic!("{error:?}")
    };
    assert_eq!((typed.throttling_reasons()[0].reason(), typed.throttling_reasons()[0].resource()), (Some(reason), Some(arn)));
    let error = write(&clients, &["a"]).await.unwrap_err().into_service_error();
    let aws_sdk_dynamodb::operation::batch_write_item::BatchWriteItemError::ThrottlingException(typed) = error else { panic!("{error:?}") };
    assert_eq!(typed.throttling_reasons()[0].reason(), Some(reason));
}

#[tokio::test]
async fn unprocessed_writes_come_back_and_the_others_are_done() {
    let (embedded, clients) = memory().await;
    table(&clients.dynamodb).await;
    embedded.faults().add(writes(Fault::Unprocessed(Select::Indices(BTreeSet::from([1])))).times(1));
    embedded.faults().add(writes(Fault::Unprocessed(Select::Containing(r#"{"S":"d"}"#.to_owned()))).times(1));
    embedded.faults().add(writes(Fault::Unprocessed(Select::All)).times(1));
    assert_eq!(unprocessed(write(&clients, &["a", "b", "c"]).await), ["b"]);
    assert_eq!(unprocessed(write(&clients, &["d", "e"]).await), ["d"]);
    assert_eq!(unprocessed(write(&clients, &["f"]).await), ["f"]);
    assert_eq!(unprocessed(write(&clients, &["g"]).await), [""; 0]);
    assert_eq!(ids(&clients.dynamodb).await, ["a", "c", "e", "g"]);
}

#[tokio::test]
async fn a_refused_item_spoils_its_request_only() {
    let (embedded, clients) = memory().await;
    table(&clients.dynamodb).await;
    embedded.faults().add(Rule::new(Fault::refuse_items("poison", "One or more parameter values were invalid")));
    let error = write(&clients, &["a", "poison"]).await.unwrap_err();
    assert_eq!((error.code(), error.message()), (Some("ValidationException"), Some("One or more parameter values were invalid")));
    write(&clients, &["b"]).await.unwrap();
    assert_eq!(ids(&clients.dynamodb).await, ["b"]);
}

#[tokio::test]
async fn failed_entries_stand_in_a_good_answer_and_the_others_are_sent() {
    let (embedded, clients) = memory().await;
    let url = clients.sqs.create_queue().queue_name("q").send().await.unwrap().queue_url.unwrap();
    let fault = Fault::FailEntries {
        containing: r#""reason":"bad_json""#.to_owned(),
        code: "InternalError".to_owned(),
        sender_fault: false,
        message: "try again".to_owned(),
    };
    embedded.faults().add(Rule::new(fault));
    let send = |bodies: &[&str]| {
        let entry =
            |(i, body): (usize, &&str)| SendMessageBatchRequestEntry::builder().id(i.to_string()).message_body(*body).build().unwrap();
        let call = clients.sqs.send_message_batch().queue_url(&url);
        call.set_entries(Some(bodies.iter().enumerate().map(entry).collect())).send()
    };
    let answer = send(&[r#"{"reason":"bad_json"}"#, r#"{"reason":"other"}"#]).await.unwrap();
    assert_eq!((answer.failed()[0].id(), answer.failed()[0].code(), answer.failed()[0].sender_fault()), ("0", "InternalError", false));
    assert_eq!(answer.successful()[0].id(), "1");
    let answer = send(&[r#"{"reason":"bad_json"}"#]).await.unwrap();
    assert_eq!((answer.failed().len(), answer.successful().len()), (1, 0));
    let got = clients.sqs.receive_message().queue_url(&url).max_number_of_messages(10).send().await.unwrap();
    assert_eq!(got.messages().iter().filter_map(|message| message.body()).collect::<Vec<_>>(), [r#"{"reason":"other"}"#]);
}

#[tokio::test]
async fn a_reset_is_a_lost_connection_without_effect() {
    let (embedded, clients) = memory().await;
    table(&clients.dynamodb).await;
    embedded.faults().add(writes(Fault::Reset).times(1));
    let error = write(&clients, &["a"]).await.unwrap_err();
    assert!(lost_connection(&error), "{error:?}");
    assert!(ids(&clients.dynamodb).await.is_empty());
    let call = embedded.recorder().calls().into_iter().find(|call| call.operation == "BatchWriteItem").unwrap();
    assert_eq!(call.status, 0);
    write(&clients, &["a"]).await.unwrap();
}

#[tokio::test]
async fn a_lost_answer_is_a_lost_connection_after_the_effect() {
    let (embedded, clients) = memory().await;
    table(&clients.dynamodb).await;
    embedded.faults().add(writes(Fault::LostAnswer).times(1));
    let error = write(&clients, &["a"]).await.unwrap_err();
    assert!(lost_connection(&error), "{error:?}");
    assert_eq!(ids(&clients.dynamodb).await, ["a"]);
}

#[tokio::test]
async fn a_cut_answer_is_an_unreadable_one_after_the_effect() {
    let (embedded, clients) = memory().await;
    table(&clients.dynamodb).await;
    embedded.faults().add(writes(Fault::Cut).times(1));
    let error = write(&clients, &["a"]).await.unwrap_err();
    assert!(matches!(error, SdkError::ResponseError(_)), "{error:?}");
    assert_eq!(ids(&clients.dynamodb).await, ["a"]);
}

#[tokio::test]
async fn a_call_that_hangs_ends_by_the_callers_time_out_or_the_servers_stop() {
    let (embedded, clients) = memory().await;
    embedded.faults().add(Rule::new(Fault::Hang).service(Service::Ssm));
    let hasty = aws_sdk_ssm::Client::new(&config(embedded.endpoint(), Duration::from_millis(100)));
    let error = hasty.get_parameter().name("p").send().await.unwrap_err();
    assert!(matches!(error, SdkError::TimeoutError(_)), "{error:?}");
    let hanging = tokio::spawn(clients.ssm.get_parameter().name("p").send());
    while embedded.recorder().count(None, "GetParameter") < 2 {
        tokio::task::yield_now().await;
    }
    let stopping = Instant::now();
    embedded.stop().await;
    assert!(hanging.await.unwrap().is_err());
    assert!(stopping.elapsed() < Duration::from_secs(2), "{:?}", stopping.elapsed());
}

#[tokio::test]
async fn delays_add_up_and_later_rules_still_strike() {
    let (embedded, clients) = memory().await;
    let delay = || Rule::new(Fault::Delay(Duration::from_millis(60)));
    embedded.faults().add(delay());
    embedded.faults().add(delay());
    embedded.faults().add(Rule::new(Fault::error(400, "ThrottlingException", "slow")).operation("GetParameter"));
    let start = Instant::now();
    let error = clients.ssm.get_parameter().name("p").send().await.unwrap_err();
    assert_eq!(aws_sdk_ssm::error::ProvideErrorMetadata::code(&error), Some("ThrottlingException"));
    assert!(start.elapsed() >= Duration::from_millis(120));
}

#[tokio::test]
async fn rules_are_narrowed_skipped_counted_and_taken_back() {
    let (embedded, clients) = memory().await;
    let faults = embedded.faults();
    let failing = |code: &str| Rule::new(Fault::error(400, code, ""));
    faults.add(failing("ByBody").body(r#""Name":"special""#));
    faults.add(failing("OtherApp").app("another"));
    faults.add(failing("OtherOperation").operation("PutParameter"));
    let third = faults.add(failing("Third").skip(2).times(1));
    let code = async |name: &str| {
        let error = clients.ssm.get_parameter().name(name).send().await.unwrap_err();
        aws_sdk_ssm::error::ProvideErrorMetadata::code(&error).unwrap().to_owned()
    };
    assert_eq!(code("special").await, "ByBody");
    let seen = [code("p").await, code("p").await, code("p").await, code("p").await];
    assert_eq!(seen, ["ParameterNotFound", "ParameterNotFound", "Third", "ParameterNotFound"]);
    assert_eq!(faults.fired(third), 1);
    faults.remove(third);
    assert_eq!(faults.fired(third), 0);
    faults.clear();
    assert_eq!(code("special").await, "ParameterNotFound");
}
