//! JSON as it came: a tree that borrows from its text and keeps every number's digits.
//!
//! In: UTF-8 text. Out: [`Json`], or a [`JsonError`] with the byte offset of the fault. Numbers are never converted, so nothing
//! is rounded; of duplicate names in an object the last one wins, as in every common parser. Never panics, never recurses
//! deeper than [`MAX_DEPTH`].

use std::borrow::Cow;
use std::collections::HashMap;
use std::fmt::{self, Write as _};

/// Levels of arrays and objects that are read. `DynamoDB` stores 32 at most; the rest is room for parts that a mapping drops.
pub const MAX_DEPTH: usize = 128;

/// Objects up to this many members are searched for duplicate names one by one; larger ones by a hash table.
const SMALL_OBJECT: usize = 16;

/// One JSON value. Strings without escapes and all numbers are slices of the text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Json<'a> {
    Null,
    Bool(bool),
    /// The digits as written, for example `1.10` or `1E-7`.
    Number(&'a str),
    String(Cow<'a, str>),
    Array(Vec<Json<'a>>),
    /// Members in order of first appearance, each name once.
    Object(Vec<(Cow<'a, str>, Json<'a>)>),
}

impl<'a> Json<'a> {
    /// The value of member `name`, if this is an object that has it.
    pub fn get(&self, name: &str) -> Option<&Json<'a>> {
        match self {
            Json::Object(members) => members.iter().find(|(key, _)| key == name).map(|(_, value)| value),
            _ => None,
        }
    }

    /// The value that a JSON Pointer (RFC 6901, for example `/a/0`) names; the empty pointer names the whole.
    pub fn pointer(&self, pointer: &str) -> Option<&Json<'a>> {
        if pointer.is_empty() {
            return Some(self);
        }
        pointer.strip_prefix('/')?.split('/').try_fold(self, |value, token| {
            let token = unescape_token(token);
            match value {
                Json::Object(_) => value.get(&token),
                Json::Array(elements) => array_index(&token).and_then(|index| elements.get(index)),
                _ => None,
            }
        })
    }

    /// What kind of value this is, for messages: `null`, `a boolean`, `a number`, …
    pub fn kind(&self) -> &'static str {
        match self {
            Json::Null => "null",
            Json::Bool(_) => "a boolean",
            Json::Number(_) => "a number",
            Json::String(_) => "a string",
            Json::Array(_) => "an array",
            Json::Object(_) => "an object",
        }
    }
}

/// Compact JSON. Numbers as they were written.
impl fmt::Display for Json<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Json::Null => f.write_str("null"),
            Json::Bool(flag) => write!(f, "{flag}"),
            Json::Number(digits) => f.write_str(digits),
            Json::String(text) => quoted(f, text),
            Json::Array(elements) => {
                for (index, element) in elements.iter().enumerate() {
                    write!(f, "{}{element}", if index == 0 { "[" } else { "," })?;
                }
                f.write_str(if elements.is_empty() { "[]" } else { "]" })
            }
            Json::Object(members) => {
                for (index, (name, value)) in members.iter().enumerate() {
                    f.write_str(if index == 0 { "{" } else { "," })?;
                    quoted(f, name)?;
                    write!(f, ":{value}")?;
                }
                f.write_str(if members.is_empty() { "{}" } else { "}" })
            }
        }
    }
}

fn quoted(f: &mut fmt::Formatter<'_>, text: &str) -> fmt::Result {
    let mut quoted = String::with_capacity(text.len() + 2);
    push_string(&mut quoted, text);
    f.write_str(&quoted)
}

/// Appends `text` as a JSON string: quotes, backslashes and control characters escaped, everything else as it is.
pub fn push_string(out: &mut String, text: &str) {
    out.push('"');
    let mut copied = 0;
    for (at, byte) in text.bytes().enumerate() {
        if byte >= 0x20 && byte != b'"' && byte != b'\\' {
            continue;
        }
        out.push_str(&text[copied..at]);
        copied = at + 1;
        match byte {
            b'"' => out.push_str("\\\""),
            b'\\' => out.push_str("\\\\"),
            b'\n' => out.push_str("\\n"),
            b'\r' => out.push_str("\\r"),
            b'\t' => out.push_str("\\t"),
            0x8 => out.push_str("\\b"),
            0xc => out.push_str("\\f"),
            // Writing to a String cannot fail.
            _ => drop(write!(out, "\\u{byte:04x}")),
        }
    }
    out.push_str(&text[copied..]);
    out.push('"');
}

fn unescape_token(token: &str) -> Cow<'_, str> {
    if token.contains('~') { Cow::Owned(token.replace("~1", "/").replace("~0", "~")) } else { Cow::Borrowed(token) }
}

/// An array index as RFC 6901 writes it: digits without a leading zero.
fn array_index(token: &str) -> Option<usize> {
    let plain = token.bytes().all(|byte| byte.is_ascii_digit()) && (token.len() == 1 || !token.starts_with('0'));
    if plain { token.parse().ok() } else { None }
}

/// Why a text is not JSON, and where.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("{what} at byte {offset}")]
pub struct JsonError {
    /// Bytes from the beginning of the text.
    pub offset: usize,
    pub what: JsonFault,
}

/// The faults that a text can have.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum JsonFault {
    #[error("the text ends too early")]
    End,
    #[error("expected a JSON value")]
    Value,
    #[error("expected a member name in double quotes")]
    Name,
    #[error("expected ':'")]
    Colon,
    #[error("expected ',' or ']'")]
    ArrayEnd,
    #[error("expected ',' or '}}'")]
    ObjectEnd,
    #[error("not a JSON number")]
    Number,
    #[error("control character in a string")]
    Control,
    #[error("not a JSON escape")]
    Escape,
    #[error("half of a surrogate pair")]
    Surrogate,
    #[error("nested deeper than {MAX_DEPTH} levels")]
    Depth,
    #[error("something follows the JSON value")]
    Trailing,
}

/// Reads exactly one value with white space around it.
pub fn parse(text: &str) -> Result<Json<'_>, JsonError> {
    let mut parser = Parser::new(text);
    let value = parser.value()?;
    parser.end()?;
    Ok(value)
}

/// Reads values from a text one after another; [`parse`] is all that most callers need.
pub struct Parser<'a> {
    text: &'a str,
    at: usize,
    depth: usize,
}

impl<'a> Parser<'a> {
    pub fn new(text: &'a str) -> Self {
        Parser { text, at: 0, depth: 0 }
    }

    /// Bytes read so far.
    pub fn offset(&self) -> usize {
        self.at
    }

    /// The next byte that is not white space, without taking it.
    pub fn peek(&mut self) -> Option<u8> {
        self.skip_space();
        self.byte()
    }

    /// Takes `byte` if it is next after white space.
    pub fn take(&mut self, byte: u8) -> bool {
        let found = self.peek() == Some(byte);
        if found {
            self.at += 1;
        }
        found
    }

    /// Only white space may be left.
    pub fn end(&mut self) -> Result<(), JsonError> {
        if self.peek().is_none() { Ok(()) } else { self.fault(JsonFault::Trailing) }
    }

    /// Reads one value.
    pub fn value(&mut self) -> Result<Json<'a>, JsonError> {
        match self.peek() {
            Some(b'{') => self.nested(Self::object),
            Some(b'[') => self.nested(Self::array),
            Some(b'"') => self.string().map(Json::String),
            Some(b'-' | b'0'..=b'9') => self.number().map(Json::Number),
            Some(b't') => self.word("true", Json::Bool(true)),
            Some(b'f') => self.word("false", Json::Bool(false)),
            Some(b'n') => self.word("null", Json::Null),
            Some(_) => self.fault(JsonFault::Value),
            None => self.fault(JsonFault::End),
        }
    }

    fn nested(&mut self, read: fn(&mut Self) -> Result<Json<'a>, JsonError>) -> Result<Json<'a>, JsonError> {
        if self.depth == MAX_DEPTH {
            return self.fault(JsonFault::Depth);
        }
        self.depth += 1;
        self.at += 1;
        let value = read(self);
        self.depth -= 1;
        value
    }

    fn array(&mut self) -> Result<Json<'a>, JsonError> {
        let mut elements = Vec::new();
        if self.take(b']') {
            return Ok(Json::Array(elements));
        }
        loop {
            elements.push(self.value()?);
            if !self.more(b']', JsonFault::ArrayEnd)? {
                return Ok(Json::Array(elements));
            }
        }
    }

    fn object(&mut self) -> Result<Json<'a>, JsonError> {
        let mut members = Vec::new();
        if self.take(b'}') {
            return Ok(Json::Object(members));
        }
        loop {
            if self.peek() != Some(b'"') {
                return self.fault_or_end(JsonFault::Name);
            }
            let name = self.string()?;
            if !self.take(b':') {
                return self.fault_or_end(JsonFault::Colon);
            }
            members.push((name, self.value()?));
            if !self.more(b'}', JsonFault::ObjectEnd)? {
                return Ok(Json::Object(last_wins(members)));
            }
        }
    }

    /// After an element: is there another one? Also used by readers of an outer array that take elements one by one.
    pub fn more(&mut self, close: u8, fault: JsonFault) -> Result<bool, JsonError> {
        if self.take(b',') {
            Ok(true)
        } else if self.take(close) {
            Ok(false)
        } else {
            self.fault_or_end(fault)
        }
    }

    fn word(&mut self, word: &str, value: Json<'a>) -> Result<Json<'a>, JsonError> {
        if self.text.as_bytes()[self.at..].starts_with(word.as_bytes()) {
            self.at += word.len();
            Ok(value)
        } else {
            self.fault(JsonFault::Value)
        }
    }

    fn number(&mut self) -> Result<&'a str, JsonError> {
        let start = self.at;
        self.at += usize::from(self.byte() == Some(b'-'));
        if self.byte() == Some(b'0') {
            self.at += 1;
        } else {
            self.digits()?;
        }
        if self.byte() == Some(b'.') {
            self.at += 1;
            self.digits()?;
        }
        if matches!(self.byte(), Some(b'e' | b'E')) {
            self.at += 1;
            self.at += usize::from(matches!(self.byte(), Some(b'+' | b'-')));
            self.digits()?;
        }
        if matches!(self.byte(), Some(b'0'..=b'9' | b'.')) {
            return self.fault(JsonFault::Number);
        }
        Ok(&self.text[start..self.at])
    }

    fn digits(&mut self) -> Result<(), JsonError> {
        let start = self.at;
        while matches!(self.byte(), Some(b'0'..=b'9')) {
            self.at += 1;
        }
        if self.at == start { self.fault_or_end(JsonFault::Number) } else { Ok(()) }
    }

    fn string(&mut self) -> Result<Cow<'a, str>, JsonError> {
        self.at += 1;
        let start = self.at;
        let mut unescaped: Option<String> = None;
        let mut copied = start;
        loop {
            match self.byte() {
                Some(b'"') => {
                    let rest = &self.text[copied..self.at];
                    self.at += 1;
                    return Ok(match unescaped {
                        None => Cow::Borrowed(rest),
                        Some(text) => Cow::Owned(text + rest),
                    });
                }
                Some(b'\\') => {
                    let text = unescaped.get_or_insert_default();
                    text.push_str(&self.text[copied..self.at]);
                    text.push(self.escape()?);
                    copied = self.at;
                }
                Some(0..=0x1f) => return self.fault(JsonFault::Control),
                Some(_) => self.at += 1,
                None => return self.fault(JsonFault::End),
            }
        }
    }

    fn escape(&mut self) -> Result<char, JsonError> {
        self.at += 1;
        let Some(letter) = self.byte() else { return self.fault(JsonFault::End) };
        self.at += 1;
        Ok(match letter {
            b'"' | b'\\' | b'/' => char::from(letter),
            b'b' => '\u{8}',
            b'f' => '\u{c}',
            b'n' => '\n',
            b'r' => '\r',
            b't' => '\t',
            b'u' => return self.unicode(),
            _ => {
                self.at -= 1;
                return self.fault(JsonFault::Escape);
            }
        })
    }

    fn unicode(&mut self) -> Result<char, JsonError> {
        let start = self.at;
        let first = self.hex()?;
        let code = match first {
            0xd800..=0xdbff if self.text.as_bytes()[self.at..].starts_with(b"\\u") => {
                self.at += 2;
                let second = self.hex()?;
                if !(0xdc00..=0xdfff).contains(&second) {
                    self.at = start;
                    return self.fault(JsonFault::Surrogate);
                }
                0x10000 + ((first - 0xd800) << 10) + (second - 0xdc00)
            }
            other => other,
        };
        char::from_u32(code).ok_or(JsonError { offset: start, what: JsonFault::Surrogate })
    }

    fn hex(&mut self) -> Result<u32, JsonError> {
        let mut code = 0;
        for _ in 0..4 {
            let Some(digit) = self.byte().and_then(|byte| char::from(byte).to_digit(16)) else {
                return self.fault_or_end(JsonFault::Escape);
            };
            code = code * 16 + digit;
            self.at += 1;
        }
        Ok(code)
    }

    fn byte(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    fn skip_space(&mut self) {
        while matches!(self.byte(), Some(b' ' | b'\n' | b'\r' | b'\t')) {
            self.at += 1;
        }
    }

    fn fault<T>(&self, what: JsonFault) -> Result<T, JsonError> {
        Err(JsonError { offset: self.at, what })
    }

    fn fault_or_end<T>(&self, what: JsonFault) -> Result<T, JsonError> {
        self.fault(if self.byte().is_none() { JsonFault::End } else { what })
    }
}

/// Of several members with one name keeps the last value, at the first one's place.
fn last_wins<'a>(members: Vec<(Cow<'a, str>, Json<'a>)>) -> Vec<(Cow<'a, str>, Json<'a>)> {
    let mut kept: Vec<(Cow<'a, str>, Json<'a>)> = Vec::with_capacity(members.len());
    if members.len() <= SMALL_OBJECT {
        for (name, value) in members {
            match kept.iter_mut().find(|(seen, _)| *seen == name) {
                Some(slot) => slot.1 = value,
                None => kept.push((name, value)),
            }
        }
        return kept;
    }
    let mut places = HashMap::with_capacity(members.len());
    for (name, value) in members {
        if let Some(&place) = places.get(&name) {
            let slot: &mut (Cow<'a, str>, Json<'a>) = &mut kept[place];
            slot.1 = value;
        } else {
            places.insert(name.clone(), kept.len());
            kept.push((name, value));
        }
    }
    kept
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn fault(text: &str) -> (usize, JsonFault) {
        let error = parse(text).unwrap_err();
        (error.offset, error.what)
    }

    #[test]
    fn numbers_keep_their_digits() {
        for digits in
            ["0", "-0", "1.10", "1E-130", "9.9999999999999999999999999999999999999e+125", "12345678901234567890123456789012345678"]
        {
            assert_eq!(parse(digits).unwrap(), Json::Number(digits));
        }
    }

    #[test]
    fn of_duplicate_names_the_last_wins_in_small_and_large_objects() {
        assert_eq!(parse(r#"{"a":1,"b":2,"a":3}"#).unwrap().get("a"), Some(&Json::Number("3")));
        let large: Vec<String> = (0..40).map(|n| format!(r#""k{}":{n}"#, n % 20)).collect();
        let text = format!("{{{}}}", large.join(","));
        let Json::Object(members) = parse(&text).unwrap() else { panic!("an object") };
        assert_eq!(members.len(), 20);
        assert_eq!(members[0], (Cow::Borrowed("k0"), Json::Number("20")));
    }

    #[test]
    fn strings_are_borrowed_unless_escaped() {
        assert!(matches!(parse(r#""plain é""#).unwrap(), Json::String(Cow::Borrowed("plain é"))));
        assert_eq!(parse(r#""a\"\\\/\b\f\n\r\t\u00e9\ud83d\ude00""#).unwrap(), Json::String("a\"\\/\u{8}\u{c}\n\r\té😀".into()));
    }

    #[test]
    fn faults_name_their_offset() {
        assert_eq!(fault(""), (0, JsonFault::End));
        assert_eq!(fault(r#"{"a":1} x"#), (8, JsonFault::Trailing));
        assert_eq!(fault(r#"{"a" 1}"#), (5, JsonFault::Colon));
        assert_eq!(fault("{a:1}"), (1, JsonFault::Name));
        assert_eq!(fault("[1 2]"), (3, JsonFault::ArrayEnd));
        assert_eq!(fault(r#"{"a":1"#), (6, JsonFault::End));
        assert_eq!(fault("01"), (1, JsonFault::Number));
        assert_eq!(fault("NaN"), (0, JsonFault::Value));
        assert_eq!(fault(r#""\x""#), (2, JsonFault::Escape));
        assert_eq!(fault(r#""\ud800""#), (3, JsonFault::Surrogate));
        assert_eq!(fault("\"a\u{1}\""), (2, JsonFault::Control));
        assert_eq!(fault(&"[".repeat(200)), (MAX_DEPTH, JsonFault::Depth));
    }

    #[test]
    fn pointers_follow_rfc_6901() {
        let value = parse(r#"{"a":[{"b/c":1},2],"~":3,"":4}"#).unwrap();
        assert_eq!(value.pointer("/a/0/b~1c"), Some(&Json::Number("1")));
        assert_eq!(value.pointer("/~0"), Some(&Json::Number("3")));
        assert_eq!(value.pointer("/"), Some(&Json::Number("4")));
        assert_eq!(value.pointer("/a/01"), None);
        assert_eq!(value.pointer(""), Some(&value));
    }

    /// Reads our tree as `serde_json` reads the same text, numbers through the same conversion.
    fn as_serde(value: &Json<'_>) -> serde_json::Value {
        match value {
            Json::Null => serde_json::Value::Null,
            Json::Bool(flag) => (*flag).into(),
            Json::Number(digits) => serde_json::from_str(digits).unwrap(),
            Json::String(text) => text.as_ref().into(),
            Json::Array(elements) => elements.iter().map(as_serde).collect(),
            Json::Object(members) => members.iter().map(|(name, value)| (name.to_string(), as_serde(value))).collect(),
        }
    }

    #[test]
    fn a_value_is_written_as_compact_json() {
        let text = "{\"a\":[1.10,null,true,{}],\"b\\\"\":[],\"c\":\"\\n\\u0001é\"}";
        assert_eq!(parse(text).unwrap().to_string(), text);
    }

    proptest! {
        #[test]
        fn strings_survive_being_written(text in any::<String>()) {
            let mut written = String::new();
            push_string(&mut written, &text);
            prop_assert_eq!(parse(&written).unwrap(), Json::String(text.into()));
        }

        #[test]
        fn agrees_with_serde_json_on_any_text(text in r#"[\[\]{}:,"\\0-9a-fnrtul.eE+ -]{0,24}"#) {
            let theirs = serde_json::from_str::<serde_json::Value>(&text);
            match parse(&text) {
                Ok(ours) => match theirs {
                    Ok(theirs) => prop_assert_eq!(as_serde(&ours), theirs),
                    // It converts numbers, and so refuses those past a double's range.
                    Err(error) => prop_assert!(error.to_string().starts_with("number out of range"), "{}: {}", text, error),
                },
                Err(error) => prop_assert!(theirs.is_err(), "{}: {}", text, error),
            }
        }
    }
}
