//! Conversions: `{"from": "ttl-seconds", "as": "ttl", "after": "30d", "default": 0}`.
//!
//! In: an object of the declaration; a document and its origin. Out: the converted content, exact to the last digit.

use std::borrow::Cow;

use super::content::Content;
use super::error::{Fault, under};
use super::key::KeyKind;
use super::reference::{Need, Reference, Scope};
use super::value::Value;
use super::{Rejection, declaration, suggest};
use crate::json::Json;
use crate::number::Number;
use crate::reason::Reason;

/// The last second of the year 9999.
const END_OF_TIME: i64 = 253_402_300_799;

const KINDS: &[&str] = &["number", "string", "ttl"];
const NOT_YET: &[&str] = &["binary", "string_set", "number_set", "binary_set"];

/// A reference whose value becomes another type.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Conversion {
    pub(super) from: Reference,
    to: Option<To>,
    /// What stands for an absent value, as it is, not converted.
    pub(super) default: Option<Value>,
}

/// What a conversion makes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum To {
    Number,
    String,
    /// Whole epoch seconds, this many later.
    Ttl(i64),
}

/// Compiles an object that has a member `from`.
pub(super) fn compile(members: &[(Cow<'_, str>, Json<'_>)]) -> Result<Value, Fault> {
    declaration::only(members, &["from", "as", "after", "default"], &[], "a conversion")?;
    let member = |name: &str| members.iter().find(|(known, _)| known == name).map(|(_, value)| value);
    let text = |name: &str| member(name).map(|json| declaration::text(json).map_err(under(name))).transpose();
    let from = Reference::compile(text("from")?.unwrap_or_default()).map_err(under("from"))?;
    let after = text("after")?.map(|after| seconds(after).map_err(under("after"))).transpose()?;
    let to = match text("as")? {
        None => None,
        Some("number") => Some(To::Number),
        Some("string") => Some(To::String),
        Some("ttl") => Some(To::Ttl(after.unwrap_or(0))),
        Some(other) if NOT_YET.contains(&other) => {
            return Err(Fault::new(format!("conversion to `{other}` is not supported yet")).under("as"));
        }
        Some(other) => return Err(Fault::new(format!("unknown conversion `{other}`{}", suggest::hint(other, KINDS))).under("as")),
    };
    if after.is_some() && !matches!(to, Some(To::Ttl(_))) {
        return Err(Fault::new("`after` belongs to `\"as\": \"ttl\"`").under("after"));
    }
    let default = member("default").map(|json| Value::literal(json).map_err(under("default"))).transpose()?;
    Ok(Value::Conversion(Box::new(Conversion { from, to, default })))
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
        let Some(content) = self.from.find(scope)? else {
            return match &self.default {
                Some(default) => default.resolve(scope),
                None if self.from.need == Need::Optional => Ok(None),
                None => Err(self.from.absent()),
            };
        };
        let refused = |what| Rejection::new(Reason::BadValue, format!("{} {what}", self.from.name()));
        let converted = match self.to {
            None => content,
            Some(To::Number) => number(content).ok_or_else(|| refused("is neither a number nor a string that is one"))?,
            Some(To::String) => {
                content.into_text().map(Content::Text).ok_or_else(|| refused("is neither a string, a number nor a boolean"))?
            }
            Some(To::Ttl(after)) => {
                ttl(&content, after).ok_or_else(|| refused("is not a number of epoch seconds between 1970 and the year 9999"))?
            }
        };
        Ok(Some(converted))
    }

    /// See [`Value::contradicts`].
    pub(super) fn contradicts(&self, kind: KeyKind) -> Option<&'static str> {
        let converted = match self.to {
            None => Value::Reference(self.from.clone()).contradicts(kind),
            Some(To::String) => (kind != KeyKind::S).then_some("a string"),
            Some(To::Number | To::Ttl(_)) => (kind != KeyKind::N).then_some("a number"),
        };
        converted.or_else(|| self.default.as_ref()?.contradicts(kind))
    }
}

fn number(content: Content<'_>) -> Option<Content<'_>> {
    match content {
        Content::Number(digits) => Some(Content::Number(digits)),
        Content::Text(text) if Number::parse(&text).is_some() => Some(Content::Number(text)),
        _ => None,
    }
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
    use super::*;
    use crate::json::parse;

    fn convert(conversion: &str, document: &str) -> Result<Option<String>, Reason> {
        let document = parse(document).unwrap();
        let value = Value::compile(&parse(conversion).unwrap()).unwrap();
        let content = value.resolve(&Scope { document: &document, origin: &ORIGIN }).map_err(|rejection| rejection.reason)?;
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
