//! Any text as a template: plain text stands for itself, and two templates side by side give their texts side by side.

#![no_main]

use libfuzzer_sys::fuzz_target;
use tablefeed::json::{parse, push_string};
use tablefeed::mapping::{Mapped, Mappings, Origin};
use uuid::Uuid;

/// Templates are resolved on these.
const DOCUMENTS: [&str; 3] = ["{}", r#"{"a":"x","b":1.50,"c":true,"d":null,"e":[1],"f":{"a":"é"}}"#, r#"{"":"","a":"{b}","id":"\"\\"}"#];

fuzz_target!(|text: &str| {
    let doubled = text.replace('{', "{{").replace('}', "}}");
    let plain = Template::compile(&doubled).expect("every text can be written with its braces doubled");
    assert!(DOCUMENTS.iter().all(|document| plain.resolve(document).as_deref() == Some(text)), "{text:?} does not stand for itself");
    assert!(!plain.0.needs_batch());

    let middle = text.floor_char_boundary(text.len() / 2);
    let (first, second) = text.split_at(middle);
    let (Some(left), Some(right)) = (Template::compile(first), Template::compile(second)) else { return };
    let both = Template::compile(&format!("{first}|{second}")).expect("two templates side by side are one");
    assert_eq!(both.0.needs_batch(), left.0.needs_batch() || right.0.needs_batch());
    for document in DOCUMENTS {
        let apart = left.resolve(document).zip(right.resolve(document)).map(|(left, right)| format!("{left}|{right}"));
        assert_eq!(both.resolve(document), apart, "{first:?} and {second:?} on {document}");
    }
});

/// A mapping whose attribute `t` is a template behind a plus sign, so that no placeholder stands alone.
struct Template(Mappings);

impl Template {
    fn compile(template: &str) -> Option<Template> {
        let mut text = String::new();
        push_string(&mut text, &format!("+{template}"));
        let declaration = format!(r#"{{"key":{{"partition":"k"}},"types":{{"k":"S"}},"item":{{"k":"{{@id}}","t":{text}}}}}"#);
        Mappings::compile(&declaration).ok().map(Template)
    }

    /// The text that a document gives, without the plus sign; `None` if it lacks something or something cannot be text.
    fn resolve(&self, document: &str) -> Option<String> {
        let document = parse(document).expect("JSON");
        let Mapped::Item(item) = self.0.map(&document, &ORIGIN) else { return None };
        let item: serde_json::Value = serde_json::from_str(&item.json).expect("an item is JSON");
        let text = item["t"]["S"].as_str().expect("a template gives text");
        Some(text.strip_prefix('+').expect("what stands in front stays").to_owned())
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
