//! `emulate`: other processes use the embedded AWS while it runs, and it ends when it is told to.

use std::io::{BufRead as _, BufReader};
use std::process::{Child, Command, Stdio};

use serde_json::{Value, json};

use crate::laptop::Laptop;

/// A running `tablefeed emulate`, ended with the test.
pub struct Emulator {
    process: Child,
    first_line: String,
}

impl Emulator {
    pub fn start(laptop: &Laptop, arguments: &[&str]) -> Emulator {
        let mut command = laptop.command(&[&["emulate", "--port", "0"], arguments].concat());
        let mut process = command.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
        let mut first_line = String::new();
        BufReader::new(process.stdout.take().unwrap()).read_line(&mut first_line).unwrap();
        Emulator { process, first_line: first_line.trim_end().to_owned() }
    }

    pub fn endpoint(&self) -> &str {
        self.first_line.strip_prefix("endpoint: ").unwrap()
    }

    /// Asks it to end, as a service manager does, and returns its exit code.
    fn terminate(mut self) -> Option<i32> {
        let kill = Command::new("kill").arg(self.process.id().to_string()).status().unwrap();
        assert!(kill.success());
        self.process.wait().unwrap().code()
    }
}

impl Drop for Emulator {
    fn drop(&mut self) {
        self.process.kill().ok();
        self.process.wait().ok();
    }
}

#[test]
fn other_processes_find_it_by_its_directory_and_by_its_endpoint() {
    let laptop = Laptop::new();
    let emulator = Emulator::start(&laptop, &[]);
    let attached = laptop.invoke(&["--generate", "40", "--poison", "4"]);
    assert_eq!(attached["calls"], json!({"GetParameter": 1, "BatchWriteItem": 2, "SendMessageBatch": 1}));
    assert_eq!(laptop.json(&["items", "CuratedRecords", "--json"]).len(), 36);
    let elsewhere = Laptop::new();
    let by_endpoint = elsewhere.invoke(&["--generate", "40", "--poison", "4", "--batch-id", "b", "--endpoint-url", emulator.endpoint()]);
    assert_eq!((&by_endpoint["items_before"], &by_endpoint["items_after"]), (&json!(36), &json!(36)));
    assert_eq!(by_endpoint["batch_id"], "b");
    assert_eq!(elsewhere.json(&["letters", "--json", "--endpoint-url", emulator.endpoint()]).len(), 4);
}

#[test]
fn it_ends_in_peace_and_its_state_stays() {
    let laptop = Laptop::new();
    let emulator = Emulator::start(&laptop, &[]);
    laptop.invoke(&["--generate", "10"]);
    assert_eq!(emulator.terminate(), Some(0));
    assert_eq!(laptop.json(&["items", "CuratedRecords", "--json"]).len(), 10);
}

#[test]
fn programs_are_told_what_there_is() {
    let laptop = Laptop::new();
    let emulator = Emulator::start(&laptop, &["--memory", "--json"]);
    let told: Value = serde_json::from_str(&emulator.first_line).unwrap();
    let endpoint = told["endpoint"].as_str().unwrap();
    assert_eq!((&told["table"], &told["parameter"]), (&json!("CuratedRecords"), &json!("/tablefeed/latest-batch-id")));
    assert!(told["queue_url"].as_str().unwrap().ends_with("/tablefeed-letters"), "{told}");
    assert_eq!(laptop.run(&["items", "CuratedRecords", "--endpoint-url", endpoint]).out, "0 items\n");
    assert!(!laptop.path().join(".tablefeed").exists(), "memory leaves no files");
}

#[test]
fn two_of_a_directory_are_one_too_many() {
    let laptop = Laptop::new();
    let emulator = Emulator::start(&laptop, &[]);
    let second = laptop.run(&["emulate", "--port", "0"]);
    assert_eq!(second.exit, 1, "{second:?}");
    assert!(second.err.contains(&format!("another process serves .tablefeed at {}", emulator.endpoint())), "{second:?}");
    let port = emulator.endpoint().rsplit_once(':').unwrap().1;
    let same_port = Laptop::new().run(&["emulate", "--port", port]);
    assert_eq!(same_port.exit, 1, "{same_port:?}");
    assert!(same_port.err.contains(&format!("port {port} of 127.0.0.1 is in use")), "{same_port:?}");
}
