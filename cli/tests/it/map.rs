//! `tablefeed map`: what documents become, shown and not written.

use serde_json::json;

use crate::laptop::Laptop;

const MAPPING: &str = r#"{"where": {"kind": ["a"]}, "key": {"partition": "id"}, "types": {"id": "S"}, "item": {"id": "{id}", "n": "{n}", "b": "{@batch}"},
                         "delete": {"gone": [true]}}"#;

#[test]
fn each_document_is_shown_as_what_it_becomes() {
    let laptop = Laptop::new();
    let file = laptop.path().join("data.ndjson");
    let lines = [
        "{\"kind\":\"a\",\"id\":\"x\",\"n\":1.50}",
        "{\"kind\":\"b\"}",
        "",
        "{\"kind\":\"a\",\"id\":7,\"n\":1}",
        "[{\"kind\":\"a\",\"id\":\"y\",\"gone\":true},{\"kind\":\"a\"}]",
        "{broken",
    ];
    std::fs::write(&file, lines.join("\n")).unwrap();
    let arguments = ["map", file.to_str().unwrap(), "--mapping", MAPPING, "--batch-id", "b-7"];
    let shown = laptop.json(&[&arguments[..], &["--json"]].concat());
    let became: Vec<(u64, u64, &str)> = shown
        .iter()
        .map(|line| (line["record"].as_u64().unwrap(), line["sub_sequence"].as_u64().unwrap(), line["becomes"].as_str().unwrap()))
        .collect();
    assert_eq!(
        became,
        [(0, 0, "item"), (1, 0, "filtered"), (2, 0, "rejected"), (3, 0, "deletion"), (3, 1, "rejected"), (4, 0, "rejected")]
    );
    assert_eq!(shown[0]["item"], json!({"id": {"S": "x"}, "n": {"N": "1.50"}, "b": {"S": "b-7"}}));
    assert_eq!((&shown[0]["bytes"], &shown[0]["write_units"]), (&json!(11), &json!(1)));
    assert_eq!((&shown[2]["reason"], &shown[4]["error"]), (&json!("wrong_key_type"), &json!("attribute `id`: field `id` is absent")));
    let text = laptop.run(&arguments);
    assert!(text.out.ends_with("documents 6: 2 made an item or a deletion, 1 filtered, 3 rejected; write units 2\n"), "{}", text.out);
    assert!(!laptop.path().join(".tablefeed").exists(), "nothing is set up");
}

#[test]
fn an_event_is_taken_as_it_is() {
    let laptop = Laptop::new();
    let event = concat!(env!("CARGO_MANIFEST_DIR"), "/../events/mixed.json");
    let shown = laptop.json(&["map", event, "--json"]);
    let invoked = laptop.invoke(&[event]);
    assert_eq!(shown.len() as u64, invoked["documents"].as_u64().unwrap());
    let items = shown.iter().filter(|line| line["becomes"] == "item").count() as u64;
    assert_eq!(items, invoked["outcomes"]["persisted"].as_u64().unwrap() + invoked["outcomes"]["superseded"].as_u64().unwrap());
}

#[test]
fn what_cannot_be_shown_is_bad_input() {
    let laptop = Laptop::new();
    assert_eq!(laptop.run(&["map", "no-such-file"]).exit, 2);
    let said = laptop.run(&["map", "no-such-file", "--mapping", "{\"key\":{}}"]);
    assert_eq!(said.exit, 2);
    assert!(said.err.contains("needs `partition`"), "{}", said.err);
}
