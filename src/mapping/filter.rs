//! A `where` by itself, for those who choose among documents and map none.

use super::pattern::{Outcome, Pattern};
use crate::json::{self, Json};

/// A compiled pattern, in the language of Lambda event filters.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Filter(Pattern);

impl Filter {
    /// Compiles a pattern's text. The error says what is wrong, and where.
    pub fn compile(text: &str) -> Result<Filter, String> {
        let json = json::parse(text).map_err(|error| error.to_string())?;
        Pattern::compile(&json).map(Filter).map_err(|fault| fault.described())
    }

    /// Whether the pattern takes a document; a field that is absent is no match, unless the pattern says so.
    pub fn matches(&self, document: &Json<'_>) -> bool {
        self.0.test(document) == Outcome::Match
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_filter_takes_what_matches_and_nothing_that_is_absent() {
        let filter = Filter::compile(r#"{"dynamodb":{"NewImage":{"kind":{"S":["a"]}}}}"#).unwrap();
        let takes = |text| filter.matches(&json::parse(text).unwrap());
        assert!(takes(r#"{"dynamodb":{"NewImage":{"kind":{"S":"a"}}}}"#));
        assert!(!takes(r#"{"dynamodb":{"NewImage":{"kind":{"S":"b"}}}}"#) && !takes(r#"{"dynamodb":{}}"#));
    }

    #[test]
    fn a_bad_filter_is_refused_with_its_place() {
        assert!(Filter::compile("{").unwrap_err().contains('1'));
        let error = Filter::compile(r#"{"a":{"b":[{"prefx":"x"}]}}"#).unwrap_err();
        assert!(error.starts_with("/a/b/0") && error.contains("did you mean `prefix`"), "{error}");
    }
}
