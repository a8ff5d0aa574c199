//! What a declaration says about one value: a constant, a text, a reference, a conversion, or a list or map of these.
//!
//! In: JSON of the declaration at compile time; a document and its origin at run time. Out: [`Value`]; its [`Content`].

use std::borrow::Cow;

use super::Rejection;
use super::content::Content;
use super::convert::{self, Conversion};
use super::error::{Fault, under};
use super::key::KeyKind;
use super::reference::{Need, Reference, Scope, Source};
use super::template::{self, Piece};
use super::typed_json::MAX_NAME;
use crate::json::Json;
use crate::number::Number;

/// The compiled form of one value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Value {
    Null,
    Bool(bool),
    Number(Box<str>),
    /// Text put together; no pieces are the empty text.
    Text(Vec<Piece>),
    /// A placeholder alone, which keeps the type of what it finds.
    Reference(Reference),
    Conversion(Box<Conversion>),
    List(Vec<Value>),
    Map(Vec<(Box<str>, Value)>),
}

impl Value {
    /// Compiles a value with placeholders and conversions.
    pub(super) fn compile(json: &Json<'_>) -> Result<Value, Fault> {
        match json {
            Json::String(text) => template::compile(text),
            Json::Object(members) if json.get("from").is_some() => convert::compile(members),
            Json::Object(members) => match json.get("literal") {
                Some(literal) if members.len() == 1 => Value::literal(literal).map_err(under("literal")),
                Some(_) => Err(Fault::new("an object with `literal` has no other member")),
                None => Value::nested(json, Value::compile),
            },
            _ => Value::nested(json, Value::compile),
        }
    }

    /// Compiles a member of a map, or an attribute.
    pub(super) fn compile_member(name: &str, json: &Json<'_>) -> Result<(Box<str>, Value), Fault> {
        named(name, json, Value::compile)
    }

    /// Takes a value as it stands.
    pub(super) fn literal(json: &Json<'_>) -> Result<Value, Fault> {
        Value::nested(json, Value::literal)
    }

    fn nested(json: &Json<'_>, compile: fn(&Json<'_>) -> Result<Value, Fault>) -> Result<Value, Fault> {
        Ok(match json {
            Json::Null => Value::Null,
            Json::Bool(flag) => Value::Bool(*flag),
            Json::Number(digits) => match Number::parse(digits).map(|number| number.check()) {
                Some(Err(error)) => return Err(Fault::new(error.to_string())),
                _ => Value::Number((*digits).into()),
            },
            Json::String(text) if text.is_empty() => Value::Text(Vec::new()),
            Json::String(text) => Value::Text(vec![Piece::Plain(text.as_ref().into())]),
            Json::Array(elements) => Value::List(
                elements.iter().enumerate().map(|(index, element)| compile(element).map_err(under(index))).collect::<Result<_, _>>()?,
            ),
            Json::Object(members) => Value::Map(
                members.iter().map(|(name, member)| named(name, member, compile).map_err(under(name))).collect::<Result<_, _>>()?,
            ),
        })
    }

    /// What the value is for this document; `None` if it is to be left out.
    pub(super) fn resolve<'d>(&'d self, scope: &Scope<'d>) -> Result<Option<Content<'d>>, Rejection> {
        Ok(Some(match self {
            Value::Reference(reference) => return reference.require(scope),
            Value::Conversion(conversion) => return conversion.resolve(scope),
            Value::Text(pieces) => Content::Text(template::join(pieces, scope)?),
            constant => return Ok(constant.constant()),
        }))
    }

    /// What the value is for every document, if that can be said; of lists and maps, their elements are still to be resolved.
    pub(super) fn constant(&self) -> Option<Content<'_>> {
        Some(match self {
            Value::Text(pieces) => match pieces.as_slice() {
                [] => Content::Text(Cow::Borrowed("")),
                [Piece::Plain(text)] => Content::Text(Cow::Borrowed(text)),
                _ => return None,
            },
            Value::Number(digits) => Content::Number(Cow::Borrowed(digits)),
            Value::Null => Content::Null,
            Value::Bool(flag) => Content::Bool(*flag),
            Value::List(elements) => Content::List(elements),
            Value::Map(members) => Content::Map(members),
            Value::Reference(_) | Value::Conversion(_) => return None,
        })
    }

    /// Whether the value can be left out.
    pub(super) fn is_optional(&self) -> bool {
        match self {
            Value::Reference(reference) => reference.need == Need::Optional,
            Value::Conversion(conversion) => conversion.default.is_none() && conversion.from.need == Need::Optional,
            _ => false,
        }
    }

    /// What the value is known to be, at least for some documents, when that is not `kind`.
    pub(super) fn contradicts(&self, kind: KeyKind) -> Option<&'static str> {
        let unless = |known, name| (known != kind).then_some(name);
        match self {
            Value::Text(_) => unless(KeyKind::S, "a string"),
            Value::Number(_) => unless(KeyKind::N, "a number"),
            Value::Reference(reference) => reference.sources.iter().find_map(|source| match source {
                Source::Field(_) | Source::KeyMember(_) if reference.need != Need::Text => {
                    (kind == KeyKind::B).then_some("anything that JSON has but bytes; `\"as\": \"binary\"` makes them of base64")
                }
                Source::Arrival | Source::Time(None) => unless(KeyKind::N, "a number"),
                _ => unless(KeyKind::S, "a string"),
            }),
            Value::Conversion(conversion) => conversion.contradicts(kind),
            Value::Null => Some("null"),
            Value::Bool(_) => Some("a boolean"),
            Value::List(_) => Some("an array"),
            Value::Map(_) => Some("an object"),
        }
    }

    /// Whether a reference anywhere in the value satisfies `test`.
    pub(super) fn any_reference(&self, test: &impl Fn(&Reference) -> bool) -> bool {
        match self {
            Value::Reference(reference) => test(reference),
            Value::Conversion(conversion) => test(&conversion.from),
            Value::Text(pieces) => pieces.iter().any(|piece| matches!(piece, Piece::Reference(reference) if test(reference))),
            Value::List(elements) => elements.iter().any(|element| element.any_reference(test)),
            Value::Map(members) => members.iter().any(|(_, member)| member.any_reference(test)),
            Value::Null | Value::Bool(_) | Value::Number(_) => false,
        }
    }
}

fn named(name: &str, json: &Json<'_>, compile: fn(&Json<'_>) -> Result<Value, Fault>) -> Result<(Box<str>, Value), Fault> {
    if name.is_empty() || name.len() > MAX_NAME {
        return Err(Fault::new(format!("an attribute name has 1 to {MAX_NAME} bytes")));
    }
    Ok((name.into(), compile(json)?))
}
