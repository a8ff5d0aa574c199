//! Conversions: `{"from": "ttl-seconds", "as": "ttl", "after": "30d", "default": 0}`.
//!
//! In: an object of the declaration; a document and its origin. Out: the converted content, exact to the last digit.

use std::borrow::Cow;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::content::Content;
use super::error::{Fault, under};
use super::key::KeyKind;
use super::reference::{Need, Reference, Scope};
use super::value::Value;
use super::{Rejection, declaration, sets, suggest};
use crate::json::Json;
use crate::number::Number;
use crate::reason::Reason;

/// The last second of the year 9999.
const END_OF_TIME: i64 = 253_402_300_799;

const KINDS: &[&str] = &["number", "string", "ttl", "binary", "string_set", "number_set", "binary_set"];

/// A reference whose value becomes another type.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Conversion {
    pub(super) from: Reference,
    to: Option<To>,
    /// What stands for an absent value: as it is, or converted if JSON has nothing like it.
    pub(super) default: Option<Value>,
}

/// What a conversion makes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum To {
    Number,
    String,
    /// Whole epoch seconds, this many later.
    Ttl(i64),
    Binary,
    Set(KeyKind),
}

/// Compiles an object that has a member `from`.
pub(super) fn compile(members: &[(Cow<'_, str>, Json<'_>)]) -> Result<Value, Fault> {
    declaration::only(members, &["from", "as", "after", "default"], "a conversion")?;
    let member = |name: &str| members.iter().find(|(known, _)| known == name).map(|(_, value)| value);
    let text = |name: &str| member(name).map(|json| declaration::text(json).map_err(under(name))).transpose();
    let from = Reference::compile(text("from")?.unwrap_or_default()).map_err(under("from"))?;
    let after = text("after")?.map(|after| seconds(after).map_err(under("after"))).transpose()?;
    let to = match text("as")? {
        None => None,
        Some("number") => Some(To::Number),
        Some("string") => Some(To::String),
        Some("ttl") => Some(To::Ttl(after.unwrap_or(0))),
        Some("binary") => Some(To::Binary),
        Some("string_set") => Some(To::Set(KeyKind::S)),
        Some("number_set") => Some(To::Set(KeyKind::N)),
        Some("binary_set") => Some(To::Set(KeyKind::B)),
        Some(other) => return Err(Fault::new(format!("unknown conversion `{other}`{}", suggest::hint(other, KINDS))).under("as")),
    };
    if after.is_some() && !matches!(to, Some(To::Ttl(_))) {
        return Err(Fault::new("`after` belongs to `\"as\": \"ttl\"`").under("after"));
    }
    let default = member("default").map(|json| Value::literal(json).map_err(under("default"))).transpose()?;
    if let (Some(to), Some(constant)) = (to.filter(|to| to.has_no_json()), default.as_ref().and_then(Value::constant)) {
        to.of(constant).map_err(|what| Fault::new(format!("the default {what}")).under("default"))?;
    }
    Ok(Value::Conversion(Box::new(Conversion { from, to, default })))
}

/// The bytes that a reference finds as base64.
pub(super) fn binary(from: Reference) -> Value {
    Value::Conversion(Box::new(Conversion { from, to: Some(To::Binary), default: None }))
}

/// A duration: digits and one of the units s, m, h, d, w.
fn seconds(text: &str) -> Result<i64, Fault> {
    let unit = match text.as_bytes().last() {
        Some(b's') => 1,
        Some(b'm') => 60,
        Some(b'h') => 3600,
        Some(b'd') => 86_400,
        Some(b'w') => 604_800,
        _ => 0,
    };
    let digits = text.get(..text.len().saturating_sub(1)).filter(|digits| digits.bytes().all(|byte| byte.is_ascii_digit()));
    let count: Option<i64> = digits.and_then(|digits| digits.parse().ok());
    match count.and_then(|count| count.checked_mul(unit)) {
        Some(seconds) if unit > 0 && seconds <= END_OF_TIME => Ok(seconds),
        _ => Err(Fault::new(format!("`{text}` is not a duration such as `90s`, `15m`, `12h`, `30d` or `2w`"))),
    }
}

impl Conversion {
    /// The converted content; the default if there is nothing to convert; `None` if it is to be left out.
    pub(super) fn resolve<'d>(&'d self, scope: &Scope<'d>) -> Result<Option<Content<'d>>, Rejection> {
        let refused = |what: String| Rejection::new(Reason::BadValue, format!("{} {what}", self.from.name()));
        let convert = |content, to: Option<To>| match to {
            Some(to) => to.of(content).map(Some).map_err(refused),
            None => Ok(Some(content)),
        };
        match (self.from.find(scope)?, &self.default) {
            (Some(content), _) => convert(content, self.to),
            (None, Some(default)) => match default.constant() {
                Some(constant) => convert(constant, self.to.filter(|to| to.has_no_json())),
                None => default.resolve(scope),
            },
            (None, None) if self.from.need == Need::Optional => Ok(None),
            (None, None) => Err(self.from.absent(scope)),
        }
    }

    /// See [`Value::contradicts`].
    pub(super) fn contradicts(&self, kind: KeyKind) -> Option<&'static str> {
        let converted = match self.to {
            None => Value::Reference(self.from.clone()).contradicts(kind),
            Some(To::String) => (kind != KeyKind::S).then_some("a string"),
            Some(To::Number | To::Ttl(_)) => (kind != KeyKind::N).then_some("a number"),
            Some(To::Binary) => return (kind != KeyKind::B).then_some("bytes"),
            Some(To::Set(_)) => return Some("a set"),
        };
        converted.or_else(|| self.default.as_ref()?.contradicts(kind))
    }
}

impl To {
    /// Whether JSON has nothing of this type, so that a default is written as a document would write it.
    fn has_no_json(self) -> bool {
        matches!(self, To::Binary | To::Set(_))
    }

    /// The converted content, or what is wrong with it.
    fn of(self, content: Content<'_>) -> Result<Content<'_>, String> {
        let or = |what: &str| what.to_owned();
        match self {
            To::Number => number(content).ok_or_else(|| or("is neither a number nor a string that is one")),
            To::String => content.into_text().map(Content::Text).ok_or_else(|| or("is neither a string, a number nor a boolean")),
            To::Ttl(after) => ttl(&content, after).ok_or_else(|| or("is not a number of epoch seconds between 1970 and the year 9999")),
            To::Binary => bytes(&content).ok_or_else(|| or("is not a string in base64, with its padding and without white space")),
            To::Set(kind) => sets::set(kind, &content, |element| To::element(kind).of(element)),
        }
    }

    /// What the elements of a set are converted to.
    fn element(kind: KeyKind) -> To {
        match kind {
            KeyKind::S => To::String,
            KeyKind::N => To::Number,
            KeyKind::B => To::Binary,
        }
    }
}

fn number(content: Content<'_>) -> Option<Content<'_>> {
    match content {
        Content::Number(digits) => Some(Content::Number(digits)),
        Content::Text(text) if Number::parse(&text).is_some() => Some(Content::Number(text)),
        _ => None,
    }
}

fn bytes<'d>(content: &Content<'d>) -> Option<Content<'d>> {
    let Content::Text(text) = content else { return None };
    STANDARD.decode(text.as_bytes()).ok().map(Content::Bytes)
}

fn ttl<'d>(content: &Content<'d>, after: i64) -> Option<Content<'d>> {
    let Content::Number(digits) = content else { return None };
    let start = Number::parse(digits)?.floor().filter(|start| (0..=END_OF_TIME).contains(start))?;
    let end = (start + after <= END_OF_TIME).then_some(start + after)?;
    Some(Content::Number(Cow::Owned(end.to_string())))
}

#[cfg(test)]
mod tests {
    use super::super::origin::tests::ORIGIN;
    use super::super::time::{ARRIVAL, Time};
    use super::super::typed_json::Writer;
    use super::*;
    use crate::json::parse;

    fn convert(conversion: &str, document: &str) -> Result<Option<String>, Reason> {
        let document = parse(document).unwrap();
        let value = Value::compile(&parse(conversion).unwrap()).unwrap();
        let content =
            value.resolve(&Scope { document: &document, origin: &ORIGIN, time: &ARRIVAL }).map_err(|rejection| rejection.reason)?;
        Ok(content.map(|content| format!("{} {}", content.kind(), content.into_text().unwrap_or_default())))
    }

    #[test]
    fn numbers_come_from_numbers_and_from_texts_that_are_numbers() {
        let number = r#"{"from":"a","as":"number"}"#;
        assert_eq!(convert(number, r#"{"a":1.50}"#).unwrap().unwrap(), "a number 1.50");
        assert_eq!(convert(number, r#"{"a":"-1.50e3"}"#).unwrap().unwrap(), "a number -1.50e3");
        for document in [r#"{"a":" 1"}"#, r#"{"a":"0x1"}"#, r#"{"a":""}"#, r#"{"a":true}"#, r#"{"a":null}"#, r#"{"a":[1]}"#] {
            assert_eq!(convert(number, document), Err(Reason::BadValue), "{document}");
        }
    }

    #[test]
    fn strings_come_from_strings_numbers_and_booleans() {
        let string = r#"{"from":"a","as":"string"}"#;
        assert_eq!(convert(string, r#"{"a":1.50}"#).unwrap().unwrap(), "a string 1.50");
        assert_eq!(convert(string, r#"{"a":false}"#).unwrap().unwrap(), "a string false");
        assert_eq!(convert(string, r#"{"a":null}"#), Err(Reason::BadValue));
    }

    #[test]
    fn a_ttl_is_whole_seconds_from_the_digits() {
        let arrival = r#"{"from":"@arrival","as":"ttl","after":"30d"}"#;
        assert_eq!(convert(arrival, "{}").unwrap().unwrap(), "a number 1547676650");
        let field = r#"{"from":"a","as":"ttl"}"#;
        assert_eq!(convert(field, r#"{"a":253402300799.999}"#).unwrap().unwrap(), "a number 253402300799");
        assert_eq!(convert(field, r#"{"a":1.5e9}"#).unwrap().unwrap(), "a number 1500000000");
        for document in [r#"{"a":253402300800}"#, r#"{"a":-0.1}"#, r#"{"a":1e400}"#, r#"{"a":"1500000000"}"#] {
            assert_eq!(convert(field, document), Err(Reason::BadValue), "{document}");
        }
        assert_eq!(convert(r#"{"from":"a","as":"ttl","after":"1s"}"#, r#"{"a":253402300799}"#), Err(Reason::BadValue));
    }

    fn typed(conversion: &str, document: &str) -> Result<String, (Reason, String)> {
        let document = parse(document).unwrap();
        let value = Value::compile(&parse(conversion).unwrap()).unwrap();
        let scope = Scope { document: &document, origin: &ORIGIN, time: &ARRIVAL };
        let mut writer = Writer::new();
        let written = value.resolve(&scope).and_then(|content| {
            writer.name("a")?;
            writer.content(&content.unwrap(), &scope)
        });
        written.map(|()| writer.finish().0).map_err(|rejection| (rejection.reason, rejection.message))
    }

    #[test]
    fn a_set_holds_each_typed_value_once() {
        for (to, array, expected) in [
            ("string_set", r#"["b","a","b",1,true,"1",""]"#, r#"{"a":{"SS":["b","a","1","true",""]}}"#),
            ("number_set", r#"[1.0,"1",1e0,-0,0,2]"#, r#"{"a":{"NS":["1.0","-0","2"]}}"#),
            ("binary_set", r#"["AP8=","","AP8="]"#, r#"{"a":{"BS":["AP8=",""]}}"#),
        ] {
            let conversion = format!(r#"{{"from":"a","as":"{to}"}}"#);
            assert_eq!(typed(&conversion, &format!(r#"{{"a":{array}}}"#)).unwrap(), expected);
            for unfit in ["[]", "null", "\"x\"", "{}", "[null]", "[[]]"] {
                let (reason, message) = typed(&conversion, &format!(r#"{{"a":{unfit}}}"#)).unwrap_err();
                assert_eq!((reason, message.starts_with("field `a` ")), (Reason::BadValue, true), "{to} {unfit}: {message}");
            }
        }
        let of_numbers = r#"{"from":"a","as":"number_set"}"#;
        assert_eq!(typed(of_numbers, r#"{"a":[1,1e400]}"#).unwrap_err().0, Reason::NumberOutOfRange);
        assert!(typed(of_numbers, r#"{"a":[1,"x"]}"#).unwrap_err().1.contains("has an element that is neither a number nor"));
    }

    #[test]
    fn defaults_of_what_json_has_not_are_converted() {
        assert_eq!(typed(r#"{"from":"a","as":"binary","default":"AP8="}"#, "{}").unwrap(), r#"{"a":{"B":"AP8="}}"#);
        assert_eq!(typed(r#"{"from":"a","as":"string_set","default":["x","x"]}"#, "{}").unwrap(), r#"{"a":{"SS":["x"]}}"#);
        assert_eq!(typed(r#"{"from":"a","as":"binary"}"#, r#"{"a":"AP8"}"#).unwrap_err().0, Reason::BadValue);
    }

    #[test]
    fn a_ttl_counts_from_the_documents_own_time() {
        let document = parse(r#"{"t":"2018-12-17T22:10:50.987Z"}"#).unwrap();
        let time = Time::compile(&parse(r#"{"field":"t"}"#).unwrap()).unwrap();
        let value = Value::compile(&parse(r#"{"from":"@time","as":"ttl","after":"30d"}"#).unwrap()).unwrap();
        let content = value.resolve(&Scope { document: &document, origin: &ORIGIN, time: &time }).unwrap().unwrap();
        assert_eq!(content.into_text().unwrap(), "1547676650");
    }

    #[test]
    fn the_default_stands_for_what_is_absent_and_only_for_that() {
        assert_eq!(convert(r#"{"from":"a","default":"{x}"}"#, "{}").unwrap().unwrap(), "a string {x}");
        assert_eq!(convert(r#"{"from":"a","default":1}"#, r#"{"a":null}"#).unwrap().unwrap(), "null ");
        assert_eq!(convert(r#"{"from":"a?","as":"number"}"#, "{}"), Ok(None));
        assert_eq!(convert(r#"{"from":"a","as":"number"}"#, "{}"), Err(Reason::MissingField));
        assert_eq!(convert(r#"{"from":"a|b|@shard"}"#, r#"{"b":2}"#).unwrap().unwrap(), "a number 2");
    }

    #[test]
    fn durations_have_a_number_and_a_unit() {
        assert_eq!(["0s", "90s", "15m", "12h", "30d", "2w"].map(|text| seconds(text).unwrap()), [0, 90, 900, 43_200, 2_592_000, 1_209_600]);
        for text in ["", "d", "30", "30 d", "-1d", "+1d", "1.5d", "30days", "99999999999999999999w", "9999999w", "3é"] {
            assert!(seconds(text).is_err(), "{text}");
        }
    }
}
