//! Given a seed, `--generate` makes the same event, with exactly the poison asked for.

use serde_json::json;

use crate::laptop::Laptop;

fn generated(laptop: &Laptop, name: &str, seed: &str) -> Vec<u8> {
    let said = laptop.run(&["invoke", "--generate", "200", "--poison", "20", "--seed", seed, "--out", name]);
    assert_eq!(said.exit, 0, "{said:?}");
    assert!(said.out.starts_with(&format!("{name}: 200 generated records, 20 poison, seed {seed}, ")), "{said:?}");
    std::fs::read(laptop.path().join(name)).unwrap()
}

#[test]
fn the_same_seed_makes_the_same_bytes() {
    let laptop = Laptop::new();
    assert_eq!(generated(&laptop, "a", "1"), generated(&laptop, "b", "1"));
    assert_ne!(generated(&laptop, "a", "1"), generated(&laptop, "c", "2"));
    assert!(!laptop.path().join(".tablefeed").exists(), "--out needs no AWS");
}

#[test]
fn a_saved_event_does_what_the_generated_one_does() {
    let laptop = Laptop::new();
    generated(&laptop, "event.json", "3");
    let saved = laptop.invoke(&["event.json"]);
    let again = laptop.invoke(&["--generate", "200", "--poison", "20", "--seed", "3"]);
    assert_eq!((&saved["outcomes"], &saved["letters"]), (&again["outcomes"], &again["letters"]));
    assert_eq!((&again["items_before"], &again["items_after"]), (&json!(180), &json!(180)));
}

#[test]
fn every_poison_becomes_exactly_one_letter() {
    let laptop = Laptop::new();
    let summary = laptop.invoke(&["--generate", "21", "--poison", "21", "--seed", "5"]);
    let reasons = ["bad_base64", "bad_json", "empty_key", "missing_field", "not_an_object", "number_out_of_range", "wrong_key_type"];
    assert_eq!(summary["letters"], json!(reasons.map(|reason| (reason, 3)).into_iter().collect::<std::collections::BTreeMap<_, _>>()));
    assert_eq!((&summary["documents"], &summary["outcomes"]["rejected"]), (&json!(21), &json!(21)));
    assert_eq!(laptop.json(&["letters", "--json"]).len(), 21);
}

#[test]
fn six_thousand_records_take_as_few_calls_as_there_can_be() {
    let laptop = Laptop::new();
    let summary = laptop.invoke(&["--generate", "6000", "--poison", "60", "--timeout", "600"]);
    assert_eq!((&summary["outcomes"]["persisted"], &summary["outcomes"]["rejected"]), (&json!(5940), &json!(60)));
    assert_eq!((&summary["items_before"], &summary["items_after"]), (&json!(0), &json!(5940)));
    assert_eq!(summary["calls"], json!({"GetParameter": 1, "BatchWriteItem": 238, "SendMessageBatch": 6}));
    assert_eq!(summary["response"], json!({"batchItemFailures": []}));
}

#[test]
fn six_thousand_records_take_exactly_the_calls_that_they_must() {
    let laptop = Laptop::new();
    let summary = laptop.invoke(&["--generate", "6000", "--poison", "60", "--seed", "7"]);
    assert_eq!((&summary["records"], &summary["items_after"]), (&json!(6000), &json!(5940)));
    assert_eq!((&summary["outcomes"]["persisted"], &summary["outcomes"]["rejected"]), (&json!(5940), &json!(60)));
    assert_eq!(summary["calls"], json!({"GetParameter": 1, "BatchWriteItem": 238, "SendMessageBatch": 6}));
    assert_eq!(summary["response"], json!({"batchItemFailures": []}));
}
