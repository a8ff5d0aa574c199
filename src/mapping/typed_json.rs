//! Writes an item as `DynamoDB`'s typed JSON: `{"A":{"S":"x"},"N":{"N":"1.50"}}`.
//!
//! In: attribute names and contents, one after another. Out: the text and its size as `DynamoDB` counts it, or a rejection as
//! soon as a limit is passed. One pass; nothing is written twice. A map like `{"S":"x"}` in a document is an ordinary map.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::Rejection;
use super::content::Content;
use super::reference::Scope;
use crate::json::push_string;
use crate::number::Number;
use crate::reason::Reason;

/// The largest item in bytes: 400 KB ("Quotas in Amazon `DynamoDB`", items).
pub const MAX_ITEM: usize = 400 * 1024;

/// Lists and maps that may stand around a value; a value that 32 stand around is refused (the same page, nested attribute
/// depth: 32 levels, the innermost value's own included).
pub const MAX_NESTING: usize = 31;

/// The longest attribute name in bytes (the same page, naming rules).
pub const MAX_NAME: usize = 65_535;

/// Bytes of text that an item is given room for at once; most have less.
const ROOM: usize = 512;

/// An item that is being written.
pub(super) struct Writer {
    json: String,
    size: usize,
    depth: usize,
}

impl Writer {
    pub(super) fn new() -> Writer {
        let mut json = String::with_capacity(ROOM);
        json.push('{');
        Writer { json, size: 0, depth: 0 }
    }

    /// The item's text and its size in bytes.
    pub(super) fn finish(mut self) -> (String, usize) {
        self.json.push('}');
        (self.json, self.size)
    }

    /// Begins a member of the item or of a map; its content follows.
    pub(super) fn name(&mut self, name: &str) -> Result<(), Rejection> {
        if name.is_empty() || name.len() > MAX_NAME {
            let message = format!("an attribute name has {} bytes; 1 to {MAX_NAME} are possible", name.len());
            return Err(Rejection::new(Reason::BadAttributeName, message));
        }
        self.separate();
        self.add(name.len())?;
        push_string(&mut self.json, name);
        self.json.push(':');
        Ok(())
    }

    /// Writes one content; the lists and maps of the declaration are resolved on the way.
    pub(super) fn content(&mut self, content: &Content<'_>, scope: &Scope<'_>) -> Result<(), Rejection> {
        match content {
            Content::Null => self.word("{\"NULL\":true}"),
            Content::Bool(true) => self.word("{\"BOOL\":true}"),
            Content::Bool(false) => self.word("{\"BOOL\":false}"),
            Content::Number(digits) => self.number(digits),
            Content::Text(text) => self.text(text),
            Content::Bytes(bytes) => self.bytes(bytes),
            Content::Set(kind, elements) => self.set(kind.letter(), elements),
            Content::Array(elements) => {
                self.nested("{\"L\":[", "]}", |writer| elements.iter().try_for_each(|element| writer.element(&Content::of(element), scope)))
            }
            Content::Object(members) => self.nested("{\"M\":{", "}}", |writer| {
                members.iter().try_for_each(|(name, member)| writer.member(name, &Content::of(member), scope))
            }),
            Content::List(elements) => self.nested("{\"L\":[", "]}", |writer| {
                elements.iter().try_for_each(|element| match element.resolve(scope)? {
                    Some(content) => writer.element(&content, scope),
                    None => Ok(()),
                })
            }),
            Content::Map(members) => self.nested("{\"M\":{", "}}", |writer| {
                members.iter().try_for_each(|(name, member)| match member.resolve(scope)? {
                    Some(content) => writer.member(name, &content, scope),
                    None => Ok(()),
                })
            }),
        }
    }

    fn element(&mut self, content: &Content<'_>, scope: &Scope<'_>) -> Result<(), Rejection> {
        self.separate();
        self.add(1)?;
        self.content(content, scope)
    }

    fn member(&mut self, name: &str, content: &Content<'_>, scope: &Scope<'_>) -> Result<(), Rejection> {
        self.add(1)?;
        self.name(name)?;
        self.content(content, scope)
    }

    fn word(&mut self, word: &str) -> Result<(), Rejection> {
        self.json.push_str(word);
        self.add(1)
    }

    fn text(&mut self, text: &str) -> Result<(), Rejection> {
        self.json.push_str("{\"S\":");
        self.bare_text(text)?;
        self.json.push('}');
        Ok(())
    }

    fn number(&mut self, digits: &str) -> Result<(), Rejection> {
        self.json.push_str("{\"N\":");
        self.bare_number(digits)?;
        self.json.push('}');
        Ok(())
    }

    fn bytes(&mut self, bytes: &[u8]) -> Result<(), Rejection> {
        self.json.push_str("{\"B\":");
        self.bare_bytes(bytes)?;
        self.json.push('}');
        Ok(())
    }

    /// A set weighs what its elements do.
    fn set(&mut self, letter: &str, elements: &[Content<'_>]) -> Result<(), Rejection> {
        self.json.extend(["{\"", letter, "S\":["]);
        for element in elements {
            self.separate();
            match element {
                Content::Text(text) => self.bare_text(text)?,
                Content::Number(digits) => self.bare_number(digits)?,
                Content::Bytes(bytes) => self.bare_bytes(bytes)?,
                other => return Err(Rejection::new(Reason::BadValue, format!("{} in a set", other.kind()))),
            }
        }
        self.json.push_str("]}");
        Ok(())
    }

    fn bare_text(&mut self, text: &str) -> Result<(), Rejection> {
        self.add(text.len())?;
        push_string(&mut self.json, text);
        Ok(())
    }

    fn bare_bytes(&mut self, bytes: &[u8]) -> Result<(), Rejection> {
        self.add(bytes.len())?;
        self.json.push('"');
        STANDARD.encode_string(bytes, &mut self.json);
        self.json.push('"');
        Ok(())
    }

    fn bare_number(&mut self, digits: &str) -> Result<(), Rejection> {
        let refused = |reason, message: String| Err(Rejection::new(reason, message));
        let Some(number) = Number::parse(digits) else { return refused(Reason::BadValue, "not a number".to_owned()) };
        if let Err(fault) = number.check() {
            return refused(Reason::NumberOutOfRange, fault.to_string());
        }
        self.add(number.size())?;
        self.json.extend(["\"", digits, "\""]);
        Ok(())
    }

    fn nested(&mut self, open: &str, close: &str, inside: impl FnOnce(&mut Self) -> Result<(), Rejection>) -> Result<(), Rejection> {
        self.add(3)?;
        self.json.push_str(open);
        self.depth += 1;
        inside(self)?;
        self.depth -= 1;
        self.json.push_str(close);
        Ok(())
    }

    /// A comma, unless the last byte opened a list, a map or the item. No value ends in such a byte.
    fn separate(&mut self) {
        if !self.json.ends_with(['{', '[']) {
            self.json.push(',');
        }
    }

    /// Counts bytes of a value at the present depth.
    fn add(&mut self, bytes: usize) -> Result<(), Rejection> {
        if self.depth > MAX_NESTING {
            let message = format!("more than {MAX_NESTING} lists and maps stand around a value");
            return Err(Rejection::new(Reason::NestingTooDeep, message));
        }
        self.size += bytes;
        if self.size > MAX_ITEM {
            return Err(Rejection::new(Reason::ItemTooLarge, format!("here the item grows past {MAX_ITEM} bytes")));
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::super::key::KeyKind;
    use super::super::origin::tests::ORIGIN;
    use super::super::time::ARRIVAL;
    use super::*;
    use crate::json::{Json, parse};

    fn write(value: &str) -> Result<(String, usize), Reason> {
        let mut writer = Writer::new();
        let value = parse(value).unwrap();
        let scope = Scope { document: &Json::Null, origin: &ORIGIN, time: &ARRIVAL };
        let result = writer.name("a").and_then(|()| writer.content(&Content::of(&value), &scope));
        result.map(|()| writer.finish()).map_err(|rejection| rejection.reason)
    }

    #[test]
    fn every_kind_of_value_is_typed() {
        let (json, size) = write(r#"[null,true,-1.50,"x\n\"",{"S":"x","n":{}},[]]"#).unwrap();
        assert_eq!(
            json,
            r#"{"a":{"L":[{"NULL":true},{"BOOL":true},{"N":"-1.50"},{"S":"x\n\""},{"M":{"S":{"S":"x"},"n":{"M":{}}}},{"L":[]}]}}"#
        );
        // name, list and 6 elements, null, true, -1.5, x\n", map and 2 members, S, x, n, map, list
        assert_eq!(size, 1 + (3 + 6) + 1 + 1 + 4 + 3 + (3 + 2) + 1 + 1 + 1 + 3 + 3);
    }

    #[test]
    fn bytes_and_sets_weigh_what_they_hold() {
        let text = |text: &'static str| Content::Text(text.into());
        let number = |digits: &'static str| Content::Number(digits.into());
        let bytes = |bytes: &[u8]| Content::Bytes(bytes.to_vec());
        let scope = Scope { document: &Json::Null, origin: &ORIGIN, time: &ARRIVAL };
        for (content, expected, size) in [
            (bytes(b"\x00\xff"), r#"{"a":{"B":"AP8="}}"#, 2),
            (Content::Set(KeyKind::S, vec![text("x"), text("é\""), text("")]), r#"{"a":{"SS":["x","é\"",""]}}"#, 4),
            (Content::Set(KeyKind::N, vec![number("1.50"), number("-2")]), r#"{"a":{"NS":["1.50","-2"]}}"#, 6),
            (Content::Set(KeyKind::B, vec![bytes(b"abc"), bytes(b"")]), r#"{"a":{"BS":["YWJj",""]}}"#, 3),
        ] {
            let mut writer = Writer::new();
            writer.name("a").and_then(|()| writer.content(&content, &scope)).unwrap();
            assert_eq!(writer.finish(), (expected.to_owned(), size + 1));
        }
        let mut writer = Writer::new();
        let large = Content::Set(KeyKind::N, vec![number("1e400")]);
        assert_eq!(writer.content(&large, &scope).unwrap_err().reason, Reason::NumberOutOfRange);
        assert_eq!(writer.content(&Content::Bytes(vec![0; MAX_ITEM + 1]), &scope).unwrap_err().reason, Reason::ItemTooLarge);
    }

    #[test]
    fn thirty_one_levels_around_a_value_pass_and_thirty_two_do_not() {
        for (open, close) in [("[", "]"), ("{\"a\":", "}")] {
            let nested = |levels: usize, value: &str| write(&format!("{}{value}{}", open.repeat(levels), close.repeat(levels)));
            assert!(nested(31, "1").is_ok());
            assert!(nested(31, "[]").is_ok());
            assert_eq!(nested(32, "1").unwrap_err(), Reason::NestingTooDeep);
            assert_eq!(nested(32, "{}").unwrap_err(), Reason::NestingTooDeep);
        }
    }

    #[test]
    fn an_item_of_400_kb_passes_and_one_byte_more_does_not() {
        let text = |bytes: usize| format!("\"{}\"", "x".repeat(bytes));
        assert_eq!(write(&text(MAX_ITEM - 1)).unwrap().1, MAX_ITEM);
        assert_eq!(write(&text(MAX_ITEM)).unwrap_err(), Reason::ItemTooLarge);
    }

    #[test]
    fn names_and_numbers_are_checked_at_every_level() {
        assert_eq!(write(r#"{"":1}"#).unwrap_err(), Reason::BadAttributeName);
        assert_eq!(write(&format!(r#"[{{"{}":1}}]"#, "n".repeat(MAX_NAME + 1))).unwrap_err(), Reason::BadAttributeName);
        assert!(write(&format!(r#"[{{"{}":1}}]"#, "n".repeat(MAX_NAME))).is_ok());
        assert_eq!(write("[1e126]").unwrap_err(), Reason::NumberOutOfRange);
    }
}
