//! A body's bytes in, its documents out, each with a time and an id; or where it is not JSON. Pure.

use std::borrow::Cow;

use axum::http::StatusCode;
use tablefeed::decode::documents::MAX_DOCUMENTS;
use tablefeed::json::{Json, JsonError, JsonFault, Parser, parse};

use crate::body::Form;
use crate::problem::Problem;

/// The fields that are added where a document has none.
pub const TIMESTAMP: &str = "timestamp";
pub const ID: &str = "id";

/// The documents of one body.
#[derive(Debug)]
pub struct Documents<'b> {
    pub values: Vec<Json<'b>>,
    /// Whether the body is one object, not a list of them.
    pub single: bool,
}

/// Reads all documents of a body. An element that is no object is kept as it is.
pub fn read(bytes: &[u8], form: Form) -> Result<Documents<'_>, Problem> {
    let text = std::str::from_utf8(bytes)
        .map_err(|error| Problem::new(StatusCode::BAD_REQUEST, "the body is not UTF-8").with("position", error.valid_up_to()))?;
    let (values, single) = match form {
        Form::Json => json(text).map_err(|error| not_json(text, error))?,
        Form::Lines => (lines(text)?, false),
    };
    if values.len() > MAX_DOCUMENTS {
        let detail = format!("a body may hold {MAX_DOCUMENTS} documents; send fewer at once");
        return Err(Problem::new(StatusCode::PAYLOAD_TOO_LARGE, detail));
    }
    Ok(Documents { values, single })
}

fn json(text: &str) -> Result<(Vec<Json<'_>>, bool), JsonError> {
    let mut parser = Parser::new(text);
    if !parser.take(b'[') {
        return parse(text).map(|value| (vec![value], true));
    }
    let mut values = Vec::new();
    if !parser.take(b']') {
        loop {
            values.push(parser.value()?);
            if values.len() > MAX_DOCUMENTS {
                return Ok((values, false));
            }
            if !parser.more(b']', JsonFault::ArrayEnd)? {
                break;
            }
        }
    }
    parser.end()?;
    Ok((values, false))
}

fn lines(text: &str) -> Result<Vec<Json<'_>>, Problem> {
    let mut values = Vec::new();
    let mut begin = 0;
    for line in text.split_inclusive('\n') {
        if !line.trim().is_empty() {
            values.push(parse(line).map_err(|error| not_json(text, JsonError { offset: begin + error.offset, ..error }))?);
        }
        if values.len() > MAX_DOCUMENTS {
            break;
        }
        begin += line.len();
    }
    Ok(values)
}

fn not_json(text: &str, error: JsonError) -> Problem {
    let before = &text.as_bytes()[..error.offset.min(text.len())];
    let line = before.split(|byte| *byte == b'\n').count();
    let problem = Problem::new(StatusCode::BAD_REQUEST, format!("the body is not JSON: {error}"));
    problem.with("position", error.offset).with("line", line)
}

/// Adds `value` as the field `name` where the document has none; tells whether it did.
pub fn add<'b>(document: &mut Json<'b>, name: &'static str, value: impl FnOnce() -> Json<'b>) -> bool {
    match document {
        Json::Object(members) if !members.iter().any(|(known, _)| known == name) => {
            members.push((Cow::Borrowed(name), value()));
            true
        }
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(body: &str, form: Form) -> Option<Vec<String>> {
        Some(read(body.as_bytes(), form).ok()?.values.iter().map(ToString::to_string).collect())
    }

    #[test]
    fn a_body_is_one_object_an_array_or_lines() {
        assert_eq!(texts(" {\"a\":1.10} ", Form::Json).unwrap(), ["{\"a\":1.10}"]);
        assert_eq!(texts("[{\"a\":1}, 5,{}]", Form::Json).unwrap(), ["{\"a\":1}", "5", "{}"]);
        assert_eq!(texts("{\"a\":1}\r\n\n{\"b\":2}", Form::Lines).unwrap(), ["{\"a\":1}", "{\"b\":2}"]);
        assert_eq!(texts("[]", Form::Json).unwrap(), [""; 0]);
        for broken in ["", "{", "[{}", "[{}] x", "{\"a\":NaN}", "{}{}"] {
            assert_eq!(texts(broken, Form::Json), None, "{broken}");
        }
    }

    #[test]
    fn more_documents_than_one_body_may_hold_are_refused() {
        let many = format!("[{}{{}}]", "{},".repeat(MAX_DOCUMENTS));
        assert_eq!(texts(&many, Form::Json), None);
        assert_eq!(texts(&"{}\n".repeat(MAX_DOCUMENTS + 1), Form::Lines), None);
    }

    #[test]
    fn a_field_is_added_only_where_there_is_none() {
        let mut document = parse(r#"{"id":null}"#).unwrap();
        assert!(!add(&mut document, ID, || Json::Null) && add(&mut document, TIMESTAMP, || Json::Number("7")));
        assert_eq!(document.to_string(), r#"{"id":null,"timestamp":7}"#);
    }
}
