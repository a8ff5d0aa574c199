//! JSON as it came: a tree that borrows from its text and keeps every number's digits.
//!
//! In: UTF-8 text. Out: [`Json`], or a [`JsonError`] with the byte offset of the fault. Numbers are never converted, so nothing
//! is rounded; of duplicate names in an object the last one wins, as in every common parser. Never panics, never recurses
//! deeper than [`MAX_DEPTH`].

mod error;
mod parser;
mod scan;
mod value;

pub use error::{JsonError, JsonFault};
pub use parser::{MAX_DEPTH, Parser, parse};
pub use value::{Json, push_string};

#[cfg(test)]
mod tests {
    use std::borrow::Cow;

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
