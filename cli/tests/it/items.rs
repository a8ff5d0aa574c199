//! `items`: a table's content, in an order that does not change.

use serde_json::json;

use crate::laptop::Laptop;

fn with_documents() -> Laptop {
    let laptop = Laptop::new();
    let documents = [
        json!({"id": "b", "n": 2, "text": "x".repeat(200)}),
        json!({"id": "a", "n": 10, "list": [1, {"k": null}], "flag": true}),
        json!({"id": "c"}),
    ];
    laptop.event("event.json", &documents);
    laptop.invoke(&["event.json", "--set", "MAPPING=document", "--set", "LATEST_BATCH_ID="]);
    laptop
}

#[test]
fn a_table_for_people() {
    let laptop = with_documents();
    let said = laptop.run(&["items", "Documents"]);
    assert_eq!(said.exit, 0, "{said:?}");
    let lines: Vec<&str> = said.out.lines().collect();
    assert_eq!(lines[0], "id  flag  list            n   text");
    assert_eq!(lines[2], r#"a   true  [1,{"k":null}]  10"#);
    assert!(lines[3].starts_with("b                         2   xxx") && lines[3].ends_with('…'), "{}", lines[3]);
    assert_eq!(lines[4..], ["c", "3 items"]);
}

#[test]
fn lines_of_json_for_programs() {
    let laptop = with_documents();
    let items = laptop.json(&["items", "Documents", "--json"]);
    assert_eq!(items.iter().map(|item| item["id"].as_str().unwrap()).collect::<Vec<_>>(), ["a", "b", "c"]);
    assert_eq!(items[0], json!({"id": "a", "n": 10, "list": [1, {"k": null}], "flag": true}));
}

#[test]
fn conditions_and_limit() {
    let laptop = with_documents();
    let found = |conditions: &[&str]| laptop.json(&[&["items", "Documents", "--json"], conditions].concat()).len();
    assert_eq!(found(&["--where", "n=10.0"]), 1);
    assert_eq!(found(&["--where", "id=a", "--where", "n=2"]), 0);
    assert_eq!(found(&["--limit", "2"]), 2);
    assert!(laptop.run(&["items", "Documents", "--limit", "1"]).out.ends_with("1 of 3 items\n"));
}

#[test]
fn a_table_is_read_to_its_last_page() {
    let laptop = Laptop::new();
    let documents: Vec<_> = (0..8).map(|index| json!({"id": index.to_string(), "text": "x".repeat(300_000)})).collect();
    laptop.event("event.json", &documents);
    let summary = laptop.invoke(&["event.json", "--set", "MAPPING=document"]);
    assert_eq!(summary["items_after"], 8, "a page holds a megabyte");
    assert_eq!(laptop.json(&["items", "Documents", "--json"]).len(), 8);
}

#[test]
fn a_missing_table_is_told_with_those_that_there_are() {
    let laptop = with_documents();
    let said = laptop.run(&["items", "Nope"]);
    assert_eq!((said.exit, said.err.as_str()), (2, "error: there is no table Nope; there is Documents\n"));
    let empty = Laptop::new().run(&["items", "Nope"]);
    assert!(empty.exit == 2 && empty.err.contains("nor any other"), "{empty:?}");
}
