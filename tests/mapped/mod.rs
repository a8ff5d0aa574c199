//! Documents beside mappings that take them: what is measured of the way from a document's text to its item.
//!
//! For `tests/allocations.rs`.

use tablefeed::json::{Json, parse};
use tablefeed::mapping::{Item, Mapped, Mappings, Origin, ShortForm};
use tablefeed::settings::NAMESPACE;

const CURATED: &str = r#"{"bucket-name":"curated","s3-key":"waze/alert/2018/12/17/part-00007.csv","table-name":"alert","state":"MD",
    "num-records":1200,"is-historical":"False","year":"2018","month":"12","etl-time":"17","ignored":{"a":[1,2,3]}}"#;

const NESTED: &str = r#"{"id":"order-7","at":1545084650987,"total":119.90,"paid":true,"note":null,"customer":{"name":"Ada","mail":"ada@example.com",
    "tags":["new","said \"yes\""]},"lines":[{"sku":"a-1","count":2,"price":39.95},{"sku":"b-2","count":1,"price":40.00}]}"#;

const TIMED: &str = r#"{"timestamp":1667844200703123,"key1":"value1","key2":10,"key3":"value3"}"#;

/// A mapping, and a document that it takes.
pub struct Case {
    pub name: &'static str,
    pub text: &'static str,
    mappings: Mappings,
}

pub fn cases() -> [Case; 3] {
    let built_in = |name| Mappings::built_in(name, true).unwrap();
    let short =
        ShortForm { partition: "key1", sort: Some("day|%Y-%m-%dT%H:%M:%S.%f%z"), time_zone: Some("Europe/Berlin"), ..ShortForm::default() };
    [
        Case { name: "curated", text: CURATED, mappings: built_in("curated") },
        Case { name: "document", text: NESTED, mappings: built_in("document") },
        Case { name: "derived keys", text: TIMED, mappings: Mappings::derived(short).unwrap() },
    ]
}

impl Case {
    pub fn document(&self) -> Json<'static> {
        parse(self.text).unwrap()
    }

    pub fn item(&self, document: &Json<'_>) -> Item {
        match self.mappings.map(document, &ORIGIN) {
            Mapped::Item(item) => item,
            other => panic!("{}: {other:?}", self.name),
        }
    }
}

const ORIGIN: Origin<'static> = Origin {
    namespace: NAMESPACE,
    source: "arn:aws:kinesis:us-east-1:123456789012:stream/events",
    shard: "shardId-000000000006",
    sequence: "49590338271490256608559692538361571095921575989136588898",
    sub_sequence: 0,
    partition_key: Some("user-7"),
    key_is_binary: false,
    headers: &[],
    arrival: Some("1545084650.987"),
    batch: Some("2018-12-17"),
};
