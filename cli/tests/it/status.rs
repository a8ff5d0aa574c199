//! `status`: the embedded AWS on one screen, once and again and again.

use std::io::{BufRead as _, BufReader};
use std::process::{Command, Stdio};

use serde_json::{Value, json};

use crate::laptop::Laptop;

#[test]
fn nothing_is_there_before_the_first_run() {
    let laptop = Laptop::new();
    let said = laptop.run(&["status"]);
    assert_eq!(said.exit, 0, "{said:?}");
    assert_eq!(
        said.out,
        "table     not known: there is no such table\nbatch id  not known: there is no such parameter\nletters   not known: there is no such queue\n"
    );
}

#[test]
fn runs_letters_and_batch_are_shown_and_no_letter_is_hidden() {
    let laptop = Laptop::new();
    let summary = laptop.invoke(&["--generate", "50", "--poison", "5", "--batch-id", "batch-7"]);
    for _ in 0..2 {
        let status = laptop.json(&["status", "--json"]).remove(0);
        assert_eq!(status["table"], "CuratedRecords");
        assert_eq!(status["batch"]["id"], "batch-7");
        assert_eq!(status["letters"]["waiting"], 5, "{status}");
        assert_eq!((&status["letters"]["seen"], &status["letters"]["hidden"]), (&json!(5), &json!(0)));
        assert_eq!(status["letters"]["reasons"], summary["letters"]);
        assert_eq!(status["runs"][0]["outcomes"], summary["outcomes"]);
    }
    let text = laptop.run(&["status"]).out;
    assert!(text.contains("letters   5 waiting, the oldest for "), "{text}");
    assert!(text.contains(" ago: invoke 50 generated records, 5 poison, seed 1, 50 documents\n"), "{text}");
}

#[test]
fn a_file_that_is_fed_shows_how_much_is_left() {
    let laptop = Laptop::new();
    laptop.file("data.ndjson", "{\"id\":\"1\"}\n{\"id\":\"2\"}\n");
    laptop.json(&["run", "data.ndjson", "--set", "MAPPING=document", "--json"]);
    let status = laptop.json(&["status", "--json", "--set", "MAPPING=document"]).remove(0);
    assert_eq!(status["files"], json!([{"source": "data.ndjson", "done": 22, "size": 22}]), "{status}");
    assert_eq!((&status["runs"][0]["command"], &status["runs"][0]["documents"]), (&json!("run"), &json!(2)), "{status}");
}

#[test]
fn a_watch_looks_again_until_it_is_told_to_stop() {
    let laptop = Laptop::new();
    let mut child = laptop.command(&["status", "--json", "--watch", "1"]).stdout(Stdio::piped()).spawn().unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines().map(Result::unwrap);
    let mut next = || serde_json::from_str::<Value>(&lines.next().unwrap()).unwrap()["at"].as_u64().unwrap();
    let (first, second) = (next(), next());
    assert!(second > first);
    assert!(Command::new("kill").args(["-TERM", &child.id().to_string()]).status().unwrap().success());
    assert_eq!(child.wait().unwrap().code(), Some(0));
}
