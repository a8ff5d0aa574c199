//! Texts with placeholders: `s3://{bucket}/{key}`.
//!
//! In: the text at compile time; a document and its origin at run time. Out: pieces; the text put together.

use std::borrow::Cow;

use super::Rejection;
use super::error::Fault;
use super::reference::{Reference, Scope, Source};
use super::value::Value;
use crate::reason::Reason;

/// Bytes that a text is given room for at once; most have less.
const ROOM: usize = 128;

/// A part of a text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Piece {
    Plain(Box<str>),
    Reference(Reference),
}

/// Splits a text into its pieces. A placeholder that is the whole text keeps the type of what it finds.
pub(super) fn compile(text: &str) -> Result<Value, Fault> {
    let mut pieces = Vec::new();
    let mut plain = String::new();
    let mut rest = text;
    while let Some(at) = rest.find(['{', '}']) {
        plain.push_str(&rest[..at]);
        let brace = &rest[at..=at];
        let after = &rest[at + 1..];
        if let Some(after) = after.strip_prefix(brace) {
            plain.push_str(brace);
            rest = after;
            continue;
        }
        let close = after.find(['{', '}']).filter(|close| brace == "{" && after[*close..].starts_with('}'));
        let Some(close) = close else {
            return Err(Fault::new(format!("`{brace}` without its partner; a brace that is meant as text is written `{brace}{brace}`")));
        };
        if !plain.is_empty() {
            pieces.push(Piece::Plain(std::mem::take(&mut plain).into()));
        }
        pieces.push(Piece::Reference(Reference::compile(&after[..close])?));
        rest = &after[close + 1..];
    }
    plain.push_str(rest);
    if !plain.is_empty() {
        pieces.push(Piece::Plain(plain.into()));
    }
    Ok(match <[Piece; 1]>::try_from(pieces) {
        Ok([Piece::Reference(reference)]) => Value::Reference(reference),
        Ok(pieces) => Value::Text(pieces.into()),
        Err(pieces) => Value::Text(pieces),
    })
}

/// Puts a text together. Numbers stand in it as their digits, booleans as `true` and `false`, what is absent and optional as
/// nothing; null, arrays and objects are refused.
pub(super) fn join<'d>(pieces: &'d [Piece], scope: &Scope<'d>) -> Result<Cow<'d, str>, Rejection> {
    if let [Piece::Plain(text)] = pieces {
        return Ok(Cow::Borrowed(text));
    }
    let mut text = String::with_capacity(ROOM);
    for piece in pieces {
        match piece {
            Piece::Plain(plain) => text.push_str(plain),
            Piece::Reference(reference) => {
                let Some(content) = reference.require(scope)? else { continue };
                let kind = content.kind();
                let refused = || format!("{} is {kind} and cannot be part of a text", reference.name());
                text.push_str(&content.into_text().ok_or_else(|| Rejection::new(Reason::BadValue, refused()))?);
            }
        }
    }
    Ok(Cow::Owned(text))
}

/// What a text holds at least when the batch id is `batch`.
pub(super) fn at_least(pieces: &[Piece], batch: &str) -> String {
    let part = |piece: &Piece| match piece {
        Piece::Plain(plain) => plain.to_string(),
        Piece::Reference(reference) if reference.sources == [Source::Batch] => batch.to_owned(),
        Piece::Reference(_) => String::new(),
    };
    pieces.iter().map(part).collect()
}

#[cfg(test)]
mod tests {
    use super::super::origin::tests::ORIGIN;
    use super::super::time::ARRIVAL;
    use super::*;
    use crate::json::parse;

    fn text(template: &str, document: &str) -> Result<String, Rejection> {
        let document = parse(document).unwrap();
        let Value::Text(pieces) = compile(template).unwrap() else { panic!("a text") };
        join(&pieces, &Scope { document: &document, origin: &ORIGIN, time: &ARRIVAL }).map(Cow::into_owned)
    }

    #[test]
    fn pieces_are_put_together() {
        assert_eq!(text("s3://{b}/{k}!", r#"{"b":"x","k":"y/z"}"#).unwrap(), "s3://x/y/z!");
        assert_eq!(text("{n}-{t}", r#"{"n":1.50,"t":true}"#).unwrap(), "1.50-true");
        assert_eq!(text("[{z?}]", "{}").unwrap(), "[]");
        assert_eq!(text("{{{n}}} }} {{", r#"{"n":1}"#).unwrap(), "{1} } {");
        assert_eq!(text("", "{}").unwrap(), "");
        assert_eq!(text("plain", "{}").unwrap(), "plain");
    }

    #[test]
    fn what_cannot_be_text_is_refused_by_name() {
        for document in [r#"{"a":null}"#, r#"{"a":[]}"#, r#"{"a":{}}"#] {
            let rejection = text("x{a}", document).unwrap_err();
            assert_eq!(rejection.reason, Reason::BadValue);
            assert!(rejection.message.starts_with("field `a` is "), "{}", rejection.message);
        }
        assert_eq!(text("x{a}", "{}").unwrap_err().reason, Reason::MissingField);
        assert_eq!(text("x{a!}", r#"{"a":1}"#).unwrap_err().reason, Reason::BadValue);
    }

    #[test]
    fn a_placeholder_alone_is_a_reference() {
        assert!(matches!(compile("{a}").unwrap(), Value::Reference(_)));
        assert!(matches!(compile("{a}{b}").unwrap(), Value::Text(pieces) if pieces.len() == 2));
        assert!(matches!(compile("{{a}}").unwrap(), Value::Text(pieces) if pieces == [Piece::Plain("{a}".into())]));
    }

    #[test]
    fn lone_braces_are_faults() {
        for template in ["{a", "a}", "{a{b}", "{{a}", "{a}}", "{"] {
            assert!(format!("{:?}", compile(template).unwrap_err()).contains("partner"), "{template}");
        }
    }
}
