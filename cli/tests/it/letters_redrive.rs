//! `letters redrive`: what was put right goes to the table, what was not stays in the queue, and nothing is in neither.

use serde_json::{Value, json};

use crate::laptop::{Laptop, Said};
use crate::shared::Shared;

/// Wants a field that no document has.
const BROKEN: &str = r#"MAPPING={"key":{"partition":"id"},"types":{"id":"S"},"item":{"id":"{@id}","n":"{n}","x":"{nowhere}"}}"#;
/// Wants a field that most documents have.
pub const PUT_RIGHT: &str = r#"MAPPING={"key":{"partition":"id"},"types":{"id":"S"},"item":{"id":"{@id}","n":"{n}","x":"{ok}"}}"#;

/// A laptop with letters of documents 0 to `count`, every fourth of which has no field `ok`.
pub fn letters(laptop: &Laptop, count: u64) {
    let documents: Vec<Value> = (0..count).map(|n| if n % 4 == 3 { json!({ "n": n }) } else { json!({ "n": n, "ok": true }) }).collect();
    laptop.event("event.json", &documents);
    let summary = laptop.invoke(&["event.json", "--set", BROKEN]);
    assert_eq!(summary["letters"]["missing_field"], count);
}

/// `letters redrive --json`, with this exit code.
pub fn redrive(laptop: &Laptop, arguments: &[&str], exit: i32) -> Value {
    let said = laptop.run(&[&["letters", "redrive", "--json"], arguments].concat());
    assert_eq!(said.exit, exit, "{said:?}");
    serde_json::from_str(&said.out).unwrap()
}

pub fn numbers(laptop: &Laptop) -> Vec<u64> {
    let mut numbers: Vec<u64> = laptop.json(&["items", "Items", "--json"]).iter().map(|item| item["n"].as_u64().unwrap()).collect();
    numbers.sort_unstable();
    numbers
}

#[test]
fn what_was_put_right_is_in_the_table_and_the_rest_in_the_queue_with_a_raised_count() {
    let laptop = Laptop::new();
    letters(&laptop, 40);
    let ids = |letters: &[Value]| letters.iter().map(|letter| letter["id"].as_str().unwrap().to_owned()).collect::<Vec<_>>();
    let before = laptop.json(&["letters", "--json"]);
    let account = redrive(&laptop, &["--set", PUT_RIGHT], 3);
    assert_eq!(
        (&account["done"], &account["failed_again"], &account["left"], &account["deleted"]),
        (&json!(30), &json!(10), &json!(10), &json!(40))
    );
    assert_eq!(account["reasons"]["missing_field"]["done"], 30);
    assert_eq!(numbers(&laptop), (0..40).filter(|n| n % 4 != 3).collect::<Vec<_>>());
    let after = laptop.json(&["letters", "--json"]);
    assert!(after.iter().all(|letter| letter["count"] == 1 && letter["redrives"] == 1), "{after:?}");
    assert!(after.len() == 10 && ids(&after).iter().all(|id| ids(&before).contains(id)));

    let account = redrive(&laptop, &["--set", &PUT_RIGHT.replace("{ok}", "{ok?}")], 0);
    assert_eq!((&account["done"], &account["left"]), (&json!(10), &json!(0)));
    assert_eq!(numbers(&laptop).len(), 40);
    assert!(laptop.json(&["letters", "--json"]).is_empty());
}

#[test]
fn a_dry_run_says_what_would_happen_and_changes_nothing() {
    let laptop = Laptop::new();
    letters(&laptop, 8);
    let account = redrive(&laptop, &["--set", PUT_RIGHT, "--dry-run"], 3);
    assert_eq!(
        (&account["done"], &account["failed_again"], &account["deleted"], &account["dry_run"]),
        (&json!(6), &json!(2), &json!(0), &json!(true))
    );
    assert!(numbers(&laptop).is_empty());
    // Not even a table is created for it.
    redrive(&laptop, &["--set", PUT_RIGHT, "--dry-run", "--set", "TABLE=Another"], 3);
    assert_eq!(laptop.run(&["items", "Another"]).exit, 2);
    let letters = laptop.json(&["letters", "--json"]);
    assert!(letters.len() == 8 && letters.iter().all(|letter| letter["count"] == 1));
    // A function that is told to persist nothing does not make letters vanish either.
    redrive(&laptop, &["--set", PUT_RIGHT, "--set", "PERSIST_RECORDS=0"], 3);
    assert_eq!(laptop.json(&["letters", "--json"]).len(), 8);
}

#[test]
fn only_selected_letters_are_redriven_and_only_as_many_as_allowed() {
    let laptop = Laptop::new();
    letters(&laptop, 30);
    laptop.file("poison.json", &std::fs::read_to_string(laptop.path().join("event.json")).unwrap().replace("eyJu", "e3Ju"));
    laptop.invoke(&["poison.json", "--set", BROKEN]);
    let right = ["--set", &PUT_RIGHT.replace("{ok}", "{ok?}")];
    let none = redrive(&laptop, &[&right[..], &["--older-than", "1h"]].concat(), 0);
    assert_eq!(none["messages"], 0);
    let some = redrive(&laptop, &[&right[..], &["--reason", "missing_field", "--limit", "12"]].concat(), 3);
    assert_eq!((&some["messages"], &some["deleted"], &some["end"]), (&json!(12), &json!(12), &json!("limit")));
    assert_eq!(numbers(&laptop).len(), 12);
    let rest = redrive(&laptop, &[&right[..], &["--reason", "missing_field", "--limit", "18"]].concat(), 0);
    assert_eq!((&rest["messages"], &rest["end"]), (&json!(18), &json!("finished")));
    let left = laptop.json(&["letters", "--json"]);
    assert!(left.len() == 30 && left.iter().all(|letter| letter["reason"] == "bad_json"), "{left:?}");
}

#[test]
fn a_rate_is_kept() {
    let laptop = Laptop::new();
    letters(&laptop, 6);
    let begin = std::time::Instant::now();
    redrive(&laptop, &["--set", PUT_RIGHT, "--rate", "4"], 3);
    assert!(begin.elapsed().as_millis() >= 1500, "{:?}", begin.elapsed());
}

/// A letter of a document with a key of its own choice, and something else under that key in the table.
fn conflict(laptop: &Laptop) {
    laptop.event("first.json", &[json!({ "id": "a", "v": 1 })]);
    laptop.invoke(&[
        "first.json",
        "--set",
        r#"MAPPING={"key":{"partition":"id"},"types":{"id":"S"},"item":{"id":"{id}","v":"{v}","x":"{nowhere}"}}"#,
    ]);
    laptop.event("second.json", &[json!({ "id": "a", "v": 2 })]);
    laptop.invoke(&["second.json", "--set", CHOSEN]);
}

const CHOSEN: &str = r#"MAPPING={"key":{"partition":"id"},"types":{"id":"S"},"item":{"id":"{id}","v":"{v}"}}"#;

fn value(laptop: &Laptop) -> Value {
    laptop.json(&["items", "Items", "--json"]).remove(0)["v"].clone()
}

#[test]
fn a_conflict_stays_is_discarded_or_written_over_as_one_says() {
    let laptop = Laptop::new();
    conflict(&laptop);
    let stays = redrive(&laptop, &["--set", CHOSEN], 3);
    assert_eq!((&stays["conflicts"], &stays["deleted"], value(&laptop)), (&json!(1), &json!(0), json!(2)));
    assert_eq!(laptop.json(&["letters", "--json"]).len(), 1);
    let discarded = redrive(&laptop, &["--set", CHOSEN, "--discard"], 0);
    assert_eq!((&discarded["discarded"], &discarded["deleted"], value(&laptop)), (&json!(1), &json!(1), json!(2)));

    let laptop = Laptop::new();
    conflict(&laptop);
    let written = redrive(&laptop, &["--set", CHOSEN, "--overwrite"], 0);
    assert_eq!((&written["done"], value(&laptop)), (&json!(1), json!(1)));
    let both: Said = laptop.run(&["letters", "redrive", "--overwrite", "--discard"]);
    assert_eq!(both.exit, 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_no_letter_stays_and_is_reported() {
    let shared = Shared::new().await;
    letters(&shared.laptop, 2);
    for body in ["personal", "{}", r#"{"id":"x"}"#] {
        shared.send(body).await;
    }
    let said = shared.laptop.run(&["letters", "redrive", "--set", PUT_RIGHT]);
    assert!(said.exit == 3 && said.out.contains("no letter") && !said.out.contains("personal"), "{said:?}");
    let account = redrive(&shared.laptop, &["--set", PUT_RIGHT], 3);
    assert_eq!((&account["not_letters"], &account["left"], &account["deleted"]), (&json!(3), &json!(3), &json!(0)));
    assert_eq!(shared.receive(0).await.len(), 3);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_export_beside_a_redrive_has_no_letter_twice() {
    let shared = Shared::new().await;
    letters(&shared.laptop, 200);
    let mut redrive = shared.laptop.command(&["letters", "redrive", "--set", PUT_RIGHT, "--json"]);
    let mut redrive = redrive.stdout(std::process::Stdio::null()).stderr(std::process::Stdio::null()).spawn().unwrap();
    let mut exports = Vec::new();
    while redrive.try_wait().unwrap().is_none() {
        exports.push(shared.laptop.run(&["letters", "export", "-"]));
    }
    for said in exports {
        assert!([0, 3].contains(&said.exit), "{said:?}");
        let mut seen: Vec<(Value, Value)> = said
            .out
            .lines()
            .map(|line| serde_json::from_str::<Value>(line).unwrap())
            .map(|letter| (letter["id"].clone(), letter["redrives"].clone()))
            .collect();
        let count = seen.len();
        seen.sort_by_key(|letter| format!("{letter:?}"));
        seen.dedup();
        assert_eq!(seen.len(), count);
    }
    assert_eq!(redrive.wait().unwrap().code(), Some(3));
    assert_eq!((numbers(&shared.laptop).len(), shared.laptop.json(&["letters", "--json"]).len()), (150, 50));
}

#[test]
fn an_export_is_redriven_from_its_file() {
    let laptop = Laptop::new();
    letters(&laptop, 8);
    laptop.run(&["letters", "export", "letters.ndjson"]);
    laptop.run(&["letters", "purge", "--yes"]);
    let account = redrive(&laptop, &["--from", "letters.ndjson", "--set", PUT_RIGHT], 3);
    assert_eq!((&account["done"], &account["failed_again"], &account["deleted"]), (&json!(6), &json!(2), &json!(0)));
    assert_eq!((numbers(&laptop).len(), laptop.json(&["letters", "--json"]).len()), (6, 2));
    let aged = laptop.run(&["letters", "redrive", "--from", "letters.ndjson", "--older-than", "1h"]);
    assert!(aged.exit == 2 && aged.err.contains("have no age"), "{aged:?}");
    let missing = laptop.run(&["letters", "redrive", "--from", "nowhere.ndjson"]);
    assert!(missing.exit == 2 && missing.err.contains("nowhere.ndjson"), "{missing:?}");
}
