//! One alternative of a field's test, and the values that it takes.

use crate::json::Json;
use crate::number::Number;

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Alternative {
    Null,
    Bool(bool),
    Number(Box<str>),
    Text(Box<str>),
    Prefix(Box<str>),
    Suffix(Box<str>),
    IgnoreCase(Box<str>),
    /// None of these.
    AnythingBut(Vec<Alternative>),
    /// All of these.
    Numeric(Vec<(Comparison, Box<str>)>),
    Exists(bool),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Comparison {
    Equal,
    Above,
    AtLeast,
    Below,
    AtMost,
}

impl Alternative {
    /// Whether a value that is present is taken; of an array any element may be.
    pub(super) fn matches(&self, value: &Json<'_>) -> bool {
        match (self, value) {
            (Alternative::Exists(exists), _) => *exists,
            (_, Json::Array(elements)) => elements.iter().any(|element| self.matches(element)),
            (_, Json::Object(_)) => false,
            (Alternative::AnythingBut(unwanted), _) => !unwanted.iter().any(|alternative| alternative.matches(value)),
            (Alternative::Null, _) => *value == Json::Null,
            (Alternative::Bool(wanted), _) => *value == Json::Bool(*wanted),
            (Alternative::Number(wanted), Json::Number(digits)) => {
                **wanted == **digits || Number::parse(digits).is_some_and(|number| Some(number) == Number::parse(wanted))
            }
            (Alternative::Numeric(bounds), Json::Number(digits)) => {
                Number::parse(digits).is_some_and(|number| bounds.iter().all(|(comparison, bound)| comparison.holds(&number, bound)))
            }
            (Alternative::Text(wanted), Json::String(text)) => **wanted == **text,
            (Alternative::Prefix(prefix), Json::String(text)) => text.starts_with(&**prefix),
            (Alternative::Suffix(suffix), Json::String(text)) => text.ends_with(&**suffix),
            (Alternative::IgnoreCase(wanted), Json::String(text)) => {
                wanted.chars().flat_map(char::to_lowercase).eq(text.chars().flat_map(char::to_lowercase))
            }
            _ => false,
        }
    }
}

impl Comparison {
    fn holds(self, number: &Number<'_>, bound: &str) -> bool {
        let Some(order) = Number::parse(bound).map(|bound| number.cmp(&bound)) else { return false };
        match self {
            Comparison::Equal => order.is_eq(),
            Comparison::Above => order.is_gt(),
            Comparison::AtLeast => order.is_ge(),
            Comparison::Below => order.is_lt(),
            Comparison::AtMost => order.is_le(),
        }
    }
}
