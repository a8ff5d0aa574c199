//! `invoke`: an event goes through the function, and the account of it adds up.

use serde_json::json;

use crate::laptop::{Laptop, curated};

#[test]
fn documents_become_items_that_carry_the_batch_id() {
    let laptop = Laptop::new();
    laptop.event("event.json", &[curated("one"), curated("two"), json!({"s3-key": "cv/x"}), json!({"s3-key": "waze/x"})]);
    let summary = laptop.invoke(&["event.json", "--batch-id", "batch-7"]);
    let expected = json!({
        "records": 4, "documents": 4,
        "outcomes": {"persisted": 2, "superseded": 0, "filtered": 1, "skipped": 0, "over_limit": 0, "rejected": 1, "failed": 0, "retry": 0},
        "letters": {"missing_field": 1},
        "items_before": 0, "items_after": 2,
        "calls": {"GetParameter": 1, "BatchWriteItem": 1, "SendMessageBatch": 1},
        "response": {"batchItemFailures": []},
        "checkpoint": null, "batch_id": "batch-7", "systemic_failure": null, "queue_refusal": null,
        "invocations": 1, "seconds": summary["seconds"],
    });
    assert_eq!(summary, expected);
    let items = laptop.json(&["items", "CuratedRecords", "--json", "--where", "DataTableName=one"]);
    let id = items[0]["CurationRecordId"].clone();
    let expected = json!({
        "CurationRecordId": id, "BatchId": "batch-7", "DataTableName": "one", "S3Key": "s3://b/waze/one.csv", "State": "VA",
        "TotalNumCuratedRecords": 7, "IsHistorical": "False", "Year": 2019, "Month": "03",
    });
    assert_eq!(items, [expected]);
}

#[test]
fn people_see_the_same_as_a_table() {
    let laptop = Laptop::new();
    laptop.event("event.json", &[curated("one"), json!([])]);
    let said = laptop.run(&["invoke", "event.json", "--verbose", "--dir", "state"]);
    assert_eq!(said.exit, 0, "{said:?}");
    let lines = [
        "event.json: 2 records, 1 document",
        "persisted   1",
        "total       1",
        "items      0 before, 1 after, in CuratedRecords",
        "calls      GetParameter 1, BatchWriteItem 1, SendMessageBatch 0",
        "batch id   batch-1",
        r#"response   {"batchItemFailures":[]}"#,
        "see        tablefeed items CuratedRecords --dir state",
        "           tablefeed letters --dir state",
    ];
    for line in lines {
        assert!(said.out.lines().any(|found| found == line), "{line:?} in {}", said.out);
    }
    assert!(said.err.contains(r#""message":"done""#) && said.err.contains("CloudWatchMetrics"), "{}", said.err);
}

#[test]
fn a_second_delivery_changes_nothing() {
    let laptop = Laptop::new();
    let seen = || (laptop.run(&["items", "CuratedRecords", "--json"]).out, ids(&laptop));
    laptop.invoke(&["--generate", "60", "--poison", "9"]);
    let before = seen();
    laptop.invoke(&["--generate", "60", "--poison", "9"]);
    assert_eq!(seen(), before);
    assert_eq!((before.0.lines().count(), before.1.len()), (51, 9));
}

fn ids(laptop: &Laptop) -> Vec<String> {
    laptop.json(&["letters", "--json"]).iter().map(|letter| letter["id"].to_string()).collect()
}

#[test]
fn repeats_are_summed_and_the_batch_id_is_kept() {
    let laptop = Laptop::new();
    laptop.invoke(&["--generate", "1", "--batch-id", "batch-7"]);
    let summary = laptop.invoke(&["--generate", "10", "--poison", "2", "--repeat", "3"]);
    assert_eq!((&summary["records"], &summary["outcomes"]["persisted"], &summary["invocations"]), (&json!(30), &json!(24), &json!(3)));
    assert_eq!(summary["calls"]["GetParameter"], 3);
    assert_eq!(summary["batch_id"], "batch-7");
    let letters = laptop.json(&["letters", "--json"]);
    assert!(letters.len() == 2 && letters.iter().all(|letter| letter["count"] == 3), "{letters:?}");
}

#[test]
fn standard_input_is_a_file_too() {
    let laptop = Laptop::new();
    laptop.event("event.json", &[curated("one")]);
    let text = std::fs::read_to_string(laptop.path().join("event.json")).unwrap();
    let said = laptop.run_with_input(&["invoke", "-"], &text);
    assert_eq!(said.exit, 0, "{said:?}");
    assert!(said.out.starts_with("standard input: 1 record, 1 document\n"), "{said:?}");
}

#[test]
fn settings_come_from_set_alone() {
    let laptop = Laptop::new();
    laptop.event("event.json", &[curated("one"), curated("two")]);
    let said = laptop.run(&["invoke", "event.json", "--json", "--set", "PERSIST_RECORDS=0"]);
    assert!(said.err.contains("warning: PERSIST_RECORDS=0 is a dry run"), "{said:?}");
    let summary: serde_json::Value = serde_json::from_str(&said.out).unwrap();
    assert_eq!((&summary["outcomes"]["skipped"], &summary["items_after"]), (&json!(2), &json!(0)));
    let limited = laptop.invoke(&["event.json", "--set", "PERSIST_RECORDS=1", "--set", "OVER_LIMIT=skip"]);
    assert_eq!((&limited["outcomes"]["persisted"], &limited["outcomes"]["skipped"]), (&json!(1), &json!(1)));
}

#[test]
fn another_mapping_gets_a_table_of_its_own() {
    let laptop = Laptop::new();
    laptop.event("event.json", &[json!({"id": "a", "n": 1.10}), json!({"id": "b", "n": [true, null]})]);
    assert_eq!(laptop.invoke(&["event.json", "--set", "MAPPING=document"])["items_after"], 2);
    assert_eq!(laptop.json(&["items", "Documents", "--json"]).len(), 2);
    let mapping = json!({"key": {"partition": "id", "sort": "n"}, "types": {"id": "S", "n": "N"}, "item": {"id": "{id}", "n": "{n}"}});
    laptop.file("mapping.json", &mapping.to_string());
    let summary = laptop.invoke(&["event.json", "--set", "MAPPING=mapping.json", "--set", "table_name=Mine"]);
    assert_eq!((&summary["items_after"], &summary["letters"]), (&json!(1), &json!({"wrong_key_type": 1})));
    assert_eq!(laptop.json(&["items", "Mine", "--json"]), [json!({"id": "a", "n": 1.1})]);
}

#[test]
fn the_settings_of_a_deployed_function_work_here() {
    let laptop = Laptop::new();
    let arn = "DDB_CURATED_RECORDS_TABLE_ARN=arn:aws:dynamodb:eu-west-1:123456789012:table/Mine";
    let summary = laptop.invoke(&["--generate", "2", "--set", arn, "--set", "LATEST_BATCH_ID=/mine"]);
    assert_eq!((&summary["items_after"], &summary["batch_id"]), (&json!(2), &json!("batch-1")));
    assert_eq!(laptop.json(&["items", "Mine", "--json"]).len(), 2);
}

#[test]
fn unfinished_records_are_exit_code_3() {
    let laptop = Laptop::new();
    let partly = laptop.run(&["invoke", "--generate", "3", "--json", "--set", "MAX_EVENT_BYTES=1"]);
    assert_eq!(partly.exit, 3, "{partly:?}");
    let summary: serde_json::Value = serde_json::from_str(&partly.out).unwrap();
    assert_eq!(summary["response"]["batchItemFailures"][0]["itemIdentifier"], summary["checkpoint"]);
    let systemic = laptop.run(&["invoke", "--generate", "3", "--batch-id", &"x".repeat(3000)]);
    assert_eq!(systemic.exit, 3, "{systemic:?}");
    assert!(systemic.out.contains("systemic   the batch id cannot be used"), "{systemic:?}");
}

#[test]
fn a_kafka_event_is_invoked_like_any_other_and_is_exit_code_3_if_it_is_not_done() {
    let laptop = Laptop::new();
    let event = concat!(env!("CARGO_MANIFEST_DIR"), "/../events/kafka.json");
    let summary = laptop.invoke(&[event]);
    assert_eq!((&summary["records"], &summary["items_after"], &summary["letters"]), (&json!(7), &json!(6), &json!({"bad_json": 1})));
    let unfinished = laptop.run(&["invoke", event, "--json", "--set", "MAX_EVENT_BYTES=1"]);
    assert_eq!(unfinished.exit, 3, "{unfinished:?}");
    let summary: serde_json::Value = serde_json::from_str(&unfinished.out).unwrap();
    assert_eq!(summary["checkpoint"], "curated-0:16");
    assert!(summary["response"]["errorMessage"].as_str().unwrap().contains("offset 16 of curated-0"), "{summary}");
}

#[test]
fn the_next_command_is_told_about_a_queue_that_was_chosen() {
    let laptop = Laptop::new();
    laptop.invoke(&["--generate", "1"]);
    let said = laptop.run(&["invoke", "--generate", "1", "--set", "DLQ_URL=http://127.0.0.1:1/000000000000/other"]);
    assert!(said.out.contains("tablefeed letters --queue http://127.0.0.1:1/000000000000/other\n"), "{said:?}");
}
