//! What can come and what can go wrong: random events, settings and faults.

use std::time::Duration;

use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;
use tablefeed_local::{Fault, Rule, Select, Service};

use crate::event::{Event, aggregate};

/// Text in items that the table refuses.
const REFUSED: &str = "refused-by-the-table";

/// More refused items in one event could look like a table that refuses everything.
const MOST_REFUSED: usize = 6;

/// One event with everything around it.
#[derive(Debug, Clone)]
pub struct Case {
    pub records: Vec<Record>,
    pub keys: Keys,
    pub limit: Option<u8>,
    pub skip_over_limit: bool,
    pub faults: Vec<Planned>,
    /// Little time, so that the margin comes while faults last.
    pub hurried: bool,
}

/// Who chooses an item's key, and so what may become of write failures.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Keys {
    Documents,
    /// And only the newest is written.
    DocumentsNewest,
    Identity,
    IdentityWithLetters,
}

#[derive(Debug, Clone)]
pub enum Record {
    One(Document),
    Array(Vec<Document>),
    Lines(Vec<Document>),
    /// Lines, compressed.
    Zstd(Vec<Document>),
    /// A KPL aggregate with a document in each user record.
    Aggregate(Vec<Document>),
    Broken,
    NotBase64,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Document {
    Fit {
        key: u8,
        refused: bool,
    },
    /// Deletes the item of its key, if documents choose keys.
    Deletion {
        key: u8,
    },
    Unwanted,
    Unfit(&'static str),
}

/// A fault, how many calls it spares first, and how many it strikes; `None` is all of them.
#[derive(Debug, Clone)]
pub struct Planned {
    pub name: &'static str,
    pub skip: u64,
    pub times: Option<u64>,
}

/// Every fault by name, and the service that it strikes; the function has one kind of call to each.
pub const FAULTS: &[(&str, Service)] = &[
    ("table throttled", Service::DynamoDb),
    ("index throttled", Service::DynamoDb),
    ("key range throttled", Service::DynamoDb),
    ("account throttled", Service::DynamoDb),
    ("nothing processed", Service::DynamoDb),
    ("partly processed", Service::DynamoDb),
    ("table 500", Service::DynamoDb),
    ("table 503", Service::DynamoDb),
    ("table reset", Service::DynamoDb),
    ("table answer lost", Service::DynamoDb),
    ("table answer cut", Service::DynamoDb),
    ("table hangs", Service::DynamoDb),
    ("table slow", Service::DynamoDb),
    ("table denied", Service::DynamoDb),
    ("table credentials expired", Service::DynamoDb),
    ("parameter throttled", Service::Ssm),
    ("parameter 500", Service::Ssm),
    ("parameter reset", Service::Ssm),
    ("parameter denied", Service::Ssm),
    ("queue 500", Service::Sqs),
    ("queue reset", Service::Sqs),
    ("queue answer lost", Service::Sqs),
    ("queue entries fail", Service::Sqs),
    ("queue entries refused", Service::Sqs),
    ("queue batch too long", Service::Sqs),
    ("queue denied", Service::Sqs),
];

impl Planned {
    pub fn rule(&self) -> Rule {
        let service = FAULTS.iter().find(|(name, _)| *name == self.name).unwrap().1;
        let rule = Rule::new(fault(self.name)).service(service).skip(self.skip);
        self.times.map_or(rule.clone(), |times| rule.times(times))
    }
}

/// The refusal of marked items, which lasts.
pub fn refusal() -> Rule {
    Rule::new(Fault::refuse_items(REFUSED, "One or more parameter values were invalid"))
}

fn fault(name: &str) -> Fault {
    let typed = |code: &str, reason: &str| Fault::Throttle {
        code: code.to_owned(),
        reasons: vec![(reason.to_owned(), "arn:aws:dynamodb:us-east-1:000000000000:table/CuratedRecords".to_owned())],
    };
    let entries = |code: &str, sender_fault| Fault::FailEntries {
        containing: "sub_sequence".to_owned(),
        code: code.to_owned(),
        sender_fault,
        message: String::new(),
    };
    match name {
        "table throttled" => typed("ProvisionedThroughputExceededException", "TableWriteProvisionedThroughputExceeded"),
        "index throttled" => typed("ThrottlingException", "IndexWriteMaxOnDemandThroughputExceeded"),
        "key range throttled" => typed("ThrottlingException", "TableWriteKeyRangeThroughputExceeded"),
        "account throttled" => typed("RequestLimitExceeded", "TableWriteAccountLimitExceeded"),
        "nothing processed" => Fault::Unprocessed(Select::All),
        "partly processed" => Fault::Unprocessed(Select::Indices([0, 2, 3, 7].into())),
        "table 500" => Fault::error(500, "InternalServerError", ""),
        "table 503" => Fault::error(503, "ServiceUnavailable", ""),
        "table answer lost" | "queue answer lost" => Fault::LostAnswer,
        "table answer cut" => Fault::Cut,
        "table hangs" => Fault::Hang,
        "table slow" => Fault::Delay(Duration::from_millis(40)),
        "table denied" | "parameter denied" | "queue denied" => Fault::error(400, "AccessDeniedException", ""),
        "table credentials expired" => Fault::error(400, "ExpiredTokenException", ""),
        "parameter throttled" => Fault::error(400, "ThrottlingException", ""),
        "parameter 500" | "queue 500" => Fault::error(500, "InternalFailure", ""),
        "queue entries fail" => entries("InternalError", false),
        "queue entries refused" => entries("InvalidMessageContents", true),
        "queue batch too long" => Fault::error(400, "AWS.SimpleQueueService.BatchRequestTooLong", ""),
        "table reset" | "parameter reset" | "queue reset" => Fault::Reset,
        other => panic!("no fault is called {other}"),
    }
}

impl Case {
    /// The mapping of a case; every item keeps the number `n` of its document.
    pub fn mapping(&self) -> &'static str {
        match self.keys {
            Keys::Documents | Keys::DocumentsNewest => {
                r#"{"where": {"kind": ["wanted"]}, "key": {"partition": "k"}, "types": {"k": "S"}, "delete": {"op": ["delete"]},
                    "item": {"k": "{k}", "b": "{@batch}"}, "rest": "keep"}"#
            }
            Keys::Identity | Keys::IdentityWithLetters => {
                r#"{"where": {"kind": ["wanted"]}, "key": {"partition": "id"}, "types": {"id": "S", "k": "S"},
                    "item": {"id": "{@id}", "k": "{k}", "b": "{@batch}"}, "rest": "keep"}"#
            }
        }
    }

    pub fn changes(&self) -> Vec<(&'static str, String)> {
        let limit = self.limit.map_or(String::new(), |limit| limit.to_string());
        let over_limit = if self.skip_over_limit { "skip" } else { "dlq" };
        let write_failures = if self.keys == Keys::IdentityWithLetters { "dlq" } else { "retry" };
        vec![
            ("MAPPING", self.mapping().to_owned()),
            ("PERSIST_RECORDS", limit),
            ("OVER_LIMIT", over_limit.to_owned()),
            ("WRITE_FAILURES", write_failures.to_owned()),
            ("WRITE_MODE", if self.keys == Keys::DocumentsNewest { "newest" } else { "put" }.to_owned()),
        ]
    }

    /// Whether documents choose keys.
    pub fn chosen(&self) -> bool {
        matches!(self.keys, Keys::Documents | Keys::DocumentsNewest)
    }

    pub fn time(&self) -> Duration {
        if self.hurried { Duration::from_millis(1500) } else { Duration::from_secs(20) }
    }

    /// All documents with their places: record, sub-sequence, number.
    pub fn documents(&self) -> Vec<Placed> {
        let mut placed = Vec::new();
        for (record, content) in self.records.iter().enumerate() {
            for (sub_sequence, document) in content.documents().into_iter().enumerate() {
                placed.push(Placed { record, sub_sequence, number: placed.len(), document });
            }
        }
        placed
    }

    pub fn event(&self) -> Event {
        let placed = self.documents();
        self.records.iter().enumerate().fold(Event::default(), |event, (record, content)| {
            let texts: Vec<String> = placed.iter().filter(|placed| placed.record == record).map(Placed::text).collect();
            match content {
                Record::NotBase64 => event.encoded("key", "no base64!"),
                Record::Broken => event.record("key", "{\"kind\": \"wanted\", "),
                Record::One(_) => event.record("key", &texts[0]),
                Record::Array(_) => event.record("key", format!("[{}]", texts.join(", "))),
                Record::Lines(_) => event.record("key", texts.join("\n")),
                Record::Zstd(_) => event.record("key", zstd::encode_all(texts.join("\n").as_bytes(), 1).unwrap()),
                Record::Aggregate(_) => event.record("key", aggregated(&texts)),
            }
        })
    }
}

impl Record {
    fn documents(&self) -> Vec<Document> {
        match self {
            Record::One(document) => vec![*document],
            Record::Array(documents) | Record::Lines(documents) | Record::Zstd(documents) | Record::Aggregate(documents) => {
                documents.clone()
            }
            Record::Broken => vec![Document::Unfit("bad_json")],
            Record::NotBase64 => vec![Document::Unfit("bad_base64")],
        }
    }
}

fn aggregated(texts: &[String]) -> Vec<u8> {
    aggregate(&texts.iter().map(|text| ("key".to_owned(), text.clone().into_bytes())).collect::<Vec<_>>())
}

/// A document and where it stands.
#[derive(Debug, Clone, Copy)]
pub struct Placed {
    pub record: usize,
    pub sub_sequence: usize,
    pub number: usize,
    pub document: Document,
}

impl Placed {
    fn text(&self) -> String {
        let n = self.number;
        match self.document {
            Document::Fit { key, refused: false } => format!(r#"{{"kind":"wanted","k":"k{key}","n":{n}}}"#),
            Document::Fit { key, refused: true } => format!(r#"{{"kind":"wanted","k":"k{key}","n":{n},"mark":"{REFUSED}"}}"#),
            Document::Deletion { key } => format!(r#"{{"kind":"wanted","k":"k{key}","n":{n},"op":"delete"}}"#),
            Document::Unwanted => format!(r#"{{"kind":"unwanted","n":{n}}}"#),
            Document::Unfit("missing_field") => format!(r#"{{"kind":"wanted","n":{n}}}"#),
            Document::Unfit("wrong_key_type") => format!(r#"{{"kind":"wanted","k":{n}}}"#),
            Document::Unfit("number_out_of_range") => r#"{"kind":"wanted","k":"k","x":1E400}"#.to_owned(),
            Document::Unfit(_) => n.to_string(),
        }
    }
}

pub fn cases() -> impl Strategy<Value = Case> {
    let keys = prop_oneof![Just(Keys::Documents), Just(Keys::DocumentsNewest), Just(Keys::Identity), Just(Keys::IdentityWithLetters)];
    let faults = vec(planned(), 0..4);
    (vec(record(), 0..12), keys, option::weighted(0.4, 1u8..5), any::<bool>(), faults, proptest::bool::weighted(0.3)).prop_map(
        |(mut records, keys, limit, skip_over_limit, faults, hurried)| {
            spare(&mut records);
            // What lasts would last as long as there is time.
            let hurried = hurried || faults.iter().any(|fault| fault.times.is_none());
            Case { records, keys, limit, skip_over_limit, faults, hurried }
        },
    )
}

pub fn planned() -> impl Strategy<Value = Planned> {
    let times = prop_oneof![3 => (1u64..4).prop_map(Some), 1 => Just(None)];
    (0..FAULTS.len(), 0u64..3, times).prop_map(|(fault, skip, times)| Planned { name: FAULTS[fault].0, skip, times })
}

fn record() -> impl Strategy<Value = Record> {
    prop_oneof![
        6 => document().prop_map(Record::One),
        3 => vec(document(), 0..5).prop_map(Record::Array),
        2 => lines().prop_map(Record::Lines),
        1 => lines().prop_map(Record::Zstd),
        1 => vec(document(), 0..4).prop_map(Record::Aggregate),
        1 => Just(Record::Broken),
        1 => Just(Record::NotBase64),
    ]
}

fn lines() -> impl Strategy<Value = Vec<Document>> {
    (fit(), vec(document(), 1..4)).prop_map(|(first, rest)| [vec![first], rest].concat())
}

fn document() -> impl Strategy<Value = Document> {
    let unfit = prop_oneof![Just("missing_field"), Just("wrong_key_type"), Just("number_out_of_range"), Just("not_an_object")];
    prop_oneof![8 => fit(), 2 => deletion(), 1 => Just(Document::Unwanted), 2 => unfit.prop_map(Document::Unfit)]
}

fn fit() -> impl Strategy<Value = Document> {
    (0u8..8, proptest::bool::weighted(0.08)).prop_map(|(key, refused)| Document::Fit { key, refused })
}

fn deletion() -> impl Strategy<Value = Document> {
    (0u8..8).prop_map(|key| Document::Deletion { key })
}

/// Takes the mark from refused items past the most that there may be.
fn spare(records: &mut [Record]) {
    let mut seen = 0;
    for record in records {
        let documents: &mut [Document] = match record {
            Record::One(document) => std::slice::from_mut(document),
            Record::Array(documents) | Record::Lines(documents) | Record::Zstd(documents) | Record::Aggregate(documents) => documents,
            Record::Broken | Record::NotBase64 => &mut [],
        };
        for document in documents {
            if let Document::Fit { refused, .. } = document {
                seen += usize::from(*refused);
                *refused &= seen <= MOST_REFUSED;
            }
        }
    }
}
