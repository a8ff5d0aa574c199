//! `letters`: what waits in the queue, as often as one likes to look.

use crate::laptop::Laptop;

const POISON: [&str; 4] = ["--generate", "30", "--poison", "12"];

#[test]
fn looking_takes_nothing_away() {
    let laptop = Laptop::new();
    laptop.invoke(&POISON);
    let first = laptop.run(&["letters"]);
    assert_eq!(first.exit, 0, "{first:?}");
    assert!(first.out.ends_with("12 letters in 12 messages\n"), "{first:?}");
    assert_eq!(laptop.run(&["letters"]).out, first.out);
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
    let said = laptop.run(&["letters", id]);
    let (shown, data) = said.out.split_once("\n\ndata:\n").unwrap();
    assert_eq!(serde_json::from_str::<serde_json::Value>(shown).unwrap()["id"], id);
    let document: serde_json::Value = serde_json::from_str(data).unwrap();
    assert!(document["s3-key"].as_str().unwrap().starts_with("waze/") && document.get("table-name").is_none(), "{document}");
    assert_eq!(laptop.json(&["letters", id, "--json"]), std::slice::from_ref(letter));
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
