//! `run --kafka`: the binary as a member of a consumer group, against librdkafka's mock cluster.

use std::process::{Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use rdkafka::ClientConfig;
use rdkafka::mocking::MockCluster;
use rdkafka::producer::{BaseProducer, BaseRecord, DefaultProducerContext, Producer as _};
use serde_json::{Value, json};

use crate::laptop::{Laptop, Said};

const PATIENCE: Duration = Duration::from_secs(60);

struct Cluster {
    mock: MockCluster<'static, DefaultProducerContext>,
    producer: BaseProducer,
}

impl Cluster {
    /// With the topic `orders`, of two partitions.
    fn new() -> Cluster {
        let mock = MockCluster::new(1).unwrap();
        mock.create_topic("orders", 2, 1).unwrap();
        let producer = ClientConfig::new().set("bootstrap.servers", mock.bootstrap_servers()).create().unwrap();
        Cluster { mock, producer }
    }

    fn send<S: AsRef<str>>(&self, partition: i32, values: impl IntoIterator<Item = S>) {
        for value in values {
            let record = BaseRecord::<str, str>::to("orders").partition(partition).payload(value.as_ref());
            self.producer.send(record).map_err(|(error, _)| error).unwrap();
        }
        self.producer.flush(PATIENCE).unwrap();
    }
}

impl Laptop {
    /// The arguments of a run over the topic, with a group that notices soon that a member is gone.
    fn on_topic<'a>(servers: &'a str, arguments: &[&'a str]) -> Vec<&'a str> {
        let run = ["run", "--kafka", servers, "--topic", "orders", "--json", "--set", "MAPPING=document"];
        let soon = ["--kafka-set", "session.timeout.ms=5000", "--kafka-set", "heartbeat.interval.ms=500"];
        [&run[..], &soon, arguments].concat()
    }

    fn feed_topic(&self, cluster: &Cluster, arguments: &[&str]) -> Said {
        self.run(&Laptop::on_topic(&cluster.mock.bootstrap_servers(), arguments))
    }

    fn count(&self) -> usize {
        self.json(&["items", "Documents", "--json"]).len()
    }

    /// Waits until the table has so many items. Only once the run serves the directory: it is not to depend on a command that ends.
    fn wait_for_items(&self, count: usize) {
        let begun = Instant::now();
        while !self.path().join(".tablefeed/endpoint").exists() {
            assert!(begun.elapsed() < PATIENCE);
            thread::sleep(Duration::from_millis(50));
        }
        loop {
            let said = self.run(&["items", "Documents", "--json"]);
            if said.exit == 0 && said.out.lines().count() >= count {
                return;
            }
            assert!(begun.elapsed() < PATIENCE, "{said:?}");
            thread::sleep(Duration::from_millis(50));
        }
    }
}

fn documents(count: u32) -> Vec<String> {
    (0..count).map(|n| json!({ "n": n }).to_string()).collect()
}

fn summary(text: &str) -> Value {
    serde_json::from_str(text).unwrap()
}

#[test]
fn a_topic_is_fed_to_its_end_and_the_same_command_goes_on() {
    let (laptop, cluster) = (Laptop::new(), Cluster::new());
    cluster.send(0, documents(7));
    cluster.send(1, ["poison"]);
    let said = laptop.feed_topic(&cluster, &["--until-end", "--batch-size", "5"]);
    assert_eq!(said.exit, 0, "{said:?}");
    let summary = summary(&said.out);
    let expected = json!({
        "end": "finished", "topic": "orders", "group": "tablefeed-Documents", "done": 8, "records": 8, "documents": 8, "letters": {"bad_json": 1},
        "outcomes": {"persisted": 7, "superseded": 0, "filtered": 0, "skipped": 0, "over_limit": 0, "rejected": 1, "failed": 0, "retry": 0},
        "invocations": summary["invocations"], "retries": 0, "seconds": summary["seconds"], "committed": {"0": 7, "1": 1},
        "batch_id": summary["batch_id"], "systemic_failure": null, "queue_refusal": null,
    });
    assert_eq!(summary, expected);
    assert_eq!(laptop.count(), 7);
    let letter = &laptop.json(&["letters", "--json"])[0];
    assert_eq!((&letter["source"], &letter["shard"], &letter["sequence"]), (&json!("SelfManagedKafka"), &json!("orders-1"), &json!("0")));

    cluster.send(1, documents(1));
    let again = self::summary(&laptop.feed_topic(&cluster, &["--until-end"]).out);
    assert_eq!((&again["done"], &again["committed"]), (&json!(1), &json!({"1": 2})));
    let servers = cluster.mock.bootstrap_servers();
    let people = laptop.run(&["run", "--kafka", &servers, "--topic", "orders", "--set", "MAPPING=document", "--until-end"]);
    assert!(people.exit == 0 && people.out.starts_with("orders: nothing new for the group tablefeed-Documents;"), "{people:?}");
}

#[test]
fn a_signal_ends_a_run_over_a_topic_with_its_offsets_committed() {
    let (laptop, cluster) = (Laptop::new(), Cluster::new());
    cluster.send(0, documents(20));
    let servers = cluster.mock.bootstrap_servers();
    let mut command = laptop.command(&Laptop::on_topic(&servers, &[]));
    let process = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    laptop.wait_for_items(20);
    assert!(Command::new("kill").arg(process.id().to_string()).status().unwrap().success());
    let ended = process.wait_with_output().unwrap();
    let summary: Value = serde_json::from_slice(&ended.stdout).unwrap();
    assert_eq!((ended.status.code(), &summary["end"], &summary["committed"]), (Some(0), &json!("stopped"), &json!({"0": 20})));
}

#[test]
fn a_run_over_a_topic_that_is_killed_is_completed_by_the_next() {
    let (laptop, cluster) = (Laptop::new(), Cluster::new());
    cluster.send(0, documents(2000));
    cluster.send(1, documents(2000));
    let servers = cluster.mock.bootstrap_servers();
    let mut command = laptop.command(&Laptop::on_topic(&servers, &["--batch-size", "1"]));
    let mut process = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    laptop.wait_for_items(30);
    process.kill().unwrap();
    process.wait().unwrap();
    let said = laptop.feed_topic(&cluster, &["--until-end"]);
    assert_eq!((said.exit, &summary(&said.out)["committed"]), (0, &json!({"0": 2000, "1": 2000})), "{said:?}");
    assert_eq!(laptop.count(), 4000);
}

#[test]
fn arguments_that_do_not_go_together_are_refused_before_anything_is_done() {
    let laptop = Laptop::new();
    let refused = |arguments: &[&str], text: &str| {
        let said = laptop.run(&[&["run"], arguments].concat());
        assert!(said.exit == 2 && said.out.is_empty() && said.err.contains(text), "{text:?} in {said:?}");
    };
    let topic = |more: &[&'static str]| [&["--kafka", "127.0.0.1:1", "--topic", "t"], more].concat();
    refused(&[], "<FILE>");
    refused(&topic(&["data.ndjson"]), "cannot be used with");
    refused(&topic(&["--from-start"]), "cannot be used with");
    refused(&["--kafka", "127.0.0.1:1"], "--topic");
    refused(&["data.ndjson", "--until-end"], "--kafka");
    refused(&topic(&["--kafka-set", "security.protocol=SASL_SSL"]), "connect through a TLS proxy");
    refused(&topic(&["--kafka-set", "group.id=x"]), "name the group by --group");
    refused(&topic(&["--kafka-set", "no.such.property=x"]), "no.such.property");
    refused(&topic(&["--kafka-set", "secret"]), "--kafka-set must be NAME=VALUE");
    assert!(!laptop.path().join(".tablefeed").exists());
}
