//! One embedded AWS for one test, with the function on it.

use std::collections::BTreeMap;
use std::time::{Duration, SystemTime};

use aws_sdk_dynamodb::types::AttributeValue;
use serde_json::Value;
use tablefeed::aws::{Clients, config_for_endpoint};
use tablefeed::mapping::Mappings;
use tablefeed::persist::{Function, FunctionError, Handled, Invocation};
use tablefeed::settings::{Settings, SettingsError};
use tablefeed::table::{Definition, create_if_missing};
use tablefeed::write::outcome::Outcome;
use tablefeed_local::{Config, Embedded, Fault, Rule, RuleId};
use tokio::time::Instant;

use crate::event::Event;

pub const TABLE: &str = "CuratedRecords";
pub const PARAMETER: &str = "/tablefeed/latest-batch-id";
pub const QUEUE: &str = "letters";
pub const BATCH: &str = "batch-1";

/// The app name of the function's clients; the recorder tells its calls from the tests' by it.
pub const FUNCTION: &str = "tablefeed-persist";

/// A document mapping whose key documents choose.
pub const BY_ID: &str = r#"{"key": {"partition": "id"}, "types": {"id": "S"}}"#;

pub type Item = BTreeMap<String, AttributeValue>;

pub struct World {
    pub aws: Embedded,
    /// The tests' own.
    pub clients: Clients,
}

impl World {
    /// With the curated-record table, the parameter and the queue.
    pub async fn new() -> World {
        let world = World::empty().await;
        world.create_table(&Definition::curated_records(TABLE).unwrap()).await;
        world
    }

    /// With a table for a mapping's key in place of the curated-record table.
    pub async fn for_mapping(declaration: &str) -> World {
        let world = World::empty().await;
        world.create_table(&Definition::of_mapping(TABLE, &Mappings::compile(declaration).unwrap())).await;
        world
    }

    /// Without a table.
    pub async fn empty() -> World {
        let aws = Embedded::start(Config::default()).await.unwrap();
        let clients = Clients::new(&config_for_endpoint(aws.endpoint()), "tablefeed-test", None);
        let world = World { aws, clients };
        world.set_batch(BATCH).await;
        world.clients.sqs.create_queue().queue_name(QUEUE).send().await.unwrap();
        world
    }

    pub async fn create_table(&self, definition: &Definition) {
        create_if_missing(&self.clients.dynamodb, definition).await.unwrap();
    }

    pub async fn set_batch(&self, id: &str) {
        let put = self.clients.ssm.put_parameter().name(PARAMETER).value(id).overwrite(true);
        put.r#type(aws_sdk_ssm::types::ParameterType::String).send().await.unwrap();
    }

    /// The environment of the function here, with `changes`; an empty value takes a name away.
    pub fn environment(&self, changes: &[(&str, &str)]) -> BTreeMap<String, String> {
        let queue = self.aws.queue_url(QUEUE);
        let here = [("TABLE", TABLE), ("LATEST_BATCH_ID", PARAMETER), ("DLQ_URL", queue.as_str())];
        here.iter().chain(changes).map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
    }

    pub fn settings(&self, changes: &[(&str, &str)]) -> Result<Settings, SettingsError> {
        let environment = self.environment(changes);
        Settings::parse(|name| environment.get(name).cloned(), |path| std::fs::read_to_string(path))
    }

    pub fn function(&self, changes: &[(&str, &str)]) -> Function {
        let settings = self.settings(changes).unwrap();
        Function::new(settings, Clients::new(&config_for_endpoint(self.aws.endpoint()), FUNCTION, None))
    }

    /// A function under another name, because it may call more than the function in the template.
    pub fn other(&self, changes: &[(&str, &str)]) -> Function {
        let settings = self.settings(changes).unwrap();
        Function::new(settings, Clients::new(&config_for_endpoint(self.aws.endpoint()), "tablefeed-other", None))
    }

    /// Handles one event with a fresh function that has a minute's time.
    pub async fn invoke(&self, changes: &[(&str, &str)], event: &Event) -> Seen {
        self.invoke_within(changes, event, Duration::from_secs(60)).await
    }

    pub async fn invoke_within(&self, changes: &[(&str, &str)], event: &Event, time: Duration) -> Seen {
        Seen::of(invoke(&self.function(changes), &event.bytes(), time).await.unwrap())
    }

    /// Adds a fault that strikes the function's calls only.
    pub fn fault(&self, rule: Rule) -> RuleId {
        self.aws.faults().add(rule.app(FUNCTION))
    }

    /// Faults of all calls of one operation.
    pub fn fault_of(&self, operation: &str, fault: Fault) -> RuleId {
        self.fault(Rule::new(fault).operation(operation))
    }

    /// How often the function called an operation.
    pub fn calls(&self, operation: &str) -> u64 {
        self.aws.recorder().count(Some(FUNCTION), operation)
    }

    /// All items of the table, in an order that is always the same.
    pub async fn items(&self) -> Vec<Item> {
        let pages = self.clients.dynamodb.scan().table_name(TABLE).into_paginator().items().send();
        let found: Vec<_> = pages.collect::<Result<_, _>>().await.unwrap();
        let mut items: Vec<Item> = found.into_iter().map(|item| item.into_iter().collect()).collect();
        items.sort_by_key(|item| format!("{item:?}"));
        items
    }

    /// The bodies of all letters, by stream position.
    pub async fn letters(&self) -> Vec<Value> {
        let url = self.aws.queue_url(QUEUE);
        let mut letters: Vec<Value> = Vec::new();
        loop {
            let receive = self.clients.sqs.receive_message().queue_url(&url).max_number_of_messages(10).visibility_timeout(60);
            let messages = receive.send().await.unwrap().messages.unwrap_or_default();
            if messages.is_empty() {
                letters.sort_by_key(|letter| (letter["sequence"].to_string(), letter["sub_sequence"].as_u64()));
                return letters;
            }
            letters.extend(messages.iter().map(|message| serde_json::from_str(message.body().unwrap()).unwrap()));
        }
    }

    /// The reasons of all letters, by stream position.
    pub async fn reasons(&self) -> Vec<String> {
        self.letters().await.iter().map(|letter| letter["reason"].as_str().unwrap().to_owned()).collect()
    }
}

/// Whatever a test does, the function calls nothing that template.yaml does not allow it.
impl Drop for World {
    fn drop(&mut self) {
        let allowed: Vec<String> =
            [&["NamesBatch"][..], &["NamesBatch", "WritesNewest"]].into_iter().flat_map(crate::template::allowed).collect();
        let used = self.aws.recorder().iam_actions(Some(FUNCTION));
        assert!(std::thread::panicking() || used.iter().all(|action| allowed.contains(action)), "{used:?}");
    }
}

pub async fn invoke(function: &Function, event: &[u8], time: Duration) -> Result<Handled, FunctionError> {
    let invocation = Invocation::new("request-1", "persist", Instant::now() + time, SystemTime::now());
    function.handle(event, &invocation).await
}

/// What an invocation gave back.
pub struct Seen {
    pub handled: Handled,
}

impl Seen {
    pub fn of(handled: Handled) -> Seen {
        let report = &handled.report;
        // The log line and the metrics are made of any report without failing, and are one line each.
        let log = report.log_line();
        assert!(!log.contains('\n') && serde_json::from_str::<Value>(&log).is_ok(), "{log}");
        report.metrics().iter().for_each(|line| drop(crate::metrics::check(line)));
        Seen { handled }
    }

    pub fn count(&self, outcome: Outcome) -> u64 {
        self.handled.report.outcomes.of(outcome)
    }

    /// All outcomes that occurred, by name.
    pub fn outcomes(&self) -> Vec<(&'static str, u64)> {
        Outcome::ALL.iter().map(|outcome| (outcome.name(), self.count(*outcome))).filter(|(_, count)| *count > 0).collect()
    }

    /// The one identifier that Lambda would see.
    pub fn checkpoint(&self) -> Option<String> {
        let response = serde_json::to_value(self.handled.response.as_ref().unwrap()).unwrap();
        let failures = response["batchItemFailures"].as_array().unwrap();
        assert!(failures.len() <= 1, "{response}");
        failures.first().map(|failure| failure["itemIdentifier"].as_str().unwrap().to_owned())
    }

    pub fn systemic(&self) -> &str {
        self.handled.report.systemic.as_deref().unwrap_or_default()
    }
}
