//! Every sample event has its expected outcomes in a file beside it, and they are compared exactly.

use std::collections::BTreeMap;
use std::path::PathBuf;

use aws_sdk_dynamodb::types::AttributeValue;
use serde_json::{Value, json};
use tablefeed::write::outcome::Outcome;

use crate::world::{Seen, World, invoke};

fn samples() -> Vec<PathBuf> {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("events");
    let files = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    files.filter(|file| !file.to_str().unwrap().ends_with(".expected.json")).collect()
}

#[tokio::test]
async fn every_sample_event_has_exactly_its_expected_outcomes() {
    let samples = samples();
    assert!(samples.len() >= 8);
    for file in samples {
        let expected: Value = serde_json::from_slice(&std::fs::read(file.with_extension("expected.json")).unwrap()).unwrap();
        assert_eq!(seen(&file).await, expected, "{}", file.display());
    }
}

/// What came of an event, in the shape of the expected files.
async fn seen(file: &PathBuf) -> Value {
    let world = World::new().await;
    let event = std::fs::read(file).unwrap();
    let seen = Seen::of(invoke(&world.function(&[]), &event, std::time::Duration::from_secs(60)).await.unwrap());
    let outcomes: BTreeMap<&str, u64> = Outcome::ALL.iter().map(|outcome| (outcome.name(), seen.count(*outcome))).collect();
    let member = |letter: &Value, name: &str| letter[name].clone();
    let letters = world.letters().await;
    let letters: Vec<Value> = letters
        .iter()
        .map(|letter| {
            json!({"id": member(letter, "id"), "reason": member(letter, "reason"), "sequence": member(letter, "sequence"),
                   "sub_sequence": member(letter, "sub_sequence")})
        })
        .collect();
    let mut items: Vec<Value> =
        world.items().await.iter().map(|item| item.iter().map(|(name, value)| (name.clone(), typed(value))).collect()).collect();
    items.sort_by_key(|item| item["CurationRecordId"]["S"].to_string());
    json!({"batch_id": crate::world::BATCH, "records": seen.handled.report.records, "outcomes": outcomes, "checkpoint": seen.checkpoint(),
           "letters": letters, "items": items})
}

fn typed(value: &AttributeValue) -> Value {
    match value {
        AttributeValue::S(text) => json!({"S": text}),
        AttributeValue::N(digits) => json!({"N": digits}),
        AttributeValue::Bool(flag) => json!({"BOOL": flag}),
        AttributeValue::Null(_) => json!({"NULL": true}),
        other => panic!("no curated item holds {other:?}"),
    }
}
