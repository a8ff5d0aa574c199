//! `relay` and `listen`: the three commands as people run them, the file, and the end in peace.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::thread;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::laptop::Laptop;

const PATIENCE: Duration = Duration::from_secs(60);

/// A command that keeps running, ended with the test; what it prints comes a line each.
pub struct Running {
    process: Child,
    out: Receiver<String>,
    err: Receiver<String>,
}

impl Running {
    pub fn start(laptop: &Laptop, arguments: &[&str]) -> Running {
        let mut command = laptop.command(arguments);
        let mut process = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let (out, err) = (lines(process.stdout.take().unwrap()), lines(process.stderr.take().unwrap()));
        Running { process, out, err }
    }

    pub fn line(&self) -> String {
        self.out.recv_timeout(PATIENCE).unwrap_or_else(|_| panic!("no line; it said {:?}", self.err.try_iter().collect::<Vec<_>>()))
    }

    /// The next line for the person that holds `part`.
    fn note(&self, part: &str) -> String {
        let begun = Instant::now();
        while begun.elapsed() < PATIENCE {
            let line = self.err.recv_timeout(PATIENCE).unwrap_or_else(|_| panic!("nothing about {part:?}"));
            if line.contains(part) {
                return line;
            }
        }
        panic!("nothing about {part:?}")
    }

    fn signal(&self, name: &str) {
        let sent = Command::new("kill").args([name, &self.process.id().to_string()]).status().unwrap();
        assert!(sent.success());
    }

    pub fn terminate(mut self) -> Option<i32> {
        self.signal("-TERM");
        self.process.wait().unwrap().code()
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.process.kill().ok();
        self.process.wait().ok();
    }
}

fn lines(from: impl std::io::Read + Send + 'static) -> Receiver<String> {
    let (send, receive) = channel();
    thread::spawn(move || {
        for line in BufReader::new(from).lines() {
            let Ok(line) = line else { return };
            if send.send(line).is_err() {
                return;
            }
        }
    });
    receive
}

/// A relay on any port, and its URL.
fn relay(laptop: &Laptop, arguments: &[&str]) -> (Running, String) {
    let relay = Running::start(laptop, &[&["relay", "--port", "0"], arguments].concat());
    let url = relay.line();
    (relay, url)
}

fn listen(laptop: &Laptop, relay: &str, table: &str, arguments: &[&str]) -> Running {
    let listen = Running::start(laptop, &[&["listen", "--subscribe", table, "--relay", relay], arguments].concat());
    listen.note("gets the changes of");
    listen
}

/// One request to the control server: the answer's status and body.
pub fn ask(url: &str, method: &str, body: &str) -> (u16, String) {
    let address = url.trim_start_matches("http://").trim_end_matches('/');
    let mut stream = TcpStream::connect(address).unwrap();
    let length = body.len();
    let head = format!(
        "{method} / HTTP/1.1\r\nhost: {address}\r\nconnection: close\r\ncontent-type: application/json\r\ncontent-length: {length}\r\n\r\n"
    );
    stream.write_all((head + body).as_bytes()).unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    (head[9..12].parse().unwrap(), body.to_owned())
}

/// The entries of `GET /`, once `wanted` holds of them.
fn entries_when(url: &str, wanted: impl Fn(&[Value]) -> bool) -> Vec<Value> {
    let begun = Instant::now();
    loop {
        let listed: Value = serde_json::from_str(&ask(url, "GET", "").1).unwrap();
        let entries: Vec<Value> = listed.as_object().unwrap().values().cloned().collect();
        if wanted(&entries) {
            return entries;
        }
        assert!(begun.elapsed() < PATIENCE, "{listed}");
        thread::sleep(Duration::from_millis(20));
    }
}

fn put(laptop: &Laptop, item: &str) {
    let said = laptop.run(&["item", "put", "Orders", item]);
    assert_eq!((said.exit, said.out.as_str()), (0, "put 1 item\n"), "{said:?}");
}

#[test]
fn three_commands_on_a_fresh_directory_and_it_arrives() {
    let laptop = Laptop::new();
    let (relay, url) = relay(&laptop, &[]);
    let listen = listen(&laptop, &url, "Orders", &[]);
    put(&laptop, r#"{"id": "a", "total": 3.10}"#);
    assert_eq!(listen.line(), r#"INSERT  {"id":"a"}  {"id":"a","total":3.1}"#);
    put(&laptop, r#"{"id": "a", "total": 4}"#);
    assert_eq!(listen.line(), r#"MODIFY  {"id":"a"}  {"id":"a","total":4}"#);
    assert_eq!(laptop.run(&["item", "delete", "Orders", "--key", "id=a"]).exit, 0);
    assert_eq!(listen.line(), r#"REMOVE  {"id":"a"}  {"id":"a","total":4}"#);
    assert_eq!(listen.terminate(), Some(0));
    entries_when(&url, |entries| entries.iter().all(|entry| entry["status"] == "REMOVED"));
    assert_eq!(relay.terminate(), Some(0));
    assert_eq!(laptop.json(&["item", "scan", "Orders", "--json"]).len(), 0);
}

#[test]
fn a_refused_batch_comes_again_and_so_does_what_came_meanwhile() {
    let laptop = Laptop::new();
    let (relay, url) = relay(&laptop, &[]);
    let listen = listen(&laptop, &url, "Orders", &["--answer", "500,204", "--json", "--secret", "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"]);
    put(&laptop, r#"{"id": "a"}"#);
    let key = |line: &str| serde_json::from_str::<Value>(line).unwrap()["Records"][0]["dynamodb"]["Keys"].clone();
    let (first, again) = (listen.line(), listen.line());
    assert_eq!((key(&first), key(&again)), (json!({ "id": { "S": "a" } }), json!({ "id": { "S": "a" } })));
    listen.note("answered 500");
    entries_when(&url, |entries| entries.iter().any(|entry| entry["status"] == "RUNNING"));
    drop(relay);
}

#[test]
fn a_table_that_is_there_without_a_stream_gets_one() {
    let laptop = Laptop::new();
    laptop.file(
        "orders.json",
        &json!({
            "TableName": "Orders", "BillingMode": "PAY_PER_REQUEST",
            "AttributeDefinitions": [{ "AttributeName": "order", "AttributeType": "S" }],
            "KeySchema": [{ "AttributeName": "order", "KeyType": "HASH" }],
        })
        .to_string(),
    );
    assert_eq!(laptop.run(&["table", "create", "orders.json"]).exit, 0);
    let (_relay, url) = relay(&laptop, &[]);
    let listen = listen(&laptop, &url, "Orders", &[]);
    put(&laptop, r#"{"order": "7"}"#);
    assert_eq!(listen.line(), r#"INSERT  {"order":"7"}  {"order":"7"}"#);
}

#[test]
fn the_file_is_read_again_and_a_bad_one_changes_nothing() {
    let laptop = Laptop::new();
    let entry = |table: &str| format!("  - table_name: {table}\n    url: http://127.0.0.1:9/{table}\n");
    laptop.file("relay.yml", &format!("entries:\n{}", entry("Orders")));
    let (relay, url) = relay(&laptop, &["--config", "relay.yml"]);
    entries_when(&url, |entries| entries.len() == 1 && entries[0]["table_name"] == "Orders");
    laptop.file("relay.yml", &format!("entries:\n{}{}", entry("Orders"), entry("Customers")));
    relay.signal("-HUP");
    entries_when(&url, |entries| entries.len() == 2);
    laptop.file("relay.yml", "entries\n  - table_name: Orders\n");
    relay.signal("-HUP");
    let said = relay.note("relay.yml");
    assert!(said.contains("line 1 column") && said.contains("colon") && said.contains("stay"), "{said}");
    assert_eq!(entries_when(&url, |_| true).len(), 2);
    assert_eq!(relay.terminate(), Some(0));
    let refused = laptop.run(&["relay", "--port", "0", "--config", "relay.yml"]);
    assert!(refused.exit == 2 && refused.err.contains("relay.yml: line 1 column"), "{refused:?}");
    let absent = laptop.run(&["relay", "--port", "0", "--config", "absent.yml"]);
    assert!(absent.exit == 2 && absent.err.contains("absent.yml: cannot be read"), "{absent:?}");
}

#[test]
fn what_came_by_http_survives_a_restart() {
    let laptop = Laptop::new();
    let (first, url) = relay(&laptop, &[]);
    let made = ask(&url, "POST", &json!({ "table_name": "Orders", "url": "http://127.0.0.1:9/" }).to_string());
    assert_eq!((made.0, made.1.len()), (201, 26), "{}", made.1);
    assert_eq!(first.terminate(), Some(0));
    let (_second, url) = relay(&laptop, &[]);
    let listed: Value = serde_json::from_str(&ask(&url, "GET", "").1).unwrap();
    assert_eq!(listed[&made.1]["table_name"], "Orders", "{listed}");
}

#[test]
fn beyond_this_machine_it_wants_a_key_and_a_listener_wants_a_relay() {
    let laptop = Laptop::new();
    let open = laptop.run(&["relay", "--port", "0", "--set", "BIND_ADDRESS=0.0.0.0"]);
    assert!(open.exit == 2 && open.err.contains("set API_KEYS, or say --no-auth"), "{open:?}");
    let alone = laptop.run(&["listen", "--subscribe", "Orders", "--relay", "http://127.0.0.1:9"]);
    assert!(alone.exit == 1 && alone.err.contains("start one by `tablefeed relay`"), "{alone:?}");
    let (_relay, url) = relay(&laptop, &[]);
    let unfit = laptop.run(&["listen", "--subscribe", "no table", "--relay", &url]);
    assert!(unfit.exit == 2 && unfit.err.contains("table_name"), "{unfit:?}");
}
