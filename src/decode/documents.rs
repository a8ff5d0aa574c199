//! A part's bytes: one JSON object, an array of objects, or JSON lines in; [`Document`]s out.
//!
//! The order of documents stays the same at every delivery: it gives them their sub-sequence numbers. A part that cannot be split
//! (broken JSON) is one rejected document: nothing of it is used.

use crate::json::{Json, JsonError, JsonFault, Parser, parse};
use crate::reason::{Reason, Rejection};

/// Documents that one record may hold, in all its parts. Each costs memory however short it is, and compressed bytes hold millions.
pub const MAX_DOCUMENTS: usize = 100_000;

const BOM: &str = "\u{feff}";

/// One JSON object of a part, or what stands in its place.
#[derive(Debug)]
pub struct Document<'p> {
    /// Position in the part, from 0. Blank lines do not count.
    pub sub_sequence: u32,
    /// The document's text as it stood in the part; all of the part if it could not be split.
    pub bytes: &'p [u8],
    /// Whether `bytes` are the whole part because it could not be split.
    pub whole: bool,
    pub value: Result<Json<'p>, Rejection>,
}

/// Splits a part's bytes into at most `most` documents. `[]` holds no document; every other part holds at least one.
pub fn documents(payload: &[u8], most: usize) -> Vec<Document<'_>> {
    let text = match std::str::from_utf8(payload) {
        Ok(text) => text,
        Err(error) => {
            return vec![whole(payload, not_utf8(error.valid_up_to()))];
        }
    };
    let text = text.strip_prefix(BOM).unwrap_or(text);
    let bom = payload.len() - text.len();
    let mut parser = Parser::new(text);
    let split = match parser.peek() {
        Some(b'[') => array(text, most).map_err(|error| bad_json(error, bom)),
        _ => single(text).or_else(|error| lines(text, most).unwrap_or_else(|| Err(bad_json(error, bom)))),
    };
    match split {
        Ok(documents) if documents.len() <= most => documents,
        Ok(_) => vec![whole(payload, too_many())],
        Err(rejection) => vec![whole(payload, rejection)],
    }
}

/// The one object of a text that was split off before.
pub fn one(text: &[u8]) -> Result<Json<'_>, Rejection> {
    let text = std::str::from_utf8(text).map_err(|error| not_utf8(error.valid_up_to()))?;
    let value = parse(text).map_err(|error| bad_json(error, 0))?;
    document(0, text, value).value
}

fn single(text: &str) -> Result<Vec<Document<'_>>, JsonError> {
    let value = parse(text)?;
    Ok(vec![document(0, text.trim_matches(JSON_SPACE), value)])
}

/// The elements of one array, each with its own text; no more than one past `most`.
fn array(text: &str, most: usize) -> Result<Vec<Document<'_>>, JsonError> {
    let mut parser = Parser::new(text);
    let mut documents = Vec::new();
    parser.take(b'[');
    if !parser.take(b']') {
        loop {
            parser.peek();
            let start = parser.offset();
            let value = parser.value()?;
            documents.push(document(position(documents.len()), &text[start..parser.offset()], value));
            if documents.len() > most {
                return Ok(documents);
            }
            if !parser.more(b']', JsonFault::ArrayEnd)? {
                break;
            }
        }
    }
    parser.end()?;
    Ok(documents)
}

/// One document a line, if the text is JSON lines: its first line is a whole JSON value, or more than half of its lines are whole
/// objects. A text that merely broke off is neither, so no part of it is mistaken for a document.
fn lines(text: &str, most: usize) -> Option<Result<Vec<Document<'_>>, Rejection>> {
    let lines = text.split('\n').map(|line| line.trim_matches(JSON_SPACE)).filter(|line| !line.is_empty());
    let lines: Vec<&str> = lines.take(most.saturating_add(1)).collect();
    if lines.len() > most {
        return Some(Err(too_many()));
    }
    let values: Vec<Result<Json<'_>, JsonError>> = lines.iter().map(|line| parse(line)).collect();
    let objects = values.iter().filter(|value| matches!(value, Ok(Json::Object(_)))).count();
    let is_lines = lines.len() > 1 && (matches!(values.first(), Some(Ok(_))) || objects * 2 > lines.len());
    is_lines.then(|| {
        let numbered = lines.into_iter().zip(values).enumerate();
        Ok(numbered.map(|(index, (line, value))| line_document(position(index), line, value)).collect())
    })
}

fn line_document<'p>(sub_sequence: u32, line: &'p str, value: Result<Json<'p>, JsonError>) -> Document<'p> {
    match value {
        Ok(value) => document(sub_sequence, line, value),
        Err(error) => Document { sub_sequence, bytes: line.as_bytes(), whole: false, value: Err(bad_json(error, 0)) },
    }
}

const JSON_SPACE: [char; 4] = [' ', '\t', '\r', '\n'];

fn document<'p>(sub_sequence: u32, text: &'p str, value: Json<'p>) -> Document<'p> {
    let value = match value {
        Json::Object(_) => Ok(value),
        other => Err(Rejection::new(Reason::NotAnObject, format!("{} is no document; expected an object", other.kind()))),
    };
    Document { sub_sequence, bytes: text.as_bytes(), whole: false, value }
}

fn whole(payload: &[u8], rejection: Rejection) -> Document<'_> {
    Document { sub_sequence: 0, bytes: payload, whole: true, value: Err(rejection) }
}

fn not_utf8(offset: usize) -> Rejection {
    Rejection::new(Reason::BadUtf8, format!("not UTF-8 at byte {offset}"))
}

fn too_many() -> Rejection {
    Rejection::new(Reason::TooManyDocuments, format!("a record may hold {MAX_DOCUMENTS} documents at most"))
}

fn bad_json(error: JsonError, bom: usize) -> Rejection {
    let reason = if error.what == JsonFault::Depth { Reason::NestingTooDeep } else { Reason::BadJson };
    Rejection::new(reason, JsonError { offset: error.offset + bom, ..error }.to_string())
}

/// A record decompresses to at most 1 GiB, so its positions fit.
fn position(index: usize) -> u32 {
    u32::try_from(index).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Each document as `sub_sequence:text` or `sub_sequence!reason`.
    fn split(payload: &[u8]) -> Vec<String> {
        documents(payload, 10)
            .iter()
            .map(|document| match &document.value {
                Ok(_) => format!("{}:{}", document.sub_sequence, String::from_utf8_lossy(document.bytes)),
                Err(rejection) => format!("{}!{}", document.sub_sequence, rejection.reason),
            })
            .collect()
    }

    fn message(payload: &[u8]) -> String {
        documents(payload, 10).remove(0).value.unwrap_err().message
    }

    #[test]
    fn one_object_is_one_document_without_the_space_around_it() {
        assert_eq!(split(b" {\"a\":1}\r\n"), ["0:{\"a\":1}"]);
        assert_eq!(split("\u{feff}{\"a\":1}".as_bytes()), ["0:{\"a\":1}"]);
        assert_eq!(split(b"{\n \"a\": [\n{}\n]\n}"), ["0:{\n \"a\": [\n{}\n]\n}"]);
    }

    #[test]
    fn an_array_holds_a_document_an_element_each_with_its_own_text() {
        assert_eq!(split(br#"[{"a":1}, 5 ,{"b":[2]}]"#), [r#"0:{"a":1}"#, "1!not_an_object", r#"2:{"b":[2]}"#]);
        assert!(split(b" [ ] ").is_empty());
    }

    #[test]
    fn json_lines_hold_a_document_a_line_and_one_bad_line_spoils_no_other() {
        assert_eq!(split(b"{\"a\":1}\n\n{\"b\":2}\r\n"), ["0:{\"a\":1}", "1:{\"b\":2}"]);
        assert_eq!(split(b"{\"a\":1}\n{\"b\"\n{\"c\":3}"), ["0:{\"a\":1}", "1!bad_json", "2:{\"c\":3}"]);
        assert_eq!(split(b"{\"a\"\n{\"b\":2}\n{\"c\":3}"), ["0!bad_json", "1:{\"b\":2}", "2:{\"c\":3}"]);
        assert_eq!(split(b"5\n{\"b\":2}"), ["0!not_an_object", "1:{\"b\":2}"]);
    }

    #[test]
    fn more_documents_than_allowed_are_rejected_whole() {
        let lines = "{}\n".repeat(11);
        let array = format!("[{}{{}}]", "{},".repeat(10));
        assert_eq!(split(lines.as_bytes()), ["0!too_many_documents"]);
        assert_eq!(split(array.as_bytes()), ["0!too_many_documents"]);
        assert_eq!(split("{}\n".repeat(10).as_bytes()).len(), 10);
        assert!(documents(b"{}", 0)[0].whole);
    }

    #[test]
    fn a_text_that_broke_off_is_rejected_whole() {
        for text in ["[{\"a\":1},{\"b\":2}", "[\n{\"a\":1},\n{\"b\":2}\n", "{\"a\": [\n{}\n", "{\"a\":1} {\"b\":2}", "{\"a\":1}]", "[{}] x"]
        {
            let found = documents(text.as_bytes(), 10);
            assert_eq!((found.len(), found[0].whole, found[0].bytes), (1, true, text.as_bytes()), "{text}");
        }
    }

    #[test]
    fn what_is_wrong_is_named_with_its_offset() {
        assert_eq!(message(b"{\"a\":1} x"), "something follows the JSON value at byte 8");
        assert_eq!(message("\u{feff}{\"a\":1} x".as_bytes()), "something follows the JSON value at byte 11");
        assert_eq!(message(b"{\"a\":\"\xff\"}"), "not UTF-8 at byte 6");
        assert_eq!(message(b""), "the text ends too early at byte 0");
        assert_eq!(split(b""), ["0!bad_json"]);
        assert_eq!(split("[".repeat(300).as_bytes()), ["0!nesting_too_deep"]);
        assert_eq!(split(b"null"), ["0!not_an_object"]);
    }
}
