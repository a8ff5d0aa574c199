//! What an attribute is going to hold, before it is written: borrowed wherever possible.

use std::borrow::Cow;

use super::key::{KeyKind, KeyPart};
use super::value::Value;
use crate::json::Json;

/// A value on its way into an item.
#[derive(Debug, Clone)]
pub(super) enum Content<'d> {
    Null,
    Bool(bool),
    /// Digits as they came.
    Number(Cow<'d, str>),
    Text(Cow<'d, str>),
    /// Made by a conversion; JSON has none.
    Bytes(Vec<u8>),
    /// At least one text, number or bytes, each once; made by a conversion.
    Set(KeyKind, Vec<Content<'d>>),
    /// An array of the document.
    Array(&'d [Json<'d>]),
    /// An object of the document.
    Object(&'d [(Cow<'d, str>, Json<'d>)]),
    /// An array of the declaration; its placeholders are resolved while it is written.
    List(&'d [Value]),
    /// An object of the declaration.
    Map(&'d [(Box<str>, Value)]),
}

impl<'d> Content<'d> {
    pub(super) fn of(json: &'d Json<'d>) -> Content<'d> {
        match json {
            Json::Null => Content::Null,
            Json::Bool(flag) => Content::Bool(*flag),
            Json::Number(digits) => Content::Number(Cow::Borrowed(digits)),
            Json::String(text) => Content::Text(Cow::Borrowed(text)),
            Json::Array(elements) => Content::Array(elements),
            Json::Object(members) => Content::Object(members),
        }
    }

    /// What kind of value this is, for messages.
    pub(super) fn kind(&self) -> &'static str {
        match self {
            Content::Null => "null",
            Content::Bool(_) => "a boolean",
            Content::Number(_) => "a number",
            Content::Text(_) => "a string",
            Content::Bytes(_) => "bytes",
            Content::Set(..) => "a set",
            Content::Array(_) | Content::List(_) => "an array",
            Content::Object(_) | Content::Map(_) => "an object",
        }
    }

    /// The value as it is compared, if it is of a type that keys and sets can have.
    pub(super) fn as_key_part(&self) -> Option<KeyPart<'_>> {
        match self {
            Content::Text(text) => Some(KeyPart::S(text)),
            Content::Number(digits) => Some(KeyPart::N(digits)),
            Content::Bytes(bytes) => Some(KeyPart::B(bytes)),
            _ => None,
        }
    }

    /// The text of a string, a number or a boolean; nothing else has one.
    pub(super) fn into_text(self) -> Option<Cow<'d, str>> {
        match self {
            Content::Text(text) | Content::Number(text) => Some(text),
            Content::Bool(flag) => Some(Cow::Borrowed(if flag { "true" } else { "false" })),
            _ => None,
        }
    }
}
