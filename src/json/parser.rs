//! The parser: text in, one value after another out.

use std::borrow::Cow;
use std::collections::HashMap;

use super::scan::plain;
use super::{Json, JsonError, JsonFault};

/// Levels of arrays and objects that are read. `DynamoDB` stores 32 at most; the rest is room for parts that a mapping drops.
pub const MAX_DEPTH: usize = 128;

/// Objects up to this many members are searched for duplicate names one by one; larger ones by a hash table.
const SMALL_OBJECT: usize = 16;

/// Members that an object is given room for at once, at most: as many as the last one at its depth had.
const ROOM: usize = 16;

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
    /// Members of the last object by depth, as objects of one depth are often alike.
    members: [usize; 8],
}

impl<'a> Parser<'a> {
    pub fn new(text: &'a str) -> Self {
        Parser { text, at: 0, depth: 0, members: [8; 8] }
    }

    /// Bytes read so far.
    pub fn offset(&self) -> usize {
        self.at
    }

    /// What was read from an offset on.
    pub fn since(&self, start: usize) -> &'a str {
        &self.text[start..self.at]
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
            Some(b'{') => self.object(),
            Some(b'[') => self.array(),
            Some(b'"') => self.string().map(Json::String),
            Some(b'-' | b'0'..=b'9') => self.number().map(Json::Number),
            Some(b't') => self.word("true", Json::Bool(true)),
            Some(b'f') => self.word("false", Json::Bool(false)),
            Some(b'n') => self.word("null", Json::Null),
            Some(_) => self.fault(JsonFault::Value),
            None => self.fault(JsonFault::End),
        }
    }

    /// Reads one value without keeping it, and returns its text.
    pub fn skip(&mut self) -> Result<&'a str, JsonError> {
        let next = self.peek();
        let start = self.at;
        match next {
            Some(b'{') => self.members(|parser, _| parser.skip().map(drop))?,
            Some(b'[') => self.elements(|parser| parser.skip().map(drop))?,
            _ => drop(self.value()?),
        }
        Ok(self.since(start))
    }

    /// Reads an object's members one by one: `each` is given a name, and reads its value. Names may repeat.
    pub fn members(&mut self, mut each: impl FnMut(&mut Self, Cow<'a, str>) -> Result<(), JsonError>) -> Result<(), JsonError> {
        self.nested(|parser| {
            if parser.take(b'}') {
                return Ok(());
            }
            loop {
                if parser.peek() != Some(b'"') {
                    return parser.fault_or_end(JsonFault::Name);
                }
                let name = parser.string()?;
                if !parser.take(b':') {
                    return parser.fault_or_end(JsonFault::Colon);
                }
                each(parser, name)?;
                if !parser.more(b'}', JsonFault::ObjectEnd)? {
                    return Ok(());
                }
            }
        })
    }

    /// Reads an array's elements one by one; `each` reads one.
    pub fn elements(&mut self, mut each: impl FnMut(&mut Self) -> Result<(), JsonError>) -> Result<(), JsonError> {
        self.nested(|parser| {
            if parser.take(b']') {
                return Ok(());
            }
            loop {
                each(parser)?;
                if !parser.more(b']', JsonFault::ArrayEnd)? {
                    return Ok(());
                }
            }
        })
    }

    /// Takes the bracket that is next, and reads what is inside and the one that closes.
    fn nested(&mut self, inside: impl FnOnce(&mut Self) -> Result<(), JsonError>) -> Result<(), JsonError> {
        if self.depth == MAX_DEPTH {
            return self.fault(JsonFault::Depth);
        }
        self.depth += 1;
        self.at += 1;
        inside(self)?;
        self.depth -= 1;
        Ok(())
    }

    fn array(&mut self) -> Result<Json<'a>, JsonError> {
        let mut elements = Vec::new();
        self.elements(|parser| {
            elements.push(parser.value()?);
            Ok(())
        })?;
        Ok(Json::Array(elements))
    }

    fn object(&mut self) -> Result<Json<'a>, JsonError> {
        let mut members = Vec::new();
        self.members(|parser, name| {
            if members.is_empty() {
                members.reserve_exact(parser.room());
            }
            members.push((name, parser.value()?));
            Ok(())
        })?;
        if let Some(last) = self.members.get_mut(self.depth) {
            *last = members.len();
        }
        Ok(Json::Object(last_wins(members)))
    }

    /// For how many members there is to be room; never for more than the text can hold, as a member takes five bytes.
    fn room(&self) -> usize {
        let last = self.members.get(self.depth - 1).copied().unwrap_or(0);
        last.min(ROOM).min((self.text.len() - self.at) / 5 + 1)
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
        Ok(self.since(start))
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
        let mut copied = self.at;
        let mut unescaped: Option<String> = None;
        loop {
            self.at += plain(&self.text.as_bytes()[self.at..]);
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
                Some(_) => return self.fault(JsonFault::Control),
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

/// One bit of 64 by a name's length and ends.
fn mark(name: &str) -> u64 {
    let end = |byte: Option<&u8>| byte.map_or(0, |byte| usize::from(*byte));
    let bytes = name.as_bytes();
    1 << ((bytes.len() * 7 + end(bytes.first()) * 5 + end(bytes.last())) % 64)
}

/// Of several members with one name keeps the last value, at the first one's place.
fn last_wins<'a>(mut members: Vec<(Cow<'a, str>, Json<'a>)>) -> Vec<(Cow<'a, str>, Json<'a>)> {
    if members.len() <= SMALL_OBJECT {
        let (mut place, mut marks) = (0, 0);
        while let Some((name, _)) = members.get(place) {
            let mark = mark(name);
            // Names of which none has the mark are others.
            let first = if marks & mark == 0 { None } else { members[..place].iter().position(|(seen, _)| seen == name) };
            match first {
                Some(first) => members[first].1 = members.remove(place).1,
                None => place += 1,
            }
            marks |= mark;
        }
        return members;
    }
    let mut kept: Vec<(Cow<'a, str>, Json<'a>)> = Vec::with_capacity(members.len());
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
