//! Any text as a declaration and as a document: an item is typed JSON within every limit, under the key that it holds.

#![no_main]

use std::sync::LazyLock;

use libfuzzer_sys::fuzz_target;
use serde_json::{Map, Value};
use tablefeed::json::{Json, parse};
use tablefeed::mapping::{
    Item, Key, KeyAttribute, KeyKind, KeyPart, MAX_ITEM, MAX_NAME, MAX_NESTING, MAX_PARTITION_KEY, MAX_SORT_KEY, Mapped, Mappings, Origin,
};
use tablefeed::number::Number;
use uuid::Uuid;

/// Mappings for any document: the built-in ones, and one with every kind of placeholder, conversion and key.
static MAPPINGS: LazyLock<Vec<Mappings>> = LazyLock::new(|| {
    let declared = Mappings::compile(include_str!("../seeds/mapping/everything.json")).expect("a declaration of our own");
    let built_in = Mappings::BUILT_IN.iter().filter_map(|name| Mappings::built_in(name, true));
    built_in.chain([declared]).collect()
});

/// Documents for any mapping.
const DOCUMENTS: [&str; 3] = [
    "{}",
    r#"{"id":"x","a":1.50,"b":true,"c":null,"d":[1,{"e":"é"}],"f":{"a":"x","n":-1e-7},"s3-key":"waze/1","bucket-name":"b","table-name":"t"}"#,
    r#"{"id":1,"a":"1e3","b":"","c":{},"d":[],"n":99999999999999999999999999999999999999}"#,
];

fuzz_target!(|text: &str| {
    let document = parse(text);
    if let Ok(document) = &document {
        MAPPINGS.iter().for_each(|mappings| maps(mappings, document));
    }
    match Mappings::compile(text) {
        Ok(mappings) => {
            DOCUMENTS.iter().for_each(|document| maps(&mappings, &parse(document).expect("JSON")));
            maps(&mappings, document.as_ref().expect("a declaration is JSON"));
            assert!(mappings.check_batch("").is_err() || !mappings.needs_batch());
        }
        Err(error) => {
            let lines = text.split('\n').count();
            assert!((1..=lines).contains(&error.line) && error.column > 0, "{error}");
            assert!(document.as_ref().map_or(true, |document| document.pointer(&error.pointer).is_some()), "{error}");
        }
    }
});

fn maps(mappings: &Mappings, document: &Json<'_>) {
    let mapped = mappings.map(document, &ORIGIN);
    assert_eq!(mapped, mappings.map(document, &ORIGIN), "one document, one item");
    match &mapped {
        Mapped::Item(item) => is_fit(mappings, item),
        Mapped::Filtered => assert!(matches!(document, Json::Object(_))),
        Mapped::Rejected(rejection) => assert!(!rejection.message.is_empty()),
    }
}

/// Everything that the table would check.
fn is_fit(mappings: &Mappings, item: &Item) {
    let json: Map<String, Value> = serde_json::from_str(&item.json).expect("an item is a JSON object");
    assert_eq!(members(&json, 0), item.size, "{} is counted wrongly, or holds a name twice", item.json);
    assert!(item.size <= MAX_ITEM);
    for (name, kind) in mappings.types() {
        assert!(json.get(name).is_none_or(|value| value.get(kind.letter()).is_some()), "{name} in {}", item.json);
    }
    let schema = mappings.key_schema();
    let partition = key_part(&json, &schema.partition, MAX_PARTITION_KEY);
    let sort = schema.sort.as_ref().map(|attribute| key_part(&json, attribute, MAX_SORT_KEY));
    assert_eq!(Key::new(partition, sort), item.key);
}

fn key_part<'i>(json: &'i Map<String, Value>, attribute: &KeyAttribute, most: usize) -> KeyPart<'i> {
    let text = json[&attribute.name][attribute.kind.letter()].as_str().expect("a key attribute of its type");
    assert!((1..=most).contains(&text.len()) || attribute.kind != KeyKind::S);
    if attribute.kind == KeyKind::N { KeyPart::N(text) } else { KeyPart::S(text) }
}

/// The size of a map's members, as the documentation of DynamoDB counts it.
fn members(members: &Map<String, Value>, depth: usize) -> usize {
    let size = |(name, value): (&String, &Value)| {
        assert!((1..=MAX_NAME).contains(&name.len()));
        name.len() + typed(value, depth)
    };
    members.iter().map(size).sum()
}

/// The size of one typed value that lists and maps stand around.
fn typed(value: &Value, depth: usize) -> usize {
    assert!(depth <= MAX_NESTING);
    let kinds = value.as_object().expect("a typed value is an object");
    assert_eq!(kinds.len(), 1, "{value}");
    match kinds.iter().next().map(|(kind, value)| (kind.as_str(), value)) {
        Some(("NULL", Value::Bool(true)) | ("BOOL", Value::Bool(_))) => 1,
        Some(("S", Value::String(text))) => text.len(),
        Some(("N", Value::String(digits))) => {
            let number = Number::parse(digits).expect("a number");
            number.check().expect("a number that can be stored");
            assert!((1..=22).contains(&number.size()));
            number.size()
        }
        Some(("L", Value::Array(elements))) => 3 + elements.iter().map(|element| 1 + typed(element, depth + 1)).sum::<usize>(),
        Some(("M", Value::Object(map))) => 3 + map.len() + members(map, depth + 1),
        _ => panic!("not a typed value: {value}"),
    }
}

const ORIGIN: Origin<'static> = Origin {
    namespace: Uuid::nil(),
    source: "arn:aws:kinesis:us-east-1:123456789012:stream/events",
    shard: "shardId-000000000006",
    sequence: "49590338271490256608559692538361571095921575989136588898",
    sub_sequence: 7,
    partition_key: Some("user-7"),
    key_is_binary: false,
    headers: &[],
    arrival: Some("1545084650.987"),
    batch: Some("2018-12-17"),
};
