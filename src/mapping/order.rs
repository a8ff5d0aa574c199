//! The order of documents for one key: what `WRITE_MODE=newest` compares, as one text that sorts as the numbers in it do.
//!
//! In: a document and its origin. Out: the value of the order field, if there is one, then the sequence number, then the
//! sub-sequence number. Texts, because sequence numbers run to 129 digits and the table's numbers to 38; the table compares
//! texts byte by byte. The form is kept in tables, so it never changes:
//!
//! ```text
//! [n NUMBER TAB | s TEXT TAB] digits of the sequence number in 3 digits, the sequence number, TAB, sub-sequence number in 10 digits
//! ```

use std::fmt::Write as _;

use super::content::Content;
use super::error::Fault;
use super::reference::{Need, Reference, Scope};
use crate::number::Number;
use crate::reason::{Reason, Rejection};

/// The longest text that documents are ordered by, in bytes: it is stored with every item.
const MAX_TEXT: usize = 1024;

/// How documents of one key are ordered.
#[derive(Debug)]
pub(super) struct Order {
    by: Option<Reference>,
    /// The attribute that stores it.
    pub(super) attribute: Box<str>,
}

impl Order {
    /// `by` is what stands in a placeholder: a field, a JSON Pointer, `@arrival`, or several of them.
    pub(super) fn compile(by: Option<&str>, attribute: &str) -> Result<Order, Fault> {
        let by = by.map(Reference::compile).transpose()?;
        if by.as_ref().is_some_and(|by| by.need == Need::Optional) {
            return Err(Fault::new("what documents are ordered by cannot be optional: leave out the `?`"));
        }
        Ok(Order { by, attribute: attribute.into() })
    }

    /// Whether more than the place in the stream decides.
    pub(super) fn has_reference(&self) -> bool {
        self.by.is_some()
    }

    /// Whether that satisfies `test`.
    pub(super) fn any_reference(&self, test: impl Fn(&Reference) -> bool) -> bool {
        self.by.as_ref().is_some_and(test)
    }

    /// The place of a document in the order.
    pub(super) fn of(&self, scope: &Scope<'_>) -> Result<String, Rejection> {
        let mut text = match &self.by {
            None => String::new(),
            Some(by) => {
                value(by, scope).map_err(|rejection| Rejection { message: format!("ORDER_BY: {}", rejection.message), ..rejection })?
            }
        };
        let sequence = scope.origin.sequence.trim_start_matches('0');
        write!(text, "{:03}{sequence}\t{:010}", sequence.len(), scope.origin.sub_sequence).unwrap_or_default();
        Ok(text)
    }
}

fn value(by: &Reference, scope: &Scope<'_>) -> Result<String, Rejection> {
    let refused = |reason, what: &str| Err(Rejection::new(reason, format!("{} {what}", by.name())));
    match by.find(scope)? {
        None => Err(by.absent(scope)),
        Some(Content::Number(digits)) => match Number::parse(&digits).and_then(|number| number.sortable()) {
            Some(number) => Ok(format!("n{number}\t")),
            None => refused(Reason::NumberOutOfRange, "is a number outside the table's range"),
        },
        Some(Content::Text(text)) if text.len() > MAX_TEXT => refused(Reason::BadValue, "is over 1024 bytes long"),
        Some(Content::Text(text)) if text.chars().any(|character| character < ' ') => refused(Reason::BadValue, "holds control characters"),
        Some(Content::Text(text)) => Ok(format!("s{text}\t")),
        Some(other) => refused(Reason::BadValue, &format!("is {}; a number or a string is needed", other.kind())),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::origin::Origin;
    use super::super::origin::tests::ORIGIN;
    use super::super::time::ARRIVAL;
    use super::*;
    use crate::json::{Json, parse};

    fn by_field(document: &str) -> Result<String, Reason> {
        let order = Order::compile(Some("/at/t"), "_order").unwrap();
        order.of(&Scope { document: &parse(document).unwrap(), origin: &ORIGIN, time: &ARRIVAL }).map_err(|rejection| rejection.reason)
    }

    fn at(sequence: &str, sub_sequence: u32) -> String {
        let origin = Origin { sequence, sub_sequence, ..ORIGIN };
        Order::compile(None, "_order").unwrap().of(&Scope { document: &Json::Null, origin: &origin, time: &ARRIVAL }).unwrap()
    }

    #[test]
    fn sequence_numbers_are_ordered_as_numbers_and_sub_sequence_numbers_behind_them() {
        let long = format!("1{}", "0".repeat(128));
        let ordered = [at("0", 7), at("2", 0), at("9", 0), at("9", 2), at("9", 10), at("10", 0), at("0010", 1), at("99", 0), at(&long, 0)];
        assert!(ordered.is_sorted(), "{ordered:?}");
        assert_eq!(at("9", 2), "0019\t0000000002");
    }

    #[test]
    fn the_fields_value_comes_before_the_sequence_number() {
        let of = |value: &str| by_field(&format!(r#"{{"at":{{"t":{value}}}}}"#)).unwrap();
        let ordered = [
            "-1e5",
            "-12",
            "-11.9",
            "-11",
            "-1e-3",
            "0",
            "1e-130",
            "0.5",
            "1",
            "1.5",
            "12",
            "100",
            "9e124",
            r#""""#,
            r#""2024-01-01 10""#,
            r#""2024-01-01 10:00""#,
            r#""é""#,
        ];
        let texts = ordered.map(of);
        assert!(texts.is_sorted_by(|left, right| left < right), "{texts:?}");
        assert_eq!(of("1.50e1"), of("15"));
    }

    #[test]
    fn what_cannot_be_ordered_is_rejected() {
        assert_eq!(by_field("{}"), Err(Reason::MissingField));
        for (value, reason) in [("null", Reason::BadValue), ("[1]", Reason::BadValue), ("1e126", Reason::NumberOutOfRange)] {
            assert_eq!(by_field(&format!(r#"{{"at":{{"t":{value}}}}}"#)), Err(reason), "{value}");
        }
        assert_eq!(by_field(r#"{"at":{"t":"a\tb"}}"#), Err(Reason::BadValue));
        assert_eq!(by_field(&format!(r#"{{"at":{{"t":"{}"}}}}"#, "x".repeat(1025))), Err(Reason::BadValue));
    }

    proptest! {
        #[test]
        fn texts_sort_as_numbers_do(left in "-?(0|[1-9][0-9]{0,5})(\\.[0-9]{1,6})?([eE][+-]?[0-9]{1,2})?", right in "-?(0|[1-9][0-9]{0,3})(\\.[0-9]{1,2})?") {
            let of = |value: &str| by_field(&format!(r#"{{"at":{{"t":{value}}}}}"#)).unwrap();
            let expected = Number::parse(&left).unwrap().cmp(&Number::parse(&right).unwrap());
            prop_assert_eq!(of(&left).cmp(&of(&right)), expected);
        }

        #[test]
        fn and_sequence_numbers_as_well(left in "[1-9][0-9]{0,40}", right in "[1-9][0-9]{0,40}", sub in 0u32..3, other in 0u32..3) {
            let expected = left.len().cmp(&right.len()).then_with(|| left.cmp(&right)).then(sub.cmp(&other));
            prop_assert_eq!(at(&left, sub).cmp(&at(&right, other)), expected);
        }
    }
}
