//! JSON in one canonical text.
//!
//! In: a value. Out: compact JSON that is the same for equal values: members sorted by name, strings escaped as little as JSON
//! allows, numbers in plain notation. What Python's `json.dumps(.., ensure_ascii=False, separators=(",", ":"), sort_keys=True)`
//! writes, numbers aside.

use crate::json::{Json, push_string};
use crate::number::{Number, OutOfRange};

/// Appends the canonical text of `value`. Numbers outside `DynamoDB`'s range have none.
pub(super) fn write(out: &mut String, value: &Json<'_>) -> Result<(), OutOfRange> {
    match value {
        Json::Null => out.push_str("null"),
        Json::Bool(flag) => out.push_str(if *flag { "true" } else { "false" }),
        Json::Number(digits) => number(out, digits)?,
        Json::String(text) => push_string(out, text),
        Json::Array(elements) => {
            out.push('[');
            for (index, element) in elements.iter().enumerate() {
                out.push_str(if index == 0 { "" } else { "," });
                write(out, element)?;
            }
            out.push(']');
        }
        Json::Object(members) => {
            let mut sorted: Vec<_> = members.iter().collect();
            sorted.sort_by(|(left, _), (right, _)| left.cmp(right));
            out.push('{');
            for (index, (name, member)) in sorted.into_iter().enumerate() {
                out.push_str(if index == 0 { "" } else { "," });
                push_string(out, name);
                out.push(':');
                write(out, member)?;
            }
            out.push('}');
        }
    }
    Ok(())
}

fn number(out: &mut String, digits: &str) -> Result<(), OutOfRange> {
    let Some(number) = Number::parse(digits) else { return Err(OutOfRange::Digits) };
    number.check()?;
    out.extend(number.canonical());
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::json::parse;

    #[test]
    fn members_are_sorted_and_numbers_plain() {
        let mut out = String::new();
        write(&mut out, &parse(r#" {"b": [1.0, 2e2], "a": {"d": null, "c": "\u00e9\u0001\/"}} "#).unwrap()).unwrap();
        assert_eq!(out, r#"{"a":{"c":"é\u0001/","d":null},"b":[1,200]}"#);
        assert_eq!(write(&mut out, &Json::Number("1e999")), Err(OutOfRange::Magnitude));
    }
}
