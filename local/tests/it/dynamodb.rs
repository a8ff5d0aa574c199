//! DynamoDB and its streams through the front.

use aws_sdk_dynamodb::types::AttributeValue;
use http_body_util::{BodyExt as _, Full};
use hyper::body::Bytes;
use hyper::{Request, StatusCode};
use hyper_util::client::legacy::Client;
use hyper_util::rt::TokioExecutor;
use serde_json::{Value, json};

use crate::clients::{TABLE, ids, memory, puts, table};

/// A call without an SDK: there is none for streams among the project's crates.
async fn call(endpoint: &str, target: &str, body: Vec<u8>) -> (StatusCode, Value) {
    let request = Request::post(endpoint)
        .header("x-amz-target", target)
        .header("content-type", "application/x-amz-json-1.0")
        .header("x-amz-date", "20250101T000000Z")
        .header("authorization", "AWS4-HMAC-SHA256 Credential=t/20250101/us-east-1/dynamodb/aws4_request, SignedHeaders=host, Signature=0")
        .body(Full::new(Bytes::from(body)))
        .unwrap();
    let client = Client::builder(TokioExecutor::new()).build_http();
    let response = client.request(request).await.unwrap();
    let status = response.status();
    let body = response.into_body().collect().await.unwrap().to_bytes();
    (status, serde_json::from_slice(&body).unwrap())
}

#[tokio::test]
async fn items_are_written_and_read() {
    let (_embedded, clients) = memory().await;
    table(&clients.dynamodb).await;
    let answer = clients.dynamodb.batch_write_item().set_request_items(Some(puts(&["a", "b"]))).send().await.unwrap();
    assert!(answer.unprocessed_items.unwrap_or_default().is_empty());
    assert_eq!(ids(&clients.dynamodb).await, ["a", "b"]);
    let got = clients.dynamodb.get_item().table_name(TABLE).key("id", AttributeValue::S("a".into())).send().await.unwrap();
    assert_eq!(got.item.unwrap()["n"], AttributeValue::N("1.1".into()));
}

#[tokio::test]
async fn refusals_of_the_engine_come_through() {
    let (_embedded, clients) = memory().await;
    let error = clients.dynamodb.describe_table().table_name("none-such").send().await.unwrap_err().into_service_error();
    assert!(error.is_resource_not_found_exception());
    table(&clients.dynamodb).await;
    let twice = clients.dynamodb.batch_write_item().set_request_items(Some(puts(&["a", "a"]))).send().await.unwrap_err();
    assert_eq!(aws_sdk_dynamodb::error::ProvideErrorMetadata::code(&twice), Some("ValidationException"));
}

#[tokio::test]
async fn a_tables_stream_is_read_through_the_same_port() {
    let (embedded, clients) = memory().await;
    table(&clients.dynamodb).await;
    clients.dynamodb.batch_write_item().set_request_items(Some(puts(&["a"]))).send().await.unwrap();
    let stream = |operation: &str, body: Value| {
        let target = format!("DynamoDBStreams_20120810.{operation}");
        let endpoint = embedded.endpoint().to_owned();
        async move {
            let (status, answer) = call(&endpoint, &target, body.to_string().into_bytes()).await;
            assert_eq!(status, StatusCode::OK, "{answer}");
            answer
        }
    };
    let listed = stream("ListStreams", json!({ "TableName": TABLE })).await;
    let arn = &listed["Streams"][0]["StreamArn"];
    let described = stream("DescribeStream", json!({ "StreamArn": arn })).await;
    let shard = &described["StreamDescription"]["Shards"][0]["ShardId"];
    let iterator = json!({ "StreamArn": arn, "ShardId": shard, "ShardIteratorType": "TRIM_HORIZON" });
    let iterator = stream("GetShardIterator", iterator).await;
    let records = stream("GetRecords", json!({ "ShardIterator": iterator["ShardIterator"] })).await;
    assert_eq!(records["Records"][0]["dynamodb"]["NewImage"]["id"], json!({ "S": "a" }));
    assert_eq!(embedded.recorder().count(None, "GetRecords"), 1);
}

#[tokio::test]
async fn other_services_are_refused_by_name() {
    let (embedded, _clients) = memory().await;
    let (status, answer) = call(embedded.endpoint(), "Kinesis_20131202.PutRecord", b"{}".to_vec()).await;
    assert_eq!(status, StatusCode::BAD_REQUEST);
    assert_eq!(answer["__type"], "com.amazon.coral.service#UnknownOperationException");
    assert!(answer["message"].as_str().unwrap().contains("Kinesis_20131202.PutRecord"));
}

#[tokio::test]
async fn a_request_over_sixteen_mebibytes_is_refused() {
    let (embedded, _clients) = memory().await;
    let (status, answer) = call(embedded.endpoint(), "DynamoDB_20120810.BatchWriteItem", vec![b' '; 16 * 1024 * 1024 + 1]).await;
    assert_eq!(status, StatusCode::PAYLOAD_TOO_LARGE);
    assert!(answer["__type"].as_str().unwrap().ends_with("#RequestEntityTooLarge"));
}
