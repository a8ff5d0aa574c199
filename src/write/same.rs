//! Whether the table holds just what would be written: typed JSON against attributes as the SDK gives them. Pure.

use std::collections::HashMap;

use aws_sdk_dynamodb::types::AttributeValue;

use crate::json::{Json, parse};
use crate::number::Number;

/// Whether an item's typed JSON and the attributes of a stored item are the same: numbers by value, sets in any order.
pub(super) fn same(json: &str, stored: &HashMap<String, AttributeValue>) -> bool {
    parse(json).is_ok_and(|item| same_map(&item, stored))
}

fn same_map(map: &Json<'_>, stored: &HashMap<String, AttributeValue>) -> bool {
    let Json::Object(members) = map else { return false };
    members.len() == stored.len() && members.iter().all(|(name, value)| stored.get(&**name).is_some_and(|stored| same_value(value, stored)))
}

/// `value` is an object of one member, whose name is the type.
fn same_value(value: &Json<'_>, stored: &AttributeValue) -> bool {
    let Json::Object(members) = value else { return false };
    let [(kind, value)] = members.as_slice() else { return false };
    match (&**kind, value, stored) {
        ("S", Json::String(text), AttributeValue::S(stored)) => **text == **stored,
        ("N", Json::String(digits), AttributeValue::N(stored)) => same_number(digits, stored),
        ("B", Json::String(text), AttributeValue::B(stored)) => same_bytes(text, stored.as_ref()),
        ("BOOL", Json::Bool(flag), AttributeValue::Bool(stored)) => flag == stored,
        ("NULL", _, AttributeValue::Null(_)) => true,
        ("L", Json::Array(elements), AttributeValue::L(stored)) => {
            elements.len() == stored.len() && elements.iter().zip(stored).all(|(element, stored)| same_value(element, stored))
        }
        ("M", map, AttributeValue::M(stored)) => same_map(map, stored),
        ("SS", Json::Array(elements), AttributeValue::Ss(stored)) => same_set(elements, stored, |element, stored| element == stored),
        ("NS", Json::Array(elements), AttributeValue::Ns(stored)) => {
            same_set(elements, stored, |element, stored| same_number(element, stored))
        }
        ("BS", Json::Array(elements), AttributeValue::Bs(stored)) => {
            same_set(elements, stored, |element, stored| same_bytes(element, stored.as_ref()))
        }
        _ => false,
    }
}

fn same_set<T>(elements: &[Json<'_>], stored: &[T], equal: impl Fn(&str, &T) -> bool) -> bool {
    let found = |element: &Json<'_>| match element {
        Json::String(element) => stored.iter().any(|stored| equal(element, stored)),
        _ => false,
    };
    elements.len() == stored.len() && elements.iter().all(found)
}

fn same_number(left: &str, right: &str) -> bool {
    Number::parse(left).is_some_and(|left| Number::parse(right).is_some_and(|right| left == right))
}

fn same_bytes(text: &str, bytes: &[u8]) -> bool {
    use base64::Engine as _;
    base64::engine::general_purpose::STANDARD.decode(text).is_ok_and(|decoded| decoded == bytes)
}

#[cfg(test)]
mod tests {
    use super::*;
    use AttributeValue::{B, Bool, L, M, N, Ns, Null, S, Ss};

    fn stored() -> HashMap<String, AttributeValue> {
        let text = |text: &str| text.to_owned();
        let map = HashMap::from([(text("m"), Null(true))]);
        [
            ("s", S(text("é"))),
            ("n", N(text("1.5"))),
            ("b", B(aws_sdk_dynamodb::primitives::Blob::new(*b"\x00\xff"))),
            ("f", Bool(false)),
            ("l", L(vec![M(map)])),
            ("ss", Ss(vec![text("a"), text("b")])),
            ("ns", Ns(vec![text("1"), text("2")])),
        ]
        .into_iter()
        .map(|(name, value)| (name.to_owned(), value))
        .collect()
    }

    const SAME: &str = r#"{"s":{"S":"\u00e9"},"n":{"N":"1.50"},"b":{"B":"AP8="},"f":{"BOOL":false},"l":{"L":[{"M":{"m":{"NULL":true}}}]},
                          "ss":{"SS":["b","a"]},"ns":{"NS":["2.0","1"]}}"#;

    #[test]
    fn numbers_are_compared_by_value_and_sets_in_any_order() {
        assert!(same(SAME, &stored()));
    }

    #[test]
    fn any_difference_counts() {
        for (one, other) in [
            (r#""N":"1.50""#, r#""N":"1.51""#),
            (r#""N":"1.50""#, r#""S":"1.50""#),
            ("u00e9", "u00e8"),
            ("AP8=", "AP4="),
            ("false", "true"),
            (r#"{"m":"#, r#"{"k":"#),
            (r#"["b","a"]"#, r#"["b"]"#),
            (r#"["b","a"]"#, r#"["b","c"]"#),
            (r#""f":{"BOOL":false},"#, ""),
        ] {
            let different = SAME.replace(one, other);
            assert!(different != SAME && !same(&different, &stored()), "{different}");
        }
    }
}
