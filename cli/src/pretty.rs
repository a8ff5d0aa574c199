//! JSON on many lines, in the order and with the digits that it came with.

use std::fmt::Write as _;

use tablefeed::json::Json;

/// The value, indented by two spaces a level.
pub fn text(value: &Json<'_>) -> String {
    let mut out = String::new();
    write(&mut out, value, "\n");
    out
}

/// `line_break` is a line break and the indentation of the value's own line.
fn write(out: &mut String, value: &Json<'_>, line_break: &str) {
    let inner = format!("{line_break}  ");
    match value {
        Json::Array(elements) if !elements.is_empty() => {
            for (index, element) in elements.iter().enumerate() {
                out.push(if index == 0 { '[' } else { ',' });
                out.push_str(&inner);
                write(out, element, &inner);
            }
            out.push_str(line_break);
            out.push(']');
        }
        Json::Object(members) if !members.is_empty() => {
            for (index, (name, member)) in members.iter().enumerate() {
                out.push(if index == 0 { '{' } else { ',' });
                out.push_str(&inner);
                // Writing to a string cannot fail.
                write!(out, "{}: ", Json::String(name.as_ref().into())).unwrap_or_default();
                write(out, member, &inner);
            }
            out.push_str(line_break);
            out.push('}');
        }
        plain => write!(out, "{plain}").unwrap_or_default(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn order_and_digits_stay() {
        let value = tablefeed::json::parse(r#"{"b":1.10,"a":[{},[],"x"]}"#).unwrap();
        assert_eq!(text(&value), "{\n  \"b\": 1.10,\n  \"a\": [\n    {},\n    [],\n    \"x\"\n  ]\n}");
    }
}
