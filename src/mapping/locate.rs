//! Where in a declaration's text a value stands.
//!
//! In: text that is JSON and the tokens of a JSON Pointer. Out: a byte offset, a line and a column. Only used for errors.

use crate::json::{Json, JsonFault, Parser};

/// The byte offset of the value that `tokens` lead to; of the innermost one that exists, if one does not.
pub(super) fn offset(text: &str, tokens: &[String]) -> usize {
    let mut parser = Parser::new(text);
    parser.peek();
    let here = parser.offset();
    let Some((token, rest)) = tokens.split_first() else { return here };
    match child(&mut parser, token) {
        Some(found) => found + offset(&text[found..], rest),
        None => here,
    }
}

/// The offset of the member or element `token`; of members with one name the last, as the parser keeps that one.
fn child(parser: &mut Parser<'_>, token: &str) -> Option<usize> {
    let mut found = None;
    let object = parser.take(b'{');
    let close = if object { b'}' } else { b']' };
    if !object && !parser.take(b'[') || parser.take(close) {
        return None;
    }
    for index in 0.. {
        let named = if object {
            let name = parser.value().ok()?;
            parser.take(b':');
            matches!(name, Json::String(name) if name == token)
        } else {
            index.to_string() == token
        };
        parser.peek();
        let start = parser.offset();
        parser.value().ok()?;
        found = if named { Some(start) } else { found };
        if !parser.more(close, JsonFault::End).ok()? {
            break;
        }
    }
    found
}

/// Line and column of a byte offset, both from 1, the column in characters.
pub(super) fn line_and_column(text: &str, offset: usize) -> (usize, usize) {
    let before = &text.as_bytes()[..offset.min(text.len())];
    let start = before.iter().rposition(|byte| *byte == b'\n').map_or(0, |newline| newline + 1);
    let line = before.split(|byte| *byte == b'\n').count();
    (line, String::from_utf8_lossy(&before[start..]).chars().count() + 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(text: &str, tokens: &[&str]) -> (usize, usize) {
        let tokens: Vec<String> = tokens.iter().map(ToString::to_string).collect();
        line_and_column(text, offset(text, &tokens))
    }

    #[test]
    fn a_value_is_found_by_its_pointer() {
        let text = "\n{ \"é\": [1, {\"a/b\": 2}],\n  \"x\": 1, \"x\": {\"y\": 3} }";
        assert_eq!(found(text, &[]), (2, 1));
        assert_eq!(found(text, &["é"]), (2, 8));
        assert_eq!(found(text, &["é", "1", "a/b"]), (2, 20));
        assert_eq!(found(text, &["x", "y"]), (3, 22));
    }

    #[test]
    fn a_pointer_to_nothing_ends_at_the_innermost_value() {
        assert_eq!(found("{\"a\": {}}", &["a", "b"]), (1, 7));
        assert_eq!(found("7", &["a"]), (1, 1));
    }
}
