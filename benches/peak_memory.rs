//! The most memory that the function takes for the largest event that Lambda delivers: fails from 96 MiB on.
//!
//! The real binary `persist` runs in a process of its own; its Runtime API and the embedded AWS are here. What it took is what the
//! kernel says, so Linux only. `cargo bench --workspace --bench peak_memory`

#![allow(clippy::unwrap_used, clippy::print_stdout, reason = "a bench fails by panicking and prints its figures")]

#[path = "../tests/it/lambda.rs"]
mod lambda;

use std::collections::BTreeMap;
use std::process::ExitCode;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use lambda::Lambda;
use serde_json::json;
use tablefeed::aws::{Clients, config_for_endpoint};
use tablefeed::table::{Definition, create_if_missing};
use tablefeed_local::{Config, Embedded};

const LIMIT_KIB: u64 = 96 << 10;

/// What Lambda hands to a function at most in one invocation ("Lambda quotas", invocation payload, synchronous).
const MAX_EVENT: usize = 6 << 20;

const RECORDS: u64 = 6000;

/// Bytes of a document that bring its record close to a 6,000th of the event, its base64 and what Kinesis says of it included.
const DOCUMENT: usize = 392;

const WARM: usize = 4;

#[tokio::main]
async fn main() -> ExitCode {
    let aws = Embedded::start(Config::default()).await.unwrap();
    let mut lambda = Lambda::start(env!("CARGO_BIN_EXE_persist"), environment(&aws).await).await;
    let event = event();
    assert!((MAX_EVENT * 9 / 10..=MAX_EVENT).contains(&event.len()), "{} bytes are not about the largest event", event.len());

    invoke(&mut lambda, &event).await;
    let cold = peak_kib(&lambda);
    for _ in 0..WARM {
        invoke(&mut lambda, &event).await;
    }
    let peak = peak_kib(&lambda);
    let mib = |kib: u64| f64::from(u32::try_from(kib).unwrap()) / 1024.0;
    println!("Peak memory of `persist`, {RECORDS} records in an event of {} bytes\n", event.len());
    println!("| after the first event | after {} | limit |\n|---|---|---|", WARM + 1);
    println!("| {:.1} MiB | {:.1} MiB | {:.0} MiB |", mib(cold), mib(peak), mib(LIMIT_KIB));
    aws.stop().await;
    if peak < LIMIT_KIB { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// The function's environment, on an embedded AWS that has what it needs.
async fn environment(aws: &Embedded) -> BTreeMap<String, String> {
    let clients = Clients::new(&config_for_endpoint(aws.endpoint()), "tablefeed-bench", None);
    create_if_missing(&clients.dynamodb, &Definition::curated_records("Table").unwrap()).await.unwrap();
    clients.ssm.put_parameter().name("/batch").value("batch-1").r#type(aws_sdk_ssm::types::ParameterType::String).send().await.unwrap();
    let queue = aws.queue_url("letters");
    let names = [
        ("TABLE", "Table"),
        ("LATEST_BATCH_ID", "/batch"),
        ("DLQ_URL", queue.as_str()),
        ("AWS_ENDPOINT_URL", aws.endpoint()),
        ("AWS_ACCESS_KEY_ID", "test"),
        ("AWS_SECRET_ACCESS_KEY", "test"),
        ("AWS_REGION", "us-east-1"),
    ];
    names.map(|(name, value)| (name.to_owned(), value.to_owned())).into()
}

/// Has one event handled, every record of it.
async fn invoke(lambda: &mut Lambda, event: &[u8]) {
    let answer = lambda.invoke(event).await;
    assert_eq!((answer.kind.as_str(), answer.body), ("response", json!({"batchItemFailures": []})));
    let line = lambda.line().await;
    assert_eq!(line["outcomes"]["persisted"], json!(RECORDS), "{line}");
    lambda.line().await; // the metrics
}

/// The most memory that the function's process has had at once, in KiB.
fn peak_kib(lambda: &Lambda) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{}/status", lambda.child.id().unwrap())).unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap();
    line.trim().trim_end_matches(" kB").parse().unwrap()
}

fn event() -> Vec<u8> {
    let records: Vec<_> = (0..RECORDS)
        .map(|number| {
            let mut document = json!({"bucket-name": "curated", "s3-key": format!("waze/{number}"), "table-name": "alert", "state": "MD"});
            let rest = DOCUMENT - document.to_string().len() - r#","note":"""#.len();
            document["note"] = "x".repeat(rest).into();
            let sequence = format!("495903382714902566085596925383615710959215759{number:011}");
            json!({"kinesis": {"kinesisSchemaVersion": "1.0", "partitionKey": "key", "sequenceNumber": sequence,
                               "data": STANDARD.encode(document.to_string()), "approximateArrivalTimestamp": 1_545_084_650.987},
                   "eventSource": "aws:kinesis", "eventVersion": "1.0", "eventID": format!("shardId-000000000000:{sequence}"),
                   "eventName": "aws:kinesis:record", "invokeIdentityArn": "arn:aws:iam::123456789012:role/persist",
                   "awsRegion": "us-east-1", "eventSourceARN": "arn:aws:kinesis:us-east-1:123456789012:stream/bench"})
        })
        .collect();
    json!({"Records": records}).to_string().into_bytes()
}
