//! The stages of the core, one by one: an event's documents, their items, the plan of them, and its requests, which are made, signed, and
//! answered in the process.

use std::cell::OnceCell;
use std::time::Duration;

use tablefeed::decode::documents::{MAX_DOCUMENTS, documents};
use tablefeed::decode::event;
use tablefeed::decode::parts::parts;
use tablefeed::decode::payload::payload;
use tablefeed::json::{Json, parse};
use tablefeed::mapping::{Item, Mapped, Mappings, Origin, ShortForm};
use tablefeed::settings::NAMESPACE;
use tablefeed::write::plan::{Plan, plan};
use tablefeed::write::single::Condition;
use tablefeed::write::table::TableWriter;
use tokio::runtime::Runtime;
use tokio::time::Instant;

use crate::in_process::Answers;

/// A mapping, and documents that it takes, each of another key.
pub struct Case {
    pub name: &'static str,
    mappings: Mappings,
    pub document: fn(usize) -> String,
}

pub fn cases() -> [Case; 3] {
    let built_in = |name| Mappings::built_in(name, true).unwrap();
    let derived =
        ShortForm { partition: "key1", sort: Some("day|%Y-%m-%dT%H:%M:%S.%f%z"), time_zone: Some("Europe/Berlin"), ..ShortForm::default() };
    [
        Case { name: "curated", mappings: built_in("curated"), document: curated },
        Case { name: "document", mappings: built_in("document"), document: nested },
        Case { name: "derived keys", mappings: Mappings::derived(derived).unwrap(), document: timed },
    ]
}

fn curated(number: usize) -> String {
    format!(
        r#"{{"bucket-name":"curated","s3-key":"waze/alert/2018/12/17/part-{number:05}.csv","table-name":"alert","state":"MD","num-records":1200,"is-historical":"False","year":"2018","month":"12","etl-time":"17","ignored":{{"a":[1,2,3]}}}}"#
    )
}

fn nested(number: usize) -> String {
    format!(
        r#"{{"id":"order-{number}","at":1545084650987,"total":119.90,"paid":true,"note":null,"customer":{{"name":"Ada","mail":"ada@example.com","tags":["new","said \"yes\""]}},"lines":[{{"sku":"a-1","count":2,"price":39.95}},{{"sku":"b-2","count":1,"price":40.00}}]}}"#
    )
}

fn timed(number: usize) -> String {
    format!(r#"{{"timestamp":1667844200703123,"key1":"value{number}","key2":10,"key3":"value3"}}"#)
}

/// Event to documents; how many they are.
pub fn decode(text: &[u8]) -> usize {
    let tree = OnceCell::new();
    let (_, records) = event::records(text, &tree).unwrap();
    let count = |record| {
        let payload = payload(record, None).unwrap();
        let parts = parts(&payload, record.partition_key.as_deref(), 1 << 24).unwrap().parts;
        parts.iter().map(|part| documents(part.text.as_ref().unwrap(), MAX_DOCUMENTS).len()).sum::<usize>()
    };
    records.iter().map(count).sum()
}

impl Case {
    /// Documents to items.
    pub fn map(&self, documents: &[Json<'_>]) -> Vec<Item> {
        let item = |(number, document)| match self.mappings.map(document, &origin(number)) {
            Mapped::Item(item) => item,
            other => panic!("{}: {other:?}", self.name),
        };
        (0..).zip(documents).map(item).collect()
    }

    /// Items to requests that were sent.
    pub fn write(&self, runtime: &Runtime, answers: &Answers, Plan { slots, .. }: Plan, items: &[Item]) {
        let clients = answers.clients();
        let writer = TableWriter {
            client: &clients.dynamodb,
            table: "Table",
            key: self.mappings.key_schema(),
            condition: Condition::Always,
            concurrency: 40,
            most_tries: 1,
        };
        runtime.block_on(async { writer.write(slots, items, Instant::now() + Duration::from_secs(60)).await });
    }
}

pub fn trees(texts: &[String]) -> Vec<Json<'_>> {
    texts.iter().map(|text| parse(text).unwrap()).collect()
}

/// Items to slots.
pub fn planned(items: &[Item]) -> Plan {
    plan(items, None)
}

fn origin(sub_sequence: u32) -> Origin<'static> {
    Origin {
        namespace: NAMESPACE,
        source: "arn:aws:kinesis:us-east-1:123456789012:stream/events",
        shard: "shardId-000000000006",
        sequence: "49590338271490256608559692538361571095921575989136588898",
        sub_sequence,
        partition_key: Some("user-7"),
        key_is_binary: false,
        headers: &[],
        arrival: Some("1545084650.987"),
        batch: Some("2018-12-17"),
    }
}
