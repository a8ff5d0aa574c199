//! What an attribute is going to hold, before it is written: borrowed wherever possible.

use std::borrow::Cow;

use super::value::Value;
use crate::json::Json;

/// A value on its way into an item.
#[derive(Debug, Clone)]
pub(super) enum Content<'d> {
    Text(Cow<'d, str>),
    /// Digits as they came.
    Number(Cow<'d, str>),
    /// A part of the document that is neither text nor number.
    Json(&'d Json<'d>),
    /// A part of the declaration that is neither text nor number; its placeholders are resolved while it is written.
    Declared(&'d Value),
}

impl<'d> Content<'d> {
    pub(super) fn of(json: &'d Json<'d>) -> Content<'d> {
        match json {
            Json::String(text) => Content::Text(Cow::Borrowed(text)),
            Json::Number(digits) => Content::Number(Cow::Borrowed(digits)),
            other => Content::Json(other),
        }
    }

    /// What kind of value this is, for messages.
    pub(super) fn kind(&self) -> &'static str {
        match self {
            Content::Text(_) => "a string",
            Content::Number(_) => "a number",
            Content::Json(json) => json.kind(),
            Content::Declared(value) => value.kind(),
        }
    }

    /// The text of a string, a number or a boolean; nothing else has one.
    pub(super) fn text(&self) -> Option<&str> {
        match self {
            Content::Text(text) | Content::Number(text) => Some(text),
            Content::Json(Json::Bool(flag)) => Some(if *flag { "true" } else { "false" }),
            Content::Json(_) | Content::Declared(_) => None,
        }
    }
}
