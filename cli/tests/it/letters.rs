//! `letters`: what waits in the queue, as often as one likes to look; a copy of it; and what is deleted on purpose.

use serde_json::{Value, json};
use tablefeed_local::Service;

use crate::laptop::Laptop;
use crate::shared::Shared;

const POISON: [&str; 4] = ["--generate", "30", "--poison", "12"];

fn of_reason(letters: &[Value], reason: &str) -> usize {
    letters.iter().filter(|letter| letter["reason"] == reason).count()
}

#[test]
fn looking_takes_nothing_away() {
    let laptop = Laptop::new();
    laptop.invoke(&POISON);
    let first = laptop.run(&["letters"]);
    assert_eq!(first.exit, 0, "{first:?}");
    assert!(first.out.ends_with("12 letters in 12 messages\n"), "{first:?}");
    assert_eq!(laptop.run(&["letters", "list"]).out, first.out);
}

#[test]
fn repeats_are_one_letter_in_the_order_of_the_stream() {
    let laptop = Laptop::new();
    laptop.invoke(&POISON);
    laptop.invoke(&POISON);
    let letters = laptop.json(&["letters", "--json"]);
    assert!(letters.len() == 12 && letters.iter().all(|letter| letter["count"] == 2), "{letters:?}");
    let sequences: Vec<&str> = letters.iter().map(|letter| letter["sequence"].as_str().unwrap()).collect();
    assert!(sequences.is_sorted());
    assert!(laptop.run(&["letters"]).out.ends_with("12 letters in 24 messages\n"));
}

#[test]
fn one_letter_whole_with_its_data() {
    let laptop = Laptop::new();
    laptop.invoke(&POISON);
    let letters = laptop.json(&["letters", "--json"]);
    let letter = letters.iter().find(|letter| letter["reason"] == "missing_field").unwrap();
    let id = letter["id"].as_str().unwrap();
    let said = laptop.run(&["letters", "show", id]);
    let (shown, data) = said.out.split_once("\n\ndata:\n").unwrap();
    assert_eq!(serde_json::from_str::<Value>(shown).unwrap()["id"], id);
    let document: Value = serde_json::from_str(data).unwrap();
    assert!(document["s3-key"].as_str().unwrap().starts_with("waze/") && document.get("table-name").is_none(), "{document}");
    assert_eq!(laptop.run(&["letters", id]).out, said.out);
    assert_eq!(laptop.json(&["letters", id, "--json"]), std::slice::from_ref(letter));
}

#[test]
fn letters_are_selected_by_reason_and_by_age() {
    let laptop = Laptop::new();
    laptop.invoke(&POISON);
    let all = laptop.json(&["letters", "list", "--json"]);
    let count = |arguments: &[&str]| laptop.json(&[&["letters", "list", "--json"], arguments].concat()).len();
    let (json, missing) = (of_reason(&all, "bad_json"), of_reason(&all, "missing_field"));
    assert!(json > 0 && missing > 0);
    assert_eq!(count(&["--reason", "bad_json"]), json);
    assert_eq!(count(&["--reason", "bad_json", "--reason", "missing_field"]), json + missing);
    assert_eq!((count(&["--newer-than", "1h"]), count(&["--older-than", "1h"]), count(&["--older-than", "0s"])), (12, 0, 12));
    let bad = laptop.run(&["letters", "list", "--older-than", "1x"]);
    assert!(bad.exit == 2 && bad.err.contains("such as 15m"), "{bad:?}");
}

#[test]
fn what_is_not_there_is_said() {
    let laptop = Laptop::new();
    let queue = laptop.run(&["letters"]);
    assert!(queue.exit == 2 && queue.err.contains("there is no queue tablefeed-letters"), "{queue:?}");
    laptop.invoke(&["--generate", "1"]);
    assert_eq!(laptop.run(&["letters"]).out, "0 letters in 0 messages\n");
    let letter = laptop.run(&["letters", "none"]);
    assert!(letter.exit == 2 && letter.err.contains("there is no letter none"), "{letter:?}");
}

#[test]
fn an_export_has_each_letter_whole_on_a_line() {
    let laptop = Laptop::new();
    laptop.invoke(&POISON);
    laptop.invoke(&POISON);
    let said = laptop.run(&["letters", "export", "out.ndjson"]);
    assert!(said.exit == 0 && said.out.is_empty() && said.err.contains("out.ndjson: 12 letters"), "{said:?}");
    let text = std::fs::read_to_string(laptop.path().join("out.ndjson")).unwrap();
    let mut exported: Vec<Value> = text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let mut listed = laptop.json(&["letters", "--json"]);
    for letter in listed.iter_mut().chain(&mut exported) {
        // Of several messages of a letter, either may be told.
        let members = letter.as_object_mut().unwrap();
        members.remove("request_id");
        members.remove("count");
    }
    let by_id = |letter: &Value| letter["id"].as_str().unwrap().to_owned();
    exported.sort_by_key(by_id);
    listed.sort_by_key(by_id);
    assert!(exported == listed);
    let files: Vec<_> = std::fs::read_dir(laptop.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert!(!files.iter().any(|file| file.to_string_lossy().ends_with(".new")), "{files:?}");

    let piped = laptop.run(&["letters", "export", "-", "--reason", "bad_json"]);
    assert_eq!(piped.out.lines().count(), of_reason(&exported, "bad_json"));
}

#[tokio::test(flavor = "multi_thread")]
async fn looking_hides_nothing_from_another_reader() {
    let shared = Shared::new().await;
    shared.laptop.invoke(&POISON);
    let recorder = shared.embedded.recorder();
    recorder.keep_bodies(true);
    recorder.clear();
    shared.laptop.run(&["letters", "list"]);
    shared.laptop.run(&["letters", "export", "-"]);
    let calls = recorder.calls();
    let receives: Vec<_> = calls.iter().filter(|call| call.operation == "ReceiveMessage").collect();
    assert!(receives.len() >= 4);
    for call in receives {
        let request: Value = serde_json::from_slice(&call.request).unwrap();
        assert_eq!(request["VisibilityTimeout"], 0, "{request}");
    }
    let changes = calls.iter().filter(|call| {
        call.service == Service::Sqs && !["ReceiveMessage", "GetQueueAttributes", "GetQueueUrl"].contains(&call.operation.as_str())
    });
    assert_eq!(changes.count(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn letters_that_another_reader_holds_are_counted_and_an_export_without_them_is_not_all() {
    let shared = Shared::new().await;
    shared.laptop.invoke(&POISON);
    assert_eq!(shared.receive(600).await.len(), 10);
    let listed = shared.laptop.run(&["letters"]);
    assert!(listed.exit == 0 && listed.out.ends_with("2 letters in 2 messages\n"), "{listed:?}");
    assert!(listed.err.contains("2 messages were seen, and the queue has about 10 more"), "{listed:?}");
    assert_eq!(shared.laptop.run(&["letters", "export", "-"]).exit, 3);
    assert_eq!(shared.laptop.run(&["letters", "purge", "--yes"]).exit, 3);
}

#[test]
fn a_purge_deletes_only_what_is_selected_and_only_when_it_is_meant() {
    let laptop = Laptop::new();
    laptop.invoke(&POISON);
    laptop.invoke(&POISON);
    let broken = of_reason(&laptop.json(&["letters", "--json"]), "bad_json");
    let refused = laptop.run(&["letters", "purge", "--reason", "bad_json"]);
    assert!(refused.exit == 2 && refused.err.contains(&format!("{} messages would be deleted", 2 * broken)), "{refused:?}");
    assert_eq!(laptop.json(&["letters", "--json"]).len(), 12);
    assert_eq!(laptop.run(&["letters", "purge", "--yes", "--older-than", "1h"]).out, "0 messages deleted\n");
    let purged = laptop.run(&["letters", "purge", "--reason", "bad_json", "--yes"]);
    assert_eq!((purged.exit, purged.out), (0, format!("{} messages deleted\n", 2 * broken)));
    let left = laptop.json(&["letters", "--json"]);
    assert!(left.len() == 12 - broken && left.iter().all(|letter| letter["count"] == json!(2)), "{left:?}");
}
