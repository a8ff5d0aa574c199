//! `run`: a file is fed like a stream, once by identity, whatever ends a run and however often.

use std::collections::BTreeSet;
use std::fs::OpenOptions;
use std::io::{BufRead as _, BufReader, Write as _};
use std::ops::Range;
use std::process::{Command, Stdio};

use serde_json::{Value, json};

use crate::laptop::{Laptop, Said};

/// Items under ids that come from their place in the file; the batch id is a key of an index, so that not every text can be one.
const MAPPING: [&str; 2] =
    ["--set", r#"MAPPING={"key":{"partition":"id"},"types":{"id":"S","batch":"S"},"item":{"id":"{@id}","batch":"{@batch}","n":"{n}"}}"#];

impl Laptop {
    fn feed(&self, arguments: &[&str]) -> Said {
        self.run(&[&["run", "data.ndjson"], &MAPPING[..], arguments].concat())
    }

    /// `run … --json`, with this exit code: the summary.
    fn fed(&self, arguments: &[&str], exit: i32) -> Value {
        let said = self.feed(&[&["--json"], arguments].concat());
        assert_eq!(said.exit, exit, "{said:?}");
        serde_json::from_str(&said.out).unwrap()
    }

    fn append(&self, text: &str) {
        OpenOptions::new().append(true).open(self.path().join("data.ndjson")).unwrap().write_all(text.as_bytes()).unwrap();
    }

    fn state(&self, file: &str) -> String {
        std::fs::read_to_string(self.path().join(".tablefeed/run").join(file)).unwrap()
    }

    /// The attribute `n` of every item.
    fn numbers(&self) -> Vec<u64> {
        let items = self.json(&["items", "Items", "--json"]);
        let ids: BTreeSet<&str> = items.iter().map(|item| item["id"].as_str().unwrap()).collect();
        assert_eq!(ids.len(), items.len());
        let mut numbers: Vec<u64> = items.iter().map(|item| item["n"].as_u64().unwrap()).collect();
        numbers.sort_unstable();
        numbers
    }
}

fn good(numbers: Range<u64>) -> String {
    let lines: Vec<String> = numbers.map(|n| format!("{{\"n\":{n}}}\n")).collect();
    lines.concat()
}

#[test]
fn every_line_ends_in_the_table_or_in_the_queue_under_its_offset() {
    let laptop = Laptop::new();
    laptop.file("data.ndjson", "{\"n\":0}\n\n{broken\n{\"n\":1}");
    let summary = laptop.fed(&["--batch-size", "2", "--batch-id", "batch-7"], 0);
    let expected = json!({
        "end": "finished", "lines": 3, "records": 3, "documents": 3, "discarded": 0, "invocations": 2, "retries": 0,
        "outcomes": {"persisted": 2, "superseded": 0, "filtered": 0, "skipped": 0, "over_limit": 0, "rejected": 1, "failed": 0, "retry": 0},
        "letters": {"bad_json": 1}, "seconds": summary["seconds"], "checkpoint": 24, "size": 24,
        "batch_id": "batch-7", "systemic_failure": null, "queue_refusal": null,
    });
    assert_eq!(summary, expected);
    assert_eq!(laptop.numbers(), [0, 1]);
    let letter = &laptop.json(&["letters", "--json"])[0];
    assert_eq!(letter["source"], "arn:aws:kinesis:us-east-1:000000000000:stream/data.ndjson");
    assert_eq!((&letter["shard"], &letter["sequence"]), (&json!("shardId-000000000000"), &json!("100000000000000000009")));
    assert_eq!(letter["partition_key"], "9");
}

#[test]
fn a_second_run_goes_on_at_the_end_of_the_first() {
    let laptop = Laptop::new();
    laptop.file("data.ndjson", &good(0..5));
    laptop.fed(&[], 0);
    let said = laptop.feed(&[]);
    assert!(said.exit == 0 && said.out.starts_with("data.ndjson: nothing new; --from-start feeds it again"), "{said:?}");
    laptop.append(&good(5..8));
    laptop.append("{\"n\":8");
    let grown = laptop.fed(&[], 0);
    assert_eq!((&grown["lines"], &grown["letters"]), (&json!(4), &json!({"bad_json": 1})));
    laptop.append("0}\n");
    let ended = laptop.fed(&[], 0);
    assert_eq!((&ended["lines"], &ended["letters"]), (&json!(1), &json!({})), "a last line that has grown is fed again, whole");
    assert_eq!(laptop.numbers(), [0, 1, 2, 3, 4, 5, 6, 7, 80]);
}

#[test]
fn from_the_start_the_same_items_are_written_again() {
    let laptop = Laptop::new();
    laptop.file("data.ndjson", &good(0..5));
    laptop.fed(&[], 0);
    let items = laptop.json(&["items", "Items", "--json"]);
    let again = laptop.fed(&["--from-start"], 0);
    assert_eq!((&again["lines"], &again["outcomes"]["persisted"]), (&json!(5), &json!(5)));
    assert_eq!(laptop.json(&["items", "Items", "--json"]), items);
    laptop.fed(&["--source", "another"], 0);
    assert_eq!(laptop.json(&["items", "Items", "--json"]).len(), 10, "another source is another identity");
}

#[test]
fn lines_of_one_key_stay_in_order_in_several_lanes() {
    let laptop = Laptop::new();
    let lines: Vec<String> = (0..200).map(|n| format!("{{\"key\":\"k{}\",\"n\":{n}}}", n % 10)).collect();
    laptop.file("data.ndjson", &lines.join("\n"));
    let mapping = json!({"key": {"partition": "key"}, "types": {"key": "S"}, "rest": "keep"}).to_string();
    let set = format!("MAPPING={mapping}");
    let options = ["--json", "--partition-key", "key", "--parallelization", "4", "--batch-size", "3", "--set", &set];
    let summary = laptop.json(&[&["run", "data.ndjson"], &options[..]].concat()).remove(0);
    assert_eq!(summary["lines"], 200);
    let items = laptop.json(&["items", "Items", "--json"]);
    let numbers: BTreeSet<u64> = items.iter().map(|item| item["n"].as_u64().unwrap()).collect();
    assert_eq!(numbers, (190..200).collect());
}

/// A batch id that cannot be written: nobody's record is at fault, and nothing is completed.
fn unusable() -> String {
    "x".repeat(3000)
}

#[test]
fn what_fails_is_delivered_again_until_the_run_gives_up_and_the_cause_is_told_once() {
    let laptop = Laptop::new();
    laptop.file("data.ndjson", &good(0..5));
    let said = laptop.feed(&["--json", "--batch-id", &unusable(), "--give-up-after", "2"]);
    assert_eq!(said.exit, 3, "{said:?}");
    let summary: Value = serde_json::from_str(&said.out).unwrap();
    assert_eq!((&summary["end"], &summary["checkpoint"], &summary["lines"]), (&json!("gave_up"), &json!(0), &json!(0)));
    assert!(summary["retries"].as_u64().unwrap() >= 1, "{summary}");
    assert_eq!(said.err.matches("the batch id cannot be used").count(), 1, "{said:?}");
    assert_eq!(laptop.fed(&["--batch-id", "b"], 0)["lines"], 5);
}

#[test]
fn a_signal_ends_a_run_and_meanwhile_another_is_kept_out() {
    let laptop = Laptop::new();
    laptop.file("data.ndjson", &good(0..5));
    let batch_id = unusable();
    let arguments = [&["run", "data.ndjson", "--json", "--batch-id", &batch_id], &MAPPING[..]].concat();
    let mut process = laptop.command(&arguments).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let mut line = String::new();
    BufReader::new(process.stderr.take().unwrap()).read_line(&mut line).unwrap();
    assert!(line.starts_with("retrying: the batch id cannot be used"), "{line}");
    let second = laptop.feed(&[]);
    assert!(second.exit == 1 && second.err.contains("another `tablefeed run` feeds data.ndjson"), "{second:?}");
    assert!(Command::new("kill").arg(process.id().to_string()).status().unwrap().success());
    let ended = process.wait_with_output().unwrap();
    let summary: Value = serde_json::from_slice(&ended.stdout).unwrap();
    assert_eq!((ended.status.code(), &summary["end"]), (Some(3), &json!("stopped")));
}

#[test]
fn what_is_given_up_is_kept_before_the_checkpoint_passes_it() {
    let laptop = Laptop::new();
    laptop.file("data.ndjson", &good(0..5));
    let batch_id = unusable();
    let tried = laptop.fed(&["--batch-size", "2", "--batch-id", &batch_id, "--max-retry-attempts", "0", "--give-up-after", "60"], 3);
    assert_eq!((&tried["end"], &tried["discarded"], &tried["checkpoint"]), (&json!("finished"), &json!(5), &tried["size"]));
    let kept = laptop.state("data.ndjson.discarded.ndjson");
    let kept: Vec<Value> = kept.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let conditions: Vec<&Value> = kept.iter().map(|kept| &kept["requestContext"]["condition"]).collect();
    assert_eq!(conditions, ["RetryAttemptsExhausted"; 3]);
    let event: Value = serde_json::from_str(kept[2]["payload"].as_str().unwrap()).unwrap();
    assert_eq!(event["Records"][0]["kinesis"]["sequenceNumber"], "100000000000000000032");
    assert_eq!(laptop.fed(&[], 0)["lines"], 0);
}

#[test]
fn records_grow_old_from_when_they_were_first_seen() {
    let laptop = Laptop::new();
    laptop.file("data.ndjson", &good(0..5));
    laptop.fed(&["--batch-id", &unusable(), "--give-up-after", "1"], 3);
    let mut state: Value = serde_json::from_str(&laptop.state("data.ndjson.json")).unwrap();
    let seen = state["arrivals"][0]["at"].as_u64().unwrap();
    state["arrivals"][0]["at"] = (seen - 61_000).into();
    laptop.file(".tablefeed/run/data.ndjson.json", &state.to_string());
    laptop.append(&good(5..6));
    let summary = laptop.fed(&["--batch-id", "b", "--max-record-age", "60"], 3);
    assert_eq!((&summary["discarded"], &summary["outcomes"]["persisted"]), (&json!(5), &json!(1)));
    assert!(laptop.state("data.ndjson.discarded.ndjson").contains("RecordAgeExceeded"));
}

#[test]
fn a_dry_run_moves_no_checkpoint() {
    let laptop = Laptop::new();
    laptop.file("data.ndjson", &good(0..5));
    assert_eq!(laptop.fed(&["--set", "PERSIST_RECORDS=0"], 0)["outcomes"]["skipped"], 5);
    assert_eq!(laptop.fed(&[], 0)["outcomes"]["persisted"], 5);
}

#[test]
fn a_run_ends_in_front_of_a_line_that_no_record_can_hold() {
    let laptop = Laptop::new();
    laptop.file("data.ndjson", &format!("{}{}\n{}", good(0..1), "x".repeat(10 * 1024 * 1024 + 1), good(1..2)));
    let said = laptop.feed(&[]);
    assert!(said.exit == 3 && said.out.contains("take the line at byte 8 out"), "{said:?}");
    assert_eq!(laptop.numbers(), [0]);
}

#[test]
fn a_file_or_checkpoint_that_cannot_be_used_is_refused() {
    let laptop = Laptop::new();
    let refused = |arguments: &[&str], text: &str| {
        let said = laptop.run(&[&["run"], arguments, &MAPPING[..]].concat());
        assert!(said.exit == 2 && said.out.is_empty() && said.err.contains(text), "{text:?} in {said:?}");
    };
    refused(&["none.ndjson"], "cannot read none.ndjson: No such file");
    refused(&["."], "cannot read .: it is a directory");
    refused(&["/dev/null"], "it is no regular file");
    refused(&["x", "--source", "a/b"], "--source is \"a/b\"");
    refused(&["x", "--batch-size", "0"], "--batch-size");
    refused(&["x", "--aws", "--batch-id", "b"], "aws ssm put-parameter");
    assert!(!laptop.path().join(".tablefeed").exists());
    laptop.file("data.ndjson", &good(0..5));
    laptop.fed(&[], 0);
    refused(&["data.ndjson", "--endpoint-url", "http://127.0.0.1:1"], "was fed into the table Items of the embedded AWS");
    refused(&["data.ndjson", "--set", "TABLE=Other"], "not into the table Other");
    laptop.file("data.ndjson", &good(1..7));
    refused(&["data.ndjson"], "the checkpoint of data.ndjson is of another file");
    laptop.file("data.ndjson", &good(0..4));
    refused(&["data.ndjson"], "had 40 bytes and has 32 now; only a file that grows can go on; --from-start");
    laptop.file(".tablefeed/run/data.ndjson.json", "{\"version\":");
    refused(&["data.ndjson"], "is broken");
    assert_eq!(laptop.fed(&["--from-start"], 0)["lines"], 4);
}

#[test]
fn people_see_the_same_as_a_table() {
    let laptop = Laptop::new();
    laptop.file("data.ndjson", &good(0..5));
    let said = laptop.feed(&["--dir", "state"]);
    let lines = ["data.ndjson: 5 lines", "persisted   5", "invocations 1", "checkpoint  byte 40 of 40"];
    for line in [&lines[..], &["see        tablefeed items Items --dir state"]].concat() {
        assert!(said.out.lines().any(|found| found == line), "{line:?} in {}", said.out);
    }
}
