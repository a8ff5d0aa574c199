//! Fields out of an object of JSON, and every problem with them, so that all are named in one answer.

use std::collections::BTreeMap;
use std::ops::RangeInclusive;

use serde_json::{Map, Value};
use tablefeed::mapping::suggest::hint;

use super::FieldError;

/// Looks fields up and collects what is wrong with them.
pub(super) struct Reader<'v> {
    fields: &'v Map<String, Value>,
    /// Of an object inside the declaration: its name and a dot.
    prefix: &'static str,
    problems: BTreeMap<String, Vec<String>>,
}

impl<'v> Reader<'v> {
    /// Every field that is not among `known` is a problem.
    pub fn new(fields: &'v Map<String, Value>, prefix: &'static str, known: &[&str]) -> Reader<'v> {
        let mut reader = Reader { fields, prefix, problems: BTreeMap::new() };
        for name in fields.keys().filter(|name| !known.contains(&name.as_str())) {
            reader.problem(name, format!("unknown field{}", hint(name, known)));
        }
        reader
    }

    pub fn problem(&mut self, name: &str, message: impl Into<String>) {
        self.problems.entry(format!("{}{name}", self.prefix)).or_default().push(message.into());
    }

    /// A field's value; `null` is as good as none.
    pub fn value(&self, name: &str) -> Option<&'v Value> {
        self.fields.get(name).filter(|value| !value.is_null())
    }

    /// A field through a function of its own; `None` without it, or with a problem.
    pub fn parsed<T>(&mut self, name: &str, parse: impl FnOnce(&'v Value) -> Result<T, String>) -> Option<T> {
        match parse(self.value(name)?) {
            Ok(value) => Some(value),
            Err(message) => {
                self.problem(name, message);
                None
            }
        }
    }

    pub fn required<T>(&mut self, name: &str, parse: impl FnOnce(&'v Value) -> Result<T, String>) -> Option<T> {
        if self.value(name).is_none() {
            self.problem(name, "required");
        }
        self.parsed(name, parse)
    }

    pub fn number(&mut self, name: &str, range: RangeInclusive<u64>) -> Option<u64> {
        self.parsed(name, |value| match whole(value) {
            Some(number) if range.contains(&number) => Ok(number),
            _ => Err(format!("must be a whole number from {} to {}", range.start(), range.end())),
        })
    }

    /// Reads the object under `name` with a reader of its own.
    pub fn object<T>(&mut self, name: &str, prefix: &'static str, known: &[&str], read: impl FnOnce(&mut Reader<'v>) -> T) -> Option<T> {
        let fields = self.parsed(name, |value| value.as_object().ok_or_else(|| "must be an object".to_owned()))?;
        let mut inner = Reader::new(fields, prefix, known);
        let value = read(&mut inner);
        self.problems.append(&mut inner.problems);
        Some(value)
    }

    /// Every problem, by field.
    pub fn problems(self) -> Vec<FieldError> {
        self.problems.into_iter().map(|(field, messages)| FieldError { field, messages }).collect()
    }
}

/// A text that is not empty.
pub(super) fn text(value: &Value) -> Result<&str, String> {
    value.as_str().filter(|text| !text.is_empty()).ok_or_else(|| "must be a text".to_owned())
}

/// A whole number, which JSON may write as 5.0, too.
fn whole(value: &Value) -> Option<u64> {
    value.as_u64().or_else(|| value.as_f64().filter(|number| number.fract() == 0.0).and_then(|number| format!("{number}").parse().ok()))
}
