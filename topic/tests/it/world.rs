//! One embedded AWS for one test, and members of a consumer group that feed it.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use aws_sdk_dynamodb::types::AttributeValue;
use serde_json::{Value, json};
use tablefeed::aws::{Clients, config_for_endpoint};
use tablefeed::mapping::Mappings;
use tablefeed::persist::Function;
use tablefeed::settings::Settings;
use tablefeed::table::{Definition, create_if_missing};
use tablefeed_local::{Config, Embedded, Fault, Rule, RuleId};
use tablefeed_topic::{Ended, From, Options, Stop, Told, TopicError, run};
use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio::time::{Instant, sleep, timeout};

use crate::cluster::{Cluster, GROUP, TOPIC};

pub const TABLE: &str = "Items";
const QUEUE: &str = "letters";
const FUNCTION: &str = "tablefeed-persist";
/// For whatever must happen, on a machine that is busy.
pub const PATIENCE: Duration = Duration::from_secs(60);

/// Items under their identity, with what they are made of.
pub fn by_identity() -> String {
    let item = json!({"id": "{@id}", "from": "{@shard} {@sequence}", "n": "{n}", "at": "{@arrival}", "key": "{@key?}", "trace": "{@header:trace?}"});
    json!({"key": {"partition": "id"}, "types": {"id": "S"}, "item": item}).to_string()
}

pub type Item = BTreeMap<String, AttributeValue>;

pub struct World {
    pub aws: Embedded,
    pub clients: Clients,
    mapping: String,
}

impl World {
    pub async fn new(mapping: &str) -> World {
        let aws = Embedded::start(Config::default()).await.unwrap();
        let clients = Clients::new(&config_for_endpoint(aws.endpoint()), "tablefeed-test", None);
        let creator = Clients::new(&config_for_endpoint(aws.endpoint()), "tablefeed-creator", None);
        create_if_missing(&creator.dynamodb, &Definition::of_mapping(TABLE, &Mappings::compile(mapping).unwrap())).await.unwrap();
        clients.sqs.create_queue().queue_name(QUEUE).send().await.unwrap();
        World { aws, clients, mapping: mapping.to_owned() }
    }

    pub fn function(&self, changes: &[(&str, &str)]) -> Function {
        let queue = self.aws.queue_url(QUEUE);
        let here = [("TABLE", TABLE), ("DLQ_URL", &queue), ("MAPPING", &self.mapping)];
        let set: BTreeMap<&str, &str> = here.into_iter().chain(changes.iter().copied()).collect();
        let settings = Settings::parse(|name| set.get(name).map(|value| (*value).to_owned()), |path| std::fs::read_to_string(path));
        Function::new(settings.unwrap(), Clients::new(&config_for_endpoint(self.aws.endpoint()), FUNCTION, None))
    }

    /// A new member of the group.
    pub fn member(&self, cluster: &Cluster, changes: &[(&str, &str)], adapt: impl FnOnce(&mut Options)) -> Member {
        let (tell, told) = unbounded_channel();
        let (stop, stopped) = watch::channel(Stop::Go);
        let mut options = options(cluster);
        adapt(&mut options);
        let task = tokio::spawn(run(options, Arc::new(self.function(changes)), stopped, tell));
        Member { stop, task, told, partitions: 0, retries: 0, troubles: Vec::new() }
    }

    /// Feeds up to the end.
    pub async fn feed(&self, cluster: &Cluster, changes: &[(&str, &str)], adapt: impl FnOnce(&mut Options)) -> Ended {
        let member = self.member(cluster, changes, |options| {
            options.until_end = true;
            adapt(options);
        });
        member.ended().await
    }

    /// Denies writes that contain the text.
    pub fn deny(&self, containing: &str) -> RuleId {
        let denied = Fault::error(400, "AccessDeniedException", "not allowed");
        self.aws.faults().add(Rule::new(denied).operation("BatchWriteItem").body(containing).app(FUNCTION))
    }

    pub async fn items(&self) -> Vec<Item> {
        let pages = self.clients.dynamodb.scan().table_name(TABLE).into_paginator().items().send();
        let found: Vec<_> = pages.collect::<Result<_, _>>().await.unwrap();
        found.into_iter().map(|item| item.into_iter().collect()).collect()
    }

    /// The numbers `n` of all items; each item is another document.
    pub async fn numbers(&self) -> BTreeSet<u32> {
        let items = self.items().await;
        let numbers: BTreeSet<u32> = items.iter().map(|item| item["n"].as_n().unwrap().parse().unwrap()).collect();
        assert_eq!(numbers.len(), items.len(), "a document is there twice");
        numbers
    }

    pub async fn letters(&self) -> Vec<Value> {
        let call = self.clients.sqs.receive_message().queue_url(self.aws.queue_url(QUEUE)).max_number_of_messages(10);
        let messages = call.send().await.unwrap().messages.unwrap_or_default();
        messages.iter().map(|message| serde_json::from_str(message.body().unwrap()).unwrap()).collect()
    }

    /// Actions of IAM that the function used.
    pub fn actions(&self) -> BTreeSet<String> {
        self.actions_of(FUNCTION)
    }

    pub fn actions_of(&self, app: &str) -> BTreeSet<String> {
        self.aws.recorder().iam_actions(Some(app)).into_iter().collect()
    }

    /// Clients of whoever looks at the table before the function runs.
    pub fn checker(&self) -> Clients {
        Clients::new(&config_for_endpoint(self.aws.endpoint()), "tablefeed-checker", None)
    }
}

/// Small events, and a group that changes as quickly as the cluster allows: it lets the first members wait for three seconds.
fn options(cluster: &Cluster) -> Options {
    let set = [("session.timeout.ms", "5000"), ("heartbeat.interval.ms", "200")];
    Options {
        servers: cluster.servers(),
        topic: TOPIC.to_owned(),
        group: GROUP.to_owned(),
        from: From::Earliest,
        batch_size: 4,
        window: Duration::from_millis(10),
        timeout: PATIENCE,
        until_end: false,
        set: set.map(|(name, value)| (name.to_owned(), value.to_owned())).to_vec(),
    }
}

/// Documents with these numbers.
pub fn documents(numbers: std::ops::Range<u32>) -> Vec<String> {
    numbers.map(|n| json!({ "n": n }).to_string()).collect()
}

/// A running member, and what it told so far.
pub struct Member {
    stop: watch::Sender<Stop>,
    task: JoinHandle<Result<Ended, TopicError>>,
    told: UnboundedReceiver<Told>,
    pub partitions: usize,
    pub retries: usize,
    pub troubles: Vec<String>,
}

impl Member {
    /// Listens until it is as waited for.
    pub async fn until(&mut self, reached: impl Fn(&Member) -> bool) {
        let listening = async {
            while !reached(self) {
                self.listen().await;
            }
        };
        timeout(PATIENCE, listening).await.unwrap();
    }

    /// What it tells next is taken in.
    pub async fn listen(&mut self) {
        match self.told.recv().await {
            Some(Told::Partitions(partitions)) => self.partitions = partitions,
            Some(Told::Delivered { again, .. }) => self.retries += usize::from(again),
            Some(Told::Trouble(trouble)) => self.troubles.push(trouble),
            None => panic!("it ended: {:?}", (&mut self.task).await),
        }
    }

    pub async fn stop(self, how: Stop) -> Ended {
        self.stop.send_replace(how);
        self.ended().await
    }

    pub async fn ended(self) -> Ended {
        self.result().await.unwrap()
    }

    pub async fn result(self) -> Result<Ended, TopicError> {
        timeout(PATIENCE, self.task).await.unwrap().unwrap()
    }
}

/// Looks again and again until it is so.
pub async fn eventually<T: PartialEq + std::fmt::Debug>(what: &str, expected: &T, mut look: impl AsyncFnMut() -> T) {
    let until = Instant::now() + PATIENCE;
    loop {
        let seen = look().await;
        if seen == *expected {
            return;
        }
        assert!(Instant::now() < until, "{what}: {seen:?} instead of {expected:?}");
        sleep(Duration::from_millis(50)).await;
    }
}
