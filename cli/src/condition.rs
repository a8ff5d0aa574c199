//! Conditions on attributes as people type them, and as DynamoDB's expressions.
//!
//! In: `status=ERROR`, `ts>=5`, `name begins_with a`, `ts between 1 and 5`. Out: an expression's text, with the names and values that it needs.

use std::collections::HashMap;

use aws_sdk_dynamodb::primitives::Blob;
use aws_sdk_dynamodb::types::AttributeValue;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use tablefeed::mapping::{KeyAttribute, KeyKind};
use tablefeed::number::Number;

use crate::exit::BadInput;

/// What may stand between attribute and value; of two that begin at one place the longer one.
const OPERATORS: &[&str] = &[" begins_with ", " between ", "<>", "!=", "<=", ">=", "=", "<", ">"];
pub const FORMS: &str = "ATTRIBUTE=VALUE, or with <, <=, >, >=, ' begins_with ', or 'ATTRIBUTE between LOW and HIGH'";

/// One condition; its values have no type yet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Condition {
    pub attribute: String,
    operator: &'static str,
    /// Two of `between`, else one.
    values: Vec<String>,
}

impl Condition {
    pub fn parse(text: &str) -> Result<Condition, String> {
        let wrong = || format!("it must be {FORMS}");
        let found = OPERATORS.iter().filter_map(|operator| text.find(operator).map(|at| (at, operator)));
        let (at, operator) = found.min_by_key(|(at, operator)| (*at, usize::MAX - operator.len())).ok_or_else(wrong)?;
        let (name, value) = (&text[..at], &text[at + operator.len()..]);
        let spaced = name.ends_with(' ');
        let (name, value) = if spaced { (name.trim_end(), value.trim_start()) } else { (name, value) };
        let operator = operator.trim();
        let values = match operator {
            "<>" | "!=" => return Err(wrong()),
            "between" => value.split_once(" and ").map(|(low, high)| vec![low.to_owned(), high.to_owned()]).ok_or_else(wrong)?,
            _ => vec![value.to_owned()],
        };
        if name.is_empty() { Err(wrong()) } else { Ok(Condition { attribute: name.to_owned(), operator, values }) }
    }

    /// The one value that the attribute must equal, if that is the condition.
    pub fn equals(&self) -> Option<&str> {
        (self.operator == "=").then(|| self.values[0].as_str())
    }
}

/// Names and values of an expression that grows.
#[derive(Debug, Default)]
pub struct Terms {
    pub names: HashMap<String, String>,
    pub values: HashMap<String, AttributeValue>,
}

impl Terms {
    /// The placeholder of an attribute.
    pub fn name(&mut self, attribute: &str) -> String {
        let placeholder = format!("#n{}", self.names.len());
        self.names.insert(placeholder.clone(), attribute.to_owned());
        placeholder
    }

    pub fn value(&mut self, value: AttributeValue) -> String {
        let placeholder = format!(":v{}", self.values.len());
        self.values.insert(placeholder.clone(), value);
        placeholder
    }

    /// A condition on a key's attribute, whose type is known.
    pub fn key(&mut self, condition: &Condition, attribute: &KeyAttribute) -> anyhow::Result<String> {
        let values = condition.values.iter().map(|value| key_value(attribute, value)).collect::<anyhow::Result<_>>()?;
        let name = self.name(&condition.attribute);
        Ok(self.term(&name, condition.operator, values))
    }

    /// A condition on any attribute: it holds if the attribute is that text, or that number, or that boolean.
    pub fn filter(&mut self, condition: &Condition) -> String {
        let name = self.name(&condition.attribute);
        let mut terms = vec![self.term(&name, condition.operator, condition.values.iter().cloned().map(AttributeValue::S).collect())];
        if condition.operator != "begins_with" && condition.values.iter().all(|value| is_number(value)) {
            terms.push(self.term(&name, condition.operator, condition.values.iter().cloned().map(AttributeValue::N).collect()));
        }
        if let Some(flag) = condition.equals().and_then(|value| value.parse().ok()) {
            terms.push(self.term(&name, "=", vec![AttributeValue::Bool(flag)]));
        }
        if terms.len() == 1 { terms.concat() } else { format!("({})", terms.join(" OR ")) }
    }

    fn term(&mut self, name: &str, operator: &str, values: Vec<AttributeValue>) -> String {
        let values: Vec<String> = values.into_iter().map(|value| self.value(value)).collect();
        match operator {
            "begins_with" => format!("begins_with({name}, {})", values[0]),
            "between" => format!("{name} BETWEEN {} AND {}", values[0], values[1]),
            _ => format!("{name} {operator} {}", values[0]),
        }
    }
}

/// A key attribute's value in its type: text as it is, a number's digits, binary from base64.
pub fn key_value(attribute: &KeyAttribute, text: &str) -> anyhow::Result<AttributeValue> {
    let wrong = |expected: &str| BadInput::error(format!("--key {}: the table has {expected} there", attribute.name));
    match attribute.kind {
        KeyKind::S if text.is_empty() => Err(wrong("a text that is not empty")),
        KeyKind::S => Ok(AttributeValue::S(text.to_owned())),
        KeyKind::N if is_number(text) => Ok(AttributeValue::N(text.to_owned())),
        KeyKind::N => Err(wrong("a number")),
        KeyKind::B => {
            STANDARD.decode(text).map(|bytes| AttributeValue::B(Blob::new(bytes))).map_err(|_| wrong("binary, which is given as base64"))
        }
    }
}

fn is_number(text: &str) -> bool {
    Number::parse(text).is_some_and(|number| number.check().is_ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(text: &str) -> (String, &'static str, Vec<String>) {
        let condition = Condition::parse(text).unwrap();
        (condition.attribute, condition.operator, condition.values)
    }

    #[test]
    fn the_first_operator_counts_and_values_stay_as_they_are() {
        let expected = |attribute: &str, operator, values: &[&str]| {
            (attribute.to_owned(), operator, values.iter().map(|value| (*value).to_owned()).collect::<Vec<_>>())
        };
        assert_eq!(parsed("url=https://a/?b=c>d"), expected("url", "=", &["https://a/?b=c>d"]));
        assert_eq!(parsed("ts>=5"), expected("ts", ">=", &["5"]));
        assert_eq!(parsed("ts < 5"), expected("ts", "<", &["5"]));
        assert_eq!(parsed("a= x"), expected("a", "=", &[" x"]));
        assert_eq!(parsed("a="), expected("a", "=", &[""]));
        assert_eq!(parsed("name begins_with a=b"), expected("name", "begins_with", &["a=b"]));
        assert_eq!(parsed("ts between 1 and 5"), expected("ts", "between", &["1", "5"]));
        for wrong in ["status", "=x", "a<>b", "a!=b", "ts between 1"] {
            assert!(Condition::parse(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_filter_tries_every_type_that_the_value_can_be() {
        let filter = |text| {
            let mut terms = Terms::default();
            let expression = terms.filter(&Condition::parse(text).unwrap());
            (expression, terms.values.len())
        };
        assert_eq!(filter("a=x"), ("#n0 = :v0".to_owned(), 1));
        assert_eq!(filter("a>=5"), ("(#n0 >= :v0 OR #n0 >= :v1)".to_owned(), 2));
        assert_eq!(filter("a=true"), ("(#n0 = :v0 OR #n0 = :v1)".to_owned(), 2));
        assert_eq!(filter("a begins_with 5"), ("begins_with(#n0, :v0)".to_owned(), 1));
    }

    #[test]
    fn a_key_has_the_tables_type() {
        let value = |kind, text| key_value(&KeyAttribute { name: "k".to_owned(), kind }, text);
        assert_eq!(value(KeyKind::S, "5").unwrap(), AttributeValue::S("5".to_owned()));
        assert_eq!(value(KeyKind::N, "5.50").unwrap(), AttributeValue::N("5.50".to_owned()));
        assert_eq!(value(KeyKind::B, "AAE=").unwrap(), AttributeValue::B(Blob::new([0, 1])));
        assert_eq!(value(KeyKind::N, "secret").unwrap_err().to_string(), "--key k: the table has a number there");
        assert!(value(KeyKind::B, "?").is_err() && value(KeyKind::S, "").is_err());
    }
}
