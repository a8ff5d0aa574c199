//! What cannot be used is refused with its own exit code, and the error says what would be right.

use std::process::Stdio;

use crate::laptop::{Laptop, curated};

/// Runs the command and expects this exit code, these texts in the error, and no result.
fn refused(laptop: &Laptop, arguments: &[&str], exit: i32, texts: &[&str]) {
    let said = laptop.run(arguments);
    assert_eq!(said.exit, exit, "{said:?}");
    assert_eq!(said.out, "", "{said:?}");
    for text in texts {
        assert!(said.err.contains(text), "{text:?} in {}", said.err);
    }
}

fn with_event() -> Laptop {
    let laptop = Laptop::new();
    laptop.event("event.json", &[curated("one")]);
    laptop
}

#[test]
fn events() {
    let laptop = Laptop::new();
    refused(&laptop, &["invoke", "none.json"], 2, &["cannot read the event none.json", "No such file"]);
    laptop.file("broken.json", "{\"Records\":[");
    refused(&laptop, &["invoke", "broken.json"], 2, &["broken.json", "not JSON", "at byte 12"]);
    laptop.file("s3.json", r#"{"Records":[{"eventSource":"aws:s3","s3":{}}]}"#);
    refused(&laptop, &["invoke", "s3.json"], 2, &["s3.json", "expected a Kinesis or a Kafka event, but an event of aws:s3 came"]);
    laptop.file("nameless.json", r#"{"Records":[{"eventSource":"aws:kinesis","kinesis":{"data":"e30="}}]}"#);
    refused(
        &laptop,
        &["invoke", "nameless.json", "--set", "MAX_EVENT_BYTES=1", "--set", "DLQ_URL=http://127.0.0.1:1/0/none"],
        3,
        &["sequence number"],
    );
}

#[test]
fn usage() {
    let laptop = with_event();
    refused(&laptop, &["invoke"], 2, &["FILE", "--generate"]);
    refused(&laptop, &["invoke", "event.json", "--generate", "3"], 2, &["cannot be used with"]);
    refused(&laptop, &["invoke", "event.json", "--poison", "3"], 2, &["--generate"]);
    refused(&laptop, &["invoke", "--generate", "3", "--poison", "4"], 2, &["--poison 4 is more than --generate 3"]);
    refused(&laptop, &["invoke", "--generate", "10001"], 2, &["at most 10000 records"]);
    refused(&laptop, &["invoke", "--generate", "10000"], 2, &["6291456", "records fit"]);
    refused(&laptop, &["invoke", "event.json", "--aws", "--dir", "x"], 2, &["cannot be used with"]);
    refused(&laptop, &["invoke", "event.json", "--aws", "--batch-id", "b"], 2, &["aws ssm put-parameter"]);
    refused(&laptop, &["items", "T", "--where", "x"], 2, &["ATTRIBUTE=VALUE"]);
    refused(&laptop, &["nonsense"], 2, &["nonsense"]);
}

#[test]
fn settings() {
    let laptop = with_event();
    let set = |sets: &[&'static str]| {
        let sets = sets.iter().flat_map(|set| ["--set", set]);
        ["invoke", "event.json"].into_iter().chain(sets).collect::<Vec<_>>()
    };
    refused(&laptop, &set(&["PERSIST_RECORD=1"]), 2, &["PERSIST_RECORD is no setting; did you mean PERSIST_RECORDS?"]);
    refused(&laptop, &set(&["PERSIST_RECORDS"]), 2, &["NAME=VALUE"]);
    refused(&laptop, &set(&["PERSIST_RECORDS=ten"]), 2, &["PERSIST_RECORDS is \"ten\""]);
    refused(&laptop, &set(&["MAX_RETRY=0"]), 2, &["MAX_RETRY is \"0\"; it must be a whole number of attempts, at least 1"]);
    let three = ["PERSIST_RECORDS=ten", "OVER_LIMIT=no", "WRITE_CONCURRENCY=0"];
    refused(&laptop, &set(&three), 2, &["3 settings", "\n  PERSIST_RECORDS ", "\n  OVER_LIMIT ", "\n  WRITE_CONCURRENCY "]);
    refused(&laptop, &["invoke", "event.json", "--aws"], 2, &["TABLE is missing", "DLQ_URL is missing", "LATEST_BATCH_ID is missing"]);
    assert!(!laptop.path().join(".tablefeed").exists(), "settings are checked before anything is touched");
}

#[test]
fn mappings() {
    let laptop = with_event();
    let mapping = |item: &str| format!(r#"MAPPING={{"key":{{"partition":"id"}},"types":{{"id":"S"}},"item":{{"id":"{item}"}}}}"#);
    refused(&laptop, &["invoke", "event.json", "--set", &mapping("{@idd}")], 2, &["unknown placeholder", "/item/id", "`@id`"]);
    refused(&laptop, &["invoke", "event.json", "--set", "MAPPING=none.json"], 2, &["MAPPING is \"none.json\"", "curated"]);
    laptop.invoke(&["event.json"]);
    let keys = ["CuratedRecords has the key CurationRecordId (S), but the mapping writes the key id (S)", "--set TABLE="];
    refused(&laptop, &["invoke", "event.json", "--set", &mapping("{@id}"), "--set", "TABLE=CuratedRecords"], 2, &keys);
}

#[test]
fn what_is_around() {
    let laptop = with_event();
    refused(&laptop, &["invoke", "event.json", "--endpoint-url", "http://127.0.0.1:1"], 1, &["nothing answers at http://127.0.0.1:1"]);
    refused(&laptop, &["items", "T", "--endpoint-url", "localhost"], 2, &["--endpoint-url is \"localhost\""]);
    refused(&laptop, &["items", "T", "--dir", "event.json"], 1, &["event.json"]);
    refused(&laptop, &["invoke", "--generate", "1", "--out", "none/x"], 1, &["cannot write none/x"]);
}

#[test]
fn a_reader_that_goes_away_is_no_failure() {
    let laptop = Laptop::new();
    laptop.invoke(&["--generate", "2000"]);
    let mut process = laptop.command(&["items", "CuratedRecords", "--json"]).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    drop(process.stdout.take());
    let output = process.wait_with_output().unwrap();
    assert_eq!((output.status.code(), output.stderr), (Some(0), Vec::new()));
}

#[test]
fn every_command_has_an_example_and_the_exit_codes_are_told() {
    let laptop = Laptop::new();
    for command in ["invoke", "run", "items", "letters", "emulate"] {
        let said = laptop.run(&[command, "--help"]);
        assert!(said.exit == 0 && said.out.contains(&format!("Examples:\n  tablefeed {command}")), "{said:?}");
    }
    assert!(laptop.run(&["--help"]).out.contains("Exit codes:\n  0  done"));
}
