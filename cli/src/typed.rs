//! JSON to attribute values, plain or typed; and attribute values to typed JSON.
//!
//! Plain JSON has no sets and no binary. Typed JSON is DynamoDB's own, `{"S":"x"}`: numbers as text, binary as base64. Numbers keep their digits
//! either way. A fault is told with its place (a JSON Pointer), never with its content.

use aws_sdk_dynamodb::primitives::Blob;
use aws_sdk_dynamodb::types::AttributeValue;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use tablefeed::json::Json;
use tablefeed::number::Number;

use crate::attribute::Item;
use crate::exit::BadInput;

/// How items are written down.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    Plain,
    Typed,
}

impl Form {
    pub fn of(typed: bool) -> Form {
        if typed { Form::Typed } else { Form::Plain }
    }

    /// Reads one item.
    pub fn item(self, text: &str) -> anyhow::Result<Item> {
        let json = tablefeed::json::parse(text).map_err(|error| BadInput::error(format!("the item is not JSON: {error}")))?;
        let Json::Object(members) = json else {
            return Err(BadInput::error(format!("the item is {}; it must be an object", json.kind())));
        };
        self.members(&members, "").map_err(|message| BadInput::error(format!("the item cannot be stored: {message}")))
    }

    /// Reads one value; `place` is told where something is wrong.
    pub fn value(self, json: &Json<'_>, place: &str) -> Result<AttributeValue, String> {
        match self {
            Form::Plain => self.plain(json, place),
            Form::Typed => self.typed(json, place),
        }
    }

    /// Writes an item, its key attributes first.
    pub fn write<'i>(self, item: &'i Item, key: &[String]) -> Json<'i> {
        match self {
            Form::Plain => crate::attribute::item(item, key),
            Form::Typed => crate::attribute::item_as(item, key, &write_typed),
        }
    }

    fn plain(self, json: &Json<'_>, place: &str) -> Result<AttributeValue, String> {
        Ok(match json {
            Json::Null => AttributeValue::Null(true),
            Json::Bool(flag) => AttributeValue::Bool(*flag),
            Json::Number(digits) => AttributeValue::N(number(digits, place)?),
            Json::String(text) => AttributeValue::S(text.to_string()),
            Json::Array(elements) => AttributeValue::L(self.elements(elements, place)?),
            Json::Object(members) => AttributeValue::M(self.members(members, place)?),
        })
    }

    fn typed(self, json: &Json<'_>, place: &str) -> Result<AttributeValue, String> {
        let Json::Object(members) = json else { return Err(format!("{place} is no typed value such as {{\"S\":\"x\"}}")) };
        let [(kind, content)] = members.as_slice() else { return Err(format!("{place} must have one member, its type")) };
        let place = &format!("{place}/{kind}");
        let set = |read: fn(&Json<'_>, &str) -> Result<String, String>| elements_as(content, place, read);
        Ok(match (kind.as_ref(), content) {
            ("S", content) => AttributeValue::S(text(content, place)?),
            ("N", content) => AttributeValue::N(number_text(content, place)?),
            ("B", content) => AttributeValue::B(binary(content, place)?),
            ("BOOL", Json::Bool(flag)) => AttributeValue::Bool(*flag),
            ("NULL", Json::Bool(true)) => AttributeValue::Null(true),
            ("L", Json::Array(elements)) => AttributeValue::L(self.elements(elements, place)?),
            ("M", Json::Object(members)) => AttributeValue::M(self.members(members, place)?),
            ("SS", _) => AttributeValue::Ss(set(text)?),
            ("NS", _) => AttributeValue::Ns(set(number_text)?),
            ("BS", _) => AttributeValue::Bs(elements_as(content, place, binary)?),
            ("BOOL" | "NULL" | "L" | "M", other) => return Err(format!("{place} cannot be {}", other.kind())),
            _ => return Err(format!("{place} is no type; known are S, N, B, BOOL, NULL, L, M, SS, NS and BS")),
        })
    }

    fn elements(self, elements: &[Json<'_>], place: &str) -> Result<Vec<AttributeValue>, String> {
        elements.iter().enumerate().map(|(index, element)| self.value(element, &format!("{place}/{index}"))).collect()
    }

    fn members(self, members: &[(std::borrow::Cow<'_, str>, Json<'_>)], place: &str) -> Result<Item, String> {
        members.iter().map(|(name, member)| Ok((name.to_string(), self.value(member, &format!("{place}/{name}"))?))).collect()
    }
}

fn text(json: &Json<'_>, place: &str) -> Result<String, String> {
    if let Json::String(text) = json { Ok(text.to_string()) } else { Err(format!("{place} must be a string")) }
}

fn number_text(json: &Json<'_>, place: &str) -> Result<String, String> {
    number(&text(json, place)?, place)
}

fn number(digits: &str, place: &str) -> Result<String, String> {
    let number = Number::parse(digits).ok_or_else(|| format!("{place} is no number"))?;
    number.check().map_err(|fault| format!("{place}: {fault}"))?;
    Ok(digits.to_owned())
}

fn binary(json: &Json<'_>, place: &str) -> Result<Blob, String> {
    STANDARD.decode(text(json, place)?).map(Blob::new).map_err(|_| format!("{place} must be base64"))
}

fn elements_as<T>(json: &Json<'_>, place: &str, read: impl Fn(&Json<'_>, &str) -> Result<T, String>) -> Result<Vec<T>, String> {
    match json {
        Json::Array(elements) if !elements.is_empty() => {
            elements.iter().enumerate().map(|(index, element)| read(element, &format!("{place}/{index}"))).collect()
        }
        _ => Err(format!("{place} must be an array that is not empty")),
    }
}

/// One value as typed JSON.
fn write_typed(value: &AttributeValue) -> Json<'_> {
    let typed = |kind: &'static str, content| Json::Object(vec![(kind.into(), content)]);
    let string = |text: &str| Json::String(text.to_owned().into());
    let base64 = |bytes: &Blob| Json::String(STANDARD.encode(bytes.as_ref()).into());
    let sorted = |texts: &[String]| {
        let mut texts = texts.to_vec();
        texts.sort();
        Json::Array(texts.into_iter().map(|text| Json::String(text.into())).collect())
    };
    match value {
        AttributeValue::S(text) => typed("S", string(text)),
        AttributeValue::N(digits) => typed("N", string(digits)),
        AttributeValue::B(bytes) => typed("B", base64(bytes)),
        AttributeValue::Bool(flag) => typed("BOOL", Json::Bool(*flag)),
        AttributeValue::L(list) => typed("L", Json::Array(list.iter().map(write_typed).collect())),
        AttributeValue::M(map) => typed("M", crate::attribute::item_as(map, &[], &write_typed)),
        AttributeValue::Ss(texts) => typed("SS", sorted(texts)),
        AttributeValue::Ns(numbers) => typed("NS", sorted(numbers)),
        AttributeValue::Bs(blobs) => typed("BS", Json::Array(blobs.iter().map(base64).collect())),
        _ => typed("NULL", Json::Bool(true)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_type_comes_back_as_it_was() {
        let typed = concat!(
            r#"{"id":{"S":"é\""},"b":{"B":"AAE="},"bs":{"BS":["AAE="]},"f":{"BOOL":false},"l":{"L":[{"N":"1"},{"NULL":true}]},"#,
            r#""m":{"M":{"S":{"S":"x"}}},"n":{"N":"12345678901234567890123456789012345678"},"ns":{"NS":["1","2.50"]},"ss":{"SS":["a","b"]}}"#
        );
        let item = Form::Typed.item(typed).unwrap();
        assert_eq!(Form::Typed.write(&item, &["id".to_owned()]).to_string(), typed);
        let plain = r#"{"id":"x","a":[1.10,{"S":"y"}],"n":null,"t":true}"#;
        assert_eq!(Form::Plain.write(&Form::Plain.item(plain).unwrap(), &["id".to_owned()]).to_string(), plain);
    }

    #[test]
    fn a_fault_is_told_with_its_place_and_without_its_content() {
        let plain = |text| Form::Plain.item(text).unwrap_err().to_string();
        assert_eq!(plain(r#"{"a":[1e200]}"#), "the item cannot be stored: /a/0: a number is outside 1E-130 … 9.99E+125");
        assert_eq!(plain("[1]"), "the item is an array; it must be an object");
        assert!(plain("{").starts_with("the item is not JSON: "));
        let typed = |text| Form::Typed.item(text).unwrap_err().to_string();
        assert!(typed(r#"{"a":"secret"}"#).ends_with(r#"/a is no typed value such as {"S":"x"}"#));
        assert!(typed(r#"{"a":{"X":1}}"#).contains("/a/X is no type"));
        assert!(typed(r#"{"a":{"SS":[]}}"#).contains("/a/SS must be an array that is not empty"));
        assert!(typed(r#"{"a":{"N":5}}"#).contains("/a/N must be a string"));
        assert!(typed(r#"{"a":{"B":"secret?"}}"#).ends_with("/a/B must be base64"));
        assert!(typed(r#"{"a":{"BOOL":"x"}}"#).contains("/a/BOOL cannot be a string"));
    }
}
