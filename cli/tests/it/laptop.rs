//! A directory to run `tablefeed` in, and what it said.

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use serde_json::{Value, json};
use tempfile::TempDir;

/// A fresh directory; the state of the embedded AWS is in it, too.
pub struct Laptop(TempDir);

/// What a command printed, and how it ended.
#[derive(Debug)]
pub struct Said {
    pub exit: i32,
    pub out: String,
    pub err: String,
}

impl Laptop {
    pub fn new() -> Laptop {
        Laptop(TempDir::new().unwrap())
    }

    pub fn path(&self) -> &Path {
        self.0.path()
    }

    /// The binary, with no setting and no credential from outside; what stands in the environment must change nothing.
    pub fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_tablefeed"));
        command.args(arguments).current_dir(self.path()).stdin(Stdio::null()).env_clear().env("PERSIST_RECORDS", "nonsense");
        command
    }

    pub fn run(&self, arguments: &[&str]) -> Said {
        Said::of(&self.command(arguments).output().unwrap())
    }

    pub fn run_with_input(&self, arguments: &[&str], input: &str) -> Said {
        let mut command = self.command(arguments);
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        child.stdin.take().unwrap().write_all(input.as_bytes()).unwrap();
        Said::of(&child.wait_with_output().unwrap())
    }

    /// Runs a command that must succeed, and reads each line of its output as JSON.
    pub fn json(&self, arguments: &[&str]) -> Vec<Value> {
        let said = self.run(arguments);
        assert_eq!(said.exit, 0, "{said:?}");
        said.out.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    }

    /// `invoke … --json`: the summary.
    pub fn invoke(&self, arguments: &[&str]) -> Value {
        self.json(&[&["invoke", "--json"], arguments].concat()).remove(0)
    }

    pub fn file(&self, name: &str, text: &str) -> PathBuf {
        let file = self.path().join(name);
        std::fs::write(&file, text).unwrap();
        file
    }

    /// A file with an event of these documents, one a record, as Lambda would deliver it.
    pub fn event(&self, name: &str, documents: &[Value]) {
        let records: Vec<Value> = documents.iter().enumerate().map(|(index, document)| record(index, &document.to_string())).collect();
        self.file(name, &json!({ "Records": records }).to_string());
    }
}

impl Said {
    pub fn of(output: &Output) -> Said {
        let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();
        Said { exit: output.status.code().unwrap(), out: text(&output.stdout), err: text(&output.stderr) }
    }
}

fn record(index: usize, data: &str) -> Value {
    use base64::Engine as _;
    let sequence = format!("4959033827149025660855969253836157109592157598913658{index:04}");
    json!({
        "kinesis": {
            "kinesisSchemaVersion": "1.0",
            "partitionKey": "1",
            "sequenceNumber": sequence,
            "data": base64::engine::general_purpose::STANDARD.encode(data),
            "approximateArrivalTimestamp": 1_545_084_650.987,
        },
        "eventSource": "aws:kinesis",
        "eventVersion": "1.0",
        "eventID": format!("shardId-000000000006:{sequence}"),
        "eventName": "aws:kinesis:record",
        "invokeIdentityArn": "arn:aws:iam::123456789012:role/lambda-role",
        "awsRegion": "us-east-2",
        "eventSourceARN": "arn:aws:kinesis:us-east-2:123456789012:stream/lambda-stream",
    })
}

/// A document that the mapping `curated` takes.
pub fn curated(table: &str) -> Value {
    json!({
        "s3-key": format!("waze/{table}.csv"), "bucket-name": "b", "table-name": table, "state": "VA",
        "year": 2019, "month": "03", "num-records": 7, "is-historical": "False",
    })
}
