//! An item as plain JSON, without DynamoDB's type letters.
//!
//! Numbers keep the digits that DynamoDB returned, sets are arrays, binary is base64 text. Members come in an order that does not change.

use std::borrow::Cow;
use std::collections::HashMap;

use aws_sdk_dynamodb::primitives::Blob;
use aws_sdk_dynamodb::types::AttributeValue;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use tablefeed::json::Json;
use tablefeed::number::Number;

pub type Item = HashMap<String, AttributeValue>;

/// The item with its key attributes first, then the others by name.
pub fn item<'i>(item: &'i Item, key: &[String]) -> Json<'i> {
    item_as(item, key, &value)
}

/// The same with every value written by `write`.
pub fn item_as<'i>(item: &'i Item, key: &[String], write: &dyn Fn(&'i AttributeValue) -> Json<'i>) -> Json<'i> {
    let mut members = members(item, write);
    members.sort_by_key(|(name, _)| key.iter().position(|part| part == name).unwrap_or(key.len()));
    Json::Object(members)
}

/// One value.
pub fn value(value: &AttributeValue) -> Json<'_> {
    match value {
        AttributeValue::S(text) => Json::String(text.into()),
        AttributeValue::N(digits) => number(digits),
        AttributeValue::Bool(flag) => Json::Bool(*flag),
        AttributeValue::B(bytes) => binary(bytes),
        AttributeValue::L(list) => Json::Array(list.iter().map(self::value).collect()),
        AttributeValue::M(map) => Json::Object(members(map, &self::value)),
        AttributeValue::Ss(texts) => Json::Array(sorted(texts).into_iter().map(|text| Json::String(text.into())).collect()),
        AttributeValue::Ns(numbers) => Json::Array(sorted(numbers).into_iter().map(|digits| number(digits)).collect()),
        AttributeValue::Bs(blobs) => Json::Array(blobs.iter().map(binary).collect()),
        _ => Json::Null,
    }
}

/// One value for a cell of a table: text as it is, anything else as JSON.
pub fn cell(attribute: &AttributeValue) -> String {
    match attribute {
        AttributeValue::S(text) => text.clone(),
        other => value(other).to_string(),
    }
}

fn members<'i>(map: &'i Item, write: &dyn Fn(&'i AttributeValue) -> Json<'i>) -> Vec<(Cow<'i, str>, Json<'i>)> {
    let mut members: Vec<_> = map.iter().map(|(name, attribute)| (Cow::from(name), write(attribute))).collect();
    members.sort_by(|(one, _), (other, _)| one.cmp(other));
    members
}

fn number(digits: &str) -> Json<'_> {
    if Number::parse(digits).is_some() { Json::Number(digits) } else { Json::String(digits.into()) }
}

fn binary(bytes: &Blob) -> Json<'static> {
    Json::String(STANDARD.encode(bytes.as_ref()).into())
}

/// A set has no order of its own.
fn sorted(set: &[String]) -> Vec<&String> {
    let mut sorted: Vec<&String> = set.iter().collect();
    sorted.sort();
    sorted
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_item_is_plain_json_with_its_key_first() {
        let made = Item::from([
            ("a".to_owned(), AttributeValue::N("1234567890123456789012345678901234567.8".to_owned())),
            ("b".to_owned(), AttributeValue::B(Blob::new(b"\x00\x01"))),
            ("id".to_owned(), AttributeValue::S("x\"y".to_owned())),
            ("n".to_owned(), AttributeValue::Null(true)),
            ("s".to_owned(), AttributeValue::Ss(vec!["q".to_owned(), "p".to_owned()])),
        ]);
        assert_eq!(
            item(&made, &["id".to_owned()]).to_string(),
            r#"{"id":"x\"y","a":1234567890123456789012345678901234567.8,"b":"AAE=","n":null,"s":["p","q"]}"#
        );
    }
}
