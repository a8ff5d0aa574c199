//! `ingest`: the two documented bodies, the end in peace, and `kill -9` at any moment.

use std::collections::BTreeSet;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::laptop::Laptop;
use crate::run_killed::Chance;

const KILLS: usize = 20;
const SEED: u64 = 20_260_305;

/// A running `tablefeed ingest`, ended with the test.
pub struct Ingest {
    pub process: Child,
    pub address: String,
}

impl Ingest {
    pub fn start(laptop: &Laptop, arguments: &[&str]) -> Ingest {
        let mut command = laptop.command(&[&["ingest", "--port", "0"], arguments].concat());
        let command = command.env_remove("PERSIST_RECORDS").stdout(Stdio::piped()).stderr(Stdio::null());
        let mut process = command.spawn().unwrap();
        let mut line = String::new();
        BufReader::new(process.stdout.take().unwrap()).read_line(&mut line).unwrap();
        Ingest { process, address: line.trim().trim_start_matches("http://").trim_end_matches('/').to_owned() }
    }

    pub fn terminate(mut self) -> Option<i32> {
        assert!(Command::new("kill").arg(self.process.id().to_string()).status().unwrap().success());
        self.process.wait().unwrap().code()
    }
}

impl Drop for Ingest {
    fn drop(&mut self) {
        self.process.kill().ok();
        self.process.wait().ok();
    }
}

/// The status of the answer to one POST, if there is one.
fn post(address: &str, body: &str) -> Option<u16> {
    let mut stream = TcpStream::connect(address).ok()?;
    let length = body.len();
    let head =
        format!("POST / HTTP/1.1\r\nhost: x\r\nconnection: close\r\ncontent-type: application/json\r\ncontent-length: {length}\r\n\r\n");
    stream.write_all((head + body).as_bytes()).ok()?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer).ok()?;
    answer.get(9..12)?.parse().ok()
}

/// The next module: the `n` of each document that it took.
pub fn next_module() -> (String, Arc<Mutex<BTreeSet<u64>>>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/", listener.local_addr().unwrap());
    let taken = Arc::new(Mutex::new(BTreeSet::new()));
    let shared = taken.clone();
    thread::spawn(move || {
        for stream in listener.incoming() {
            let shared = shared.clone();
            thread::spawn(move || take(stream.unwrap(), &shared));
        }
    });
    (url, taken)
}

/// Answers every request of one connection.
fn take(stream: TcpStream, taken: &Mutex<BTreeSet<u64>>) -> Option<()> {
    let mut reader = BufReader::new(stream);
    loop {
        let mut length = 0;
        loop {
            let mut line = String::new();
            if reader.read_line(&mut line).ok()? == 0 {
                return None;
            }
            if let Some(value) = line.to_ascii_lowercase().strip_prefix("content-length:") {
                length = value.trim().parse().ok()?;
            }
            if line == "\r\n" {
                break;
            }
        }
        let mut body = vec![0; length];
        reader.read_exact(&mut body).ok()?;
        let came: Value = serde_json::from_slice(&body).ok()?;
        let documents = came.as_array().map_or(std::slice::from_ref(&came), Vec::as_slice);
        let numbers: Option<Vec<u64>> = documents.iter().map(|document| document["n"].as_u64()).collect();
        taken.lock().unwrap().extend(numbers?);
        reader.get_mut().write_all(b"HTTP/1.1 204 No Content\r\n\r\n").ok()?;
    }
}

#[test]
fn the_documented_bodies_are_three_items_and_it_ends_in_peace() {
    let laptop = Laptop::new();
    let ingest = Ingest::start(&laptop, &[]);
    assert_eq!(post(&ingest.address, r#"{"temperature": 10}"#), Some(204));
    assert_eq!(post(&ingest.address, r#"[{"temperature": 10.01}, {"temperature": 12.23}]"#), Some(204));
    assert_eq!(post(&ingest.address, "nope"), Some(400));
    assert_eq!(laptop.json(&["items", "readings", "--json"]).len(), 3);
    assert_eq!(ingest.terminate(), Some(0));
    assert_eq!(laptop.json(&["items", "readings", "--json"]).len(), 3);
}

#[test]
fn beyond_this_machine_it_wants_a_key() {
    let laptop = Laptop::new();
    let mut command = laptop.command(&["ingest", "--port", "0", "--set", "BIND_ADDRESS=0.0.0.0"]);
    let output = command.env_remove("PERSIST_RECORDS").output().unwrap();
    assert_eq!(output.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&output.stderr).contains("set API_KEYS, or say --no-auth"), "{output:?}");
    let said = laptop.run(&["ingest", "--port", "0"]);
    assert!(said.exit == 2 && said.err.contains("PERSIST_RECORDS"), "the environment counts: {said:?}");
}

#[test]
fn killed_at_any_moment_what_was_acknowledged_is_stored_and_goes_on() {
    let laptop = Laptop::new();
    let (next, taken) = next_module();
    let egress = format!("EGRESS_API_HOST={next}");
    let arguments = ["--set", &egress, "--set", "SPOOL_DIR=spool"];
    let (sent, acknowledged) = (Mutex::new(0_u64), Mutex::new(BTreeSet::new()));
    let mut chance = Chance(SEED);
    for _ in 0..KILLS {
        let mut ingest = Ingest::start(&laptop, &arguments);
        let address = ingest.address.clone();
        thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| {
                    loop {
                        let n = {
                            let mut sent = sent.lock().unwrap();
                            *sent += 1;
                            *sent
                        };
                        match post(&address, &format!("{{\"n\":{n}}}")) {
                            Some(204) => drop(acknowledged.lock().unwrap().insert(n)),
                            Some(other) => panic!("{other}"),
                            None => break,
                        }
                    }
                });
            }
            thread::sleep(Duration::from_micros(50_000 + chance.below(250_000)));
            ingest.process.kill().unwrap();
            ingest.process.wait().unwrap();
        });
    }
    let ingest = Ingest::start(&laptop, &arguments);
    let acknowledged = acknowledged.into_inner().unwrap();
    assert!(acknowledged.len() > KILLS, "only {} acknowledged", acknowledged.len());
    let begun = Instant::now();
    while !acknowledged.is_subset(&taken.lock().unwrap()) {
        assert!(begun.elapsed() < Duration::from_secs(60), "not everything went on, seed {SEED}");
        thread::sleep(Duration::from_millis(20));
    }
    let stored: Vec<u64> = laptop.json(&["items", "readings", "--json"]).iter().map(|item| item["n"].as_u64().unwrap()).collect();
    let stored: BTreeSet<u64> = stored.into_iter().collect();
    assert!(acknowledged.is_subset(&stored), "lost, seed {SEED}");
    assert!(taken.lock().unwrap().is_subset(&stored) && stored.last() <= Some(&*sent.lock().unwrap()), "made up, seed {SEED}");
    assert_eq!(ingest.terminate(), Some(0));
}
