//! `letters redrive` of what Lambda gave up: as a queue, a bucket and `run` have it. (Streams are read back in tests/python.)

use serde_json::{Value, json};

use crate::laptop::Laptop;
use crate::shared::Shared;

const RIGHT: [&str; 2] = ["--set", r#"MAPPING={"key":{"partition":"id"},"types":{"id":"S"},"item":{"id":"{@id}","n":"{n}"}}"#];

fn redrive(laptop: &Laptop, arguments: &[&str], exit: i32) -> Value {
    let said = laptop.run(&[&["letters", "redrive", "--json"], &RIGHT[..], arguments].concat());
    assert_eq!(said.exit, exit, "{said:?}");
    serde_json::from_str(&said.out).unwrap()
}

fn numbers(laptop: &Laptop) -> Vec<u64> {
    let mut numbers: Vec<u64> = laptop.json(&["items", "Items", "--json"]).iter().map(|item| item["n"].as_u64().unwrap()).collect();
    numbers.sort_unstable();
    numbers
}

/// What Lambda leaves of these documents; `payload` is their event.
fn given_up(laptop: &Laptop, documents: &[Value]) -> Value {
    laptop.event("event.json", documents);
    json!({
        "requestContext": {
            "requestId": "r", "functionArn": "f", "condition": "RetryAttemptsExhausted", "approximateInvokeCount": 3
        },
        "responseContext": {"statusCode": 200, "executedVersion": "$LATEST", "functionError": "Unhandled"},
        "version": "1.0",
        "timestamp": "2026-01-01T00:00:00.000Z",
        "KinesisBatchInfo": {
            "shardId": "shardId-000000000006", "startSequenceNumber": "1", "endSequenceNumber": "9", "batchSize": documents.len(),
            "approximateArrivalOfFirstRecord": "2026-01-01T00:00:00.000Z", "approximateArrivalOfLastRecord": "2026-01-01T00:00:00.000Z",
            "streamArn": "arn:aws:kinesis:us-east-2:123456789012:stream/lambda-stream"
        },
        "payload": std::fs::read_to_string(laptop.path().join("event.json")).unwrap(),
    })
}

fn n(numbers: std::ops::Range<u64>) -> Vec<Value> {
    numbers.map(|n| json!({ "n": n })).collect()
}

#[test]
fn an_object_of_a_bucket_is_redriven_record_by_record() {
    let laptop = Laptop::new();
    let mut documents = n(0..700);
    documents[5] = json!("poison");
    laptop.file("object.json", &format!("{:#}", given_up(&laptop, &documents)));
    let account = redrive(&laptop, &["--from", "object.json"], 3);
    assert_eq!((&account["done"], &account["failed_again"], &account["messages"]), (&json!(699), &json!(1), &json!(1)));
    assert_eq!(account["reasons"]["RetryAttemptsExhausted"]["done"], 699);
    assert_eq!(numbers(&laptop), (0..700).filter(|n| *n != 5).collect::<Vec<_>>());
    let letters = laptop.json(&["letters", "--json"]);
    assert!(letters.len() == 1 && letters[0]["reason"] == "not_an_object", "{letters:?}");
    // A second time changes nothing: the same items, and the same letter.
    redrive(&laptop, &["--from", "object.json"], 3);
    assert_eq!((numbers(&laptop).len(), laptop.json(&["letters", "--json"]).len()), (699, 1));
}

#[test]
fn lines_are_redriven_and_a_broken_one_is_reported() {
    let laptop = Laptop::new();
    let first = given_up(&laptop, &n(0..3));
    laptop.file("lines.ndjson", &format!("{first}\n{{\"requestContext\":{{\"personal\n"));
    let account = redrive(&laptop, &["--from", "lines.ndjson"], 3);
    assert_eq!((&account["done"], &account["not_letters"], &account["left"]), (&json!(3), &json!(1), &json!(1)));
    let none = redrive(&laptop, &["--from", "lines.ndjson", "--reason", "RecordAgeExceeded"], 0);
    assert_eq!(none["messages"], 0);
    let one = redrive(&laptop, &["--from", "lines.ndjson", "--reason", "RetryAttemptsExhausted"], 0);
    assert_eq!(one["done"], 3);
}

#[test]
fn what_run_discarded_is_redriven_with_its_identities() {
    let laptop = Laptop::new();
    let lines: Vec<String> = (0..5).map(|n| format!("{{\"n\":{n}}}\n")).collect();
    laptop.file("data.ndjson", &lines.concat());
    // A batch id too long to be a key is nobody's fault: the records are given up in the end.
    let tagged = r#"MAPPING={"key":{"partition":"id"},"types":{"id":"S","batch":"S"},"item":{"id":"{@id}","n":"{n}","batch":"{@batch}"}}"#;
    let too_long = "x".repeat(3000);
    let fed = laptop.run(&["run", "data.ndjson", "--json", "--set", tagged, "--batch-id", &too_long, "--max-retry-attempts", "0"]);
    assert_eq!(fed.exit, 3, "{fed:?}");
    let account = redrive(&laptop, &["--from", ".tablefeed/run/data.ndjson.discarded.ndjson"], 0);
    assert_eq!(account["done"], 5, "{account}");
    let ids = |laptop: &Laptop| laptop.json(&["items", "Items", "--json"]).iter().map(|item| item["id"].clone()).collect::<Vec<_>>();
    let redriven = ids(&laptop);
    assert_eq!(redriven.len(), 5);
    laptop.run(&[&["run", "data.ndjson", "--from-start"], &RIGHT[..]].concat());
    assert_eq!(ids(&laptop), redriven);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_read_back_stays_and_says_why() {
    let shared = Shared::new().await;
    shared.laptop.event("event.json", &n(0..1));
    shared.laptop.invoke(&["event.json", RIGHT[0], &RIGHT[1].replace("{n}", "{nowhere}")]);
    let letter = shared.receive(600).await.remove(0).body.unwrap();
    let mut letter: Value = serde_json::from_str(&letter).unwrap();
    letter["data"] = Value::Null;
    letter["data_encoding"] = Value::Null;
    letter["data_omitted"] = json!("size");
    let mut metadata = given_up(&shared.laptop, &n(0..1));
    metadata.as_object_mut().unwrap().remove("payload");
    shared.sqs.purge_queue().queue_url(shared.queue()).send().await.unwrap();
    shared.send(&letter.to_string()).await;
    shared.send(&metadata.to_string()).await;
    letter["source"] = json!("arn:aws:kafka:us-east-1:1:cluster/c");
    letter["id"] = json!("1f0e9c3a-5b0e-5b61-8f1c-0f6c2b8a7d11");
    shared.send(&letter.to_string()).await;
    let account = redrive(&shared.laptop, &["--discard"], 3);
    assert_eq!((&account["kept"], &account["deleted"], &account["left"]), (&json!(3), &json!(0), &json!(3)));
    let because = account["kept_because"].to_string();
    assert!(because.contains("cannot be read back from arn:aws:kinesis:us-east-2:123456789012:stream/lambda-stream"), "{because}");
    assert!(because.contains("its source is no Kinesis stream"), "{because}");
    assert_eq!(shared.receive(0).await.len(), 3);
}
