//! Attribute values as DynamoDB writes them in JSON: binary in base64, names in order.

use std::collections::HashMap;

use aws_sdk_dynamodbstreams::primitives::Blob;
use aws_sdk_dynamodbstreams::types::AttributeValue;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use tablefeed::json::push_string;

/// An item, or a map inside one; `None` if a value has a type that is not known.
pub(super) fn item(attributes: &HashMap<String, AttributeValue>) -> Option<String> {
    let mut out = String::new();
    push_item(&mut out, attributes)?;
    Some(out)
}

fn push_item(out: &mut String, attributes: &HashMap<String, AttributeValue>) -> Option<()> {
    let mut sorted: Vec<_> = attributes.iter().collect();
    sorted.sort_unstable_by_key(|(name, _)| name.as_str());
    push_all(out, ['{', '}'], sorted, |out, (name, value)| {
        push_string(out, name);
        out.push(':');
        push_value(out, value)
    })
}

fn push_value(out: &mut String, value: &AttributeValue) -> Option<()> {
    let text = |out: &mut String, text: &String| {
        push_string(out, text);
        Some(())
    };
    let binary = |out: &mut String, bytes: &Blob| {
        push_string(out, &STANDARD.encode(bytes));
        Some(())
    };
    let flagged = |out: &mut String, flag: bool| {
        out.push_str(if flag { "true" } else { "false" });
        Some(())
    };
    let list = ['[', ']'];
    match value {
        AttributeValue::S(value) => typed(out, "S", |out| text(out, value)),
        AttributeValue::N(value) => typed(out, "N", |out| text(out, value)),
        AttributeValue::B(value) => typed(out, "B", |out| binary(out, value)),
        AttributeValue::Ss(values) => typed(out, "SS", |out| push_all(out, list, values, text)),
        AttributeValue::Ns(values) => typed(out, "NS", |out| push_all(out, list, values, text)),
        AttributeValue::Bs(values) => typed(out, "BS", |out| push_all(out, list, values, binary)),
        AttributeValue::L(values) => typed(out, "L", |out| push_all(out, list, values, push_value)),
        AttributeValue::M(values) => typed(out, "M", |out| push_item(out, values)),
        AttributeValue::Bool(flag) => typed(out, "BOOL", |out| flagged(out, *flag)),
        AttributeValue::Null(flag) => typed(out, "NULL", |out| flagged(out, *flag)),
        _ => None,
    }
}

fn typed(out: &mut String, name: &str, push: impl FnOnce(&mut String) -> Option<()>) -> Option<()> {
    out.push('{');
    push_string(out, name);
    out.push(':');
    push(out)?;
    out.push('}');
    Some(())
}

fn push_all<T>(
    out: &mut String,
    [open, close]: [char; 2],
    elements: impl IntoIterator<Item = T>,
    mut push: impl FnMut(&mut String, T) -> Option<()>,
) -> Option<()> {
    out.push(open);
    for (index, element) in elements.into_iter().enumerate() {
        if index > 0 {
            out.push(',');
        }
        push(out, element)?;
    }
    out.push(close);
    Some(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_type_of_value_is_written_as_dynamodb_does() {
        let nested = HashMap::from([("b".to_owned(), AttributeValue::Null(true)), ("a".to_owned(), AttributeValue::Bool(false))]);
        let values = [
            ("a", AttributeValue::B(Blob::new("hi"))),
            ("b", AttributeValue::Bs(vec![Blob::new("x"), Blob::new("y")])),
            ("c", AttributeValue::L(vec![AttributeValue::N("1.10".to_owned()), AttributeValue::L(Vec::new())])),
            ("d", AttributeValue::M(nested)),
            ("e", AttributeValue::Ns(vec!["1".to_owned()])),
            ("f\n", AttributeValue::Ss(vec!["s".to_owned(), "t".to_owned()])),
        ];
        let attributes = values.map(|(name, value)| (name.to_owned(), value)).into();
        let expected = r#"{"a":{"B":"aGk="},"b":{"BS":["eA==","eQ=="]},"c":{"L":[{"N":"1.10"},{"L":[]}]},"#.to_owned()
            + r#""d":{"M":{"a":{"BOOL":false},"b":{"NULL":true}}},"e":{"NS":["1"]},"f\n":{"SS":["s","t"]}}"#;
        assert_eq!(item(&attributes), Some(expected));
    }
}
