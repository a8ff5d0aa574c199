//! Which documents a mapping wants: `where`, in the pattern language of Lambda event filters ("Filter rule syntax").
//!
//! In: a compiled pattern and a document. Out: an [`Outcome`], which tells a field that is absent from one that does not match.
//! Numbers are compared by value, exactly.

mod alternative;
mod compile;

use alternative::Alternative;

use crate::json::Json;

/// A conjunction of tests.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Pattern {
    fields: Vec<Field>,
    /// The members of `$or`; `None` without one.
    any_of: Option<Vec<Pattern>>,
}

/// A test of one field.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Field {
    name: Box<str>,
    /// For messages: the name, or a JSON Pointer inside a nested object.
    path: Box<str>,
    test: Test,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Test {
    AnyOf(Vec<Alternative>),
    Nested(Pattern),
}

/// What a pattern says about a document.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Outcome<'p> {
    Match,
    NoMatch,
    /// Nothing contradicts the pattern, but this field is not there.
    Absent(&'p str),
}

impl<'p> Outcome<'p> {
    fn matching(matches: bool) -> Outcome<'p> {
        if matches { Outcome::Match } else { Outcome::NoMatch }
    }

    /// A match if any matches, else absent if any is.
    fn any(outcomes: impl Iterator<Item = Outcome<'p>>) -> Outcome<'p> {
        let mut result = Outcome::NoMatch;
        for outcome in outcomes {
            match (outcome, result) {
                (Outcome::Match, _) => return Outcome::Match,
                (Outcome::Absent(_), Outcome::NoMatch) => result = outcome,
                _ => {}
            }
        }
        result
    }

    /// No match if any does not match, even if another is absent.
    fn all(outcomes: impl Iterator<Item = Outcome<'p>>) -> Outcome<'p> {
        let mut result = Outcome::Match;
        for outcome in outcomes {
            match (outcome, result) {
                (Outcome::NoMatch, _) => return Outcome::NoMatch,
                (Outcome::Absent(_), Outcome::Match) => result = outcome,
                _ => {}
            }
        }
        result
    }
}

impl Pattern {
    /// Tests a document. In a value that is not an object every field is absent.
    pub(super) fn test(&self, document: &Json<'_>) -> Outcome<'_> {
        self.evaluate(Some(document))
    }

    fn evaluate(&self, object: Option<&Json<'_>>) -> Outcome<'_> {
        let fields = self.fields.iter().map(|field| field.evaluate(object.and_then(|object| object.get(&field.name))));
        let any_of = self.any_of.iter().map(|patterns| Outcome::any(patterns.iter().map(|pattern| pattern.evaluate(object))));
        Outcome::all(fields.chain(any_of))
    }

    /// A nested pattern wants one object, or one of an array of them.
    fn evaluate_nested(&self, value: Option<&Json<'_>>) -> Outcome<'_> {
        match value {
            Some(Json::Array(elements)) if !elements.is_empty() => {
                Outcome::any(elements.iter().map(|element| self.evaluate_nested(Some(element))))
            }
            _ => self.evaluate(value),
        }
    }
}

impl Field {
    fn evaluate(&self, value: Option<&Json<'_>>) -> Outcome<'_> {
        let alternatives = match &self.test {
            Test::Nested(pattern) => return pattern.evaluate_nested(value),
            Test::AnyOf(alternatives) => alternatives,
        };
        let Some(value) = value else {
            // A pattern that asks whether the field exists expects that it may not.
            let asks = alternatives.iter().any(|alternative| matches!(alternative, Alternative::Exists(_)));
            let absent = alternatives.contains(&Alternative::Exists(false));
            return if asks { Outcome::matching(absent) } else { Outcome::Absent(&self.path) };
        };
        Outcome::matching(alternatives.iter().any(|alternative| alternative.matches(value)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::json::parse;

    fn test(pattern: &str, document: &str) -> String {
        let pattern = Pattern::compile(&parse(pattern).unwrap()).unwrap();
        format!("{:?}", pattern.test(&parse(document).unwrap()))
    }

    fn matches(pattern: &str, document: &str) -> bool {
        test(pattern, document) == "Match"
    }

    #[test]
    fn each_construct_takes_what_it_says() {
        for (alternative, taken, refused) in [
            (r#""x""#, r#""x""#, r#""X""#),
            (r#""""#, r#""""#, "null"),
            ("100", "1.0e2", r#""100""#),
            ("null", "null", "false"),
            ("true", "true", r#""true""#),
            (r#"{"prefix":"waze/"}"#, r#""waze/1""#, r#""wave/""#),
            (r#"{"suffix":".json"}"#, r#""a.json""#, "1"),
            (r#"{"equals-ignore-case":"STRASSE"}"#, r#""Strasse""#, r#""Str""#),
            (r#"{"anything-but":["a",1]}"#, r#""b""#, "1.0"),
            (r#"{"anything-but":"a"}"#, "null", r#""a""#),
            (r#"{"anything-but":{"prefix":"a"}}"#, "7", r#""ab""#),
            (r#"{"numeric":[">",1,"<=",5]}"#, "5.0", "1"),
            (r#"{"numeric":["=",0.1]}"#, "1e-1", "0.10000000000000000001"),
            (r#"{"numeric":["<",0]}"#, "-1e-400", r#""-1""#),
            (r#"{"exists":true}"#, "{}", ""),
        ] {
            let pattern = format!(r#"{{"f":[{alternative}]}}"#);
            assert!(matches(&pattern, &format!(r#"{{"f":{taken}}}"#)), "{alternative} takes {taken}");
            if !refused.is_empty() {
                assert_eq!(test(&pattern, &format!(r#"{{"f":{refused}}}"#)), "NoMatch", "{alternative} refuses {refused}");
            }
        }
    }

    #[test]
    fn any_element_of_an_array_is_enough() {
        assert!(matches(r#"{"f":["x"]}"#, r#"{"f":["a",["x"]]}"#));
        assert_eq!(test(r#"{"f":["x"]}"#, r#"{"f":[]}"#), "NoMatch");
        assert!(matches(r#"{"f":{"g":["x"]}}"#, r#"{"f":[{"g":"a"},{"g":"x"}]}"#));
    }

    #[test]
    fn an_absent_field_is_told_from_one_that_does_not_match() {
        assert_eq!(test(r#"{"f":["x"]}"#, "{}"), r#"Absent("f")"#);
        assert_eq!(test(r#"{"f":["x"],"g":["y"]}"#, r#"{"g":"n"}"#), "NoMatch");
        assert_eq!(test(r#"{"f":["x"],"g":["y"]}"#, r#"{"g":"y"}"#), r#"Absent("f")"#);
        assert_eq!(test(r#"{"o":{"f":["x"]}}"#, r#"{"o":{}}"#), r#"Absent("/o/f")"#);
        assert_eq!(test(r#"{"o":{"f":["x"]}}"#, r#"{"o":1}"#), r#"Absent("/o/f")"#);
        assert_eq!(test(r#"{"f":[{"exists":true}]}"#, "{}"), "NoMatch");
        assert!(matches(r#"{"f":[{"exists":false}]}"#, "{}"));
        assert!(matches(r#"{"f":["x",{"exists":false}]}"#, "{}"));
        assert!(!matches(r#"{"f":[{"exists":false}]}"#, r#"{"f":null}"#));
        assert!(matches(r#"{"o":{"f":[{"exists":false}]}}"#, "{}"));
    }

    #[test]
    fn or_takes_a_match_before_an_absence_before_no_match() {
        let or = r#"{"$or":[{"f":["x"]},{"g":["y"]}]}"#;
        assert!(matches(or, r#"{"g":"y"}"#));
        assert_eq!(test(or, r#"{"g":"n"}"#), r#"Absent("f")"#);
        assert_eq!(test(or, r#"{"f":"n","g":"n"}"#), "NoMatch");
        assert_eq!(test(r#"{"h":[1],"$or":[{"f":["x"]}]}"#, r#"{"h":2}"#), "NoMatch");
    }

    #[test]
    fn an_invalid_pattern_is_refused() {
        for (pattern, message) in [
            ("[]", "an object"),
            ("{}", "leave"),
            (r#"{"f":"x"}"#, "array"),
            (r#"{"f":[]}"#, "at least one"),
            (r#"{"f":{}}"#, "at least one"),
            (r#"{"f":[["x"]]}"#, "an array"),
            (r#"{"f":[{"prefx":"x"}]}"#, "did you mean `prefix`"),
            (r#"{"f":[{"prefix":1}]}"#, "a string"),
            (r#"{"f":[{"prefix":"a","suffix":"b"}]}"#, "one member"),
            (r#"{"f":[{"exists":"no"}]}"#, "true or false"),
            (r#"{"f":[{"numeric":[]}]}"#, "numeric"),
            (r#"{"f":[{"numeric":[">"]}]}"#, "numeric"),
            (r#"{"f":[{"numeric":["!=",1]}]}"#, "numeric"),
            (r#"{"f":[{"numeric":["=",1,"<",5]}]}"#, "numeric"),
            (r#"{"f":[{"numeric":[">",5,"<",5]}]}"#, "must be below"),
            (r#"{"f":[{"anything-but":[]}]}"#, "at least one"),
            (r#"{"f":[{"anything-but":{"numeric":["=",1]}}]}"#, "anything-but"),
            (r#"{"$or":[]}"#, "$or"),
            (r#"{"$or":{"f":["x"]}}"#, "$or"),
        ] {
            let error = format!("{:?}", Pattern::compile(&parse(pattern).unwrap()).unwrap_err());
            assert!(error.contains(message), "{pattern}: {error}");
        }
    }
}
