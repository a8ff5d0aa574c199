//! A generated record's data: a curated document of about 300 bytes, or poison.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use super::random::Random;

const STATES: [&str; 8] = ["VA", "MD", "CA", "TX", "OH", "WA", "NY", "FL"];
const KINDS: [&str; 3] = ["alert", "jam", "irregularity"];

/// Ways to be unfit; each becomes exactly one letter under the mapping `curated`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Poison {
    BadBase64,
    NotJson,
    NotAnObject,
    MissingField,
    EmptyKey,
    NumberForText,
    TooManyDigits,
}

impl Poison {
    pub const ALL: [Poison; 7] = [
        Poison::BadBase64,
        Poison::NotJson,
        Poison::NotAnObject,
        Poison::MissingField,
        Poison::EmptyKey,
        Poison::NumberForText,
        Poison::TooManyDigits,
    ];
}

/// The record's data in base64, except where the poison is that it is not.
pub fn data(random: &mut Random, poison: Option<Poison>) -> String {
    let mut document = curated(random);
    let text = match poison {
        Some(Poison::BadBase64) => return format!("*{}*", STANDARD.encode(document.to_string())),
        Some(Poison::NotJson) => {
            let mut text = document.to_string();
            text.truncate(text.len() / 2);
            text
        }
        Some(Poison::NotAnObject) => Value::from(document.to_string()).to_string(),
        Some(Poison::TooManyDigits) => {
            let digits: String = (0..39).map(|_| char::from(b'1' + random.byte() % 9)).collect();
            document["num-records"] = "DIGITS".into();
            document.to_string().replace("\"DIGITS\"", &digits)
        }
        Some(Poison::MissingField) => {
            document.as_object_mut().and_then(|members| members.remove("table-name"));
            document.to_string()
        }
        Some(Poison::EmptyKey) => {
            document["table-name"] = "".into();
            document.to_string()
        }
        Some(Poison::NumberForText) => {
            document["table-name"] = random.below(1000).into();
            document.to_string()
        }
        None => document.to_string(),
    };
    STANDARD.encode(text)
}

fn curated(random: &mut Random) -> Value {
    let (state, kind) = (*random.one_of(&STATES), *random.one_of(&KINDS));
    let (year, month) = (2017 + random.below(6), 1 + random.below(12));
    let (day, hour) = (1 + random.below(28), random.below(24));
    let file = format!("{:016x}{:016x}", random.next(), random.next());
    json!({
        "s3-key": format!("waze/type={kind}/state={state}/year={year}/month={month:02}/day={day:02}/hour={hour:02}/{file}.csv.gz"),
        "bucket-name": "example-bucket-with-curated-waze-records-us-east-1",
        "table-name": format!("dw_waze.{kind}"),
        "state": state,
        "month": format!("{month:02}"),
        "year": year.to_string(),
        "num-records": random.below(100_000),
        "is-historical": random.one_of(&["False", "True"]),
    })
}
