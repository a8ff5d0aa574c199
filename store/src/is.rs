//! What an attribute is compared with.

use aws_sdk_dynamodb::types::AttributeValue;
use serde::Serialize;
use serde_dynamo::{Error, to_attribute_value};

use crate::terms::Terms;

/// A test of one attribute, for a sort key or a filter. An attribute of another type, or none at all, does not pass.
#[derive(Debug)]
pub struct Is {
    test: Test,
    /// A value that has no form in DynamoDB is told when the read begins.
    values: Result<Vec<AttributeValue>, Error>,
}

#[derive(Debug, Clone, Copy)]
enum Test {
    Operator(&'static str),
    Between,
    BeginsWith,
}

impl Is {
    pub fn equal(value: impl Serialize) -> Is {
        Is::one(Test::Operator("="), value)
    }

    pub fn less_than(value: impl Serialize) -> Is {
        Is::one(Test::Operator("<"), value)
    }

    pub fn at_most(value: impl Serialize) -> Is {
        Is::one(Test::Operator("<="), value)
    }

    pub fn greater_than(value: impl Serialize) -> Is {
        Is::one(Test::Operator(">"), value)
    }

    pub fn at_least(value: impl Serialize) -> Is {
        Is::one(Test::Operator(">="), value)
    }

    /// Both ends included.
    pub fn between(low: impl Serialize, high: impl Serialize) -> Is {
        let values = to_attribute_value(low).and_then(|low| Ok(vec![low, to_attribute_value(high)?]));
        Is { test: Test::Between, values }
    }

    pub fn begins_with(beginning: &str) -> Is {
        Is::one(Test::BeginsWith, beginning)
    }

    fn one(test: Test, value: impl Serialize) -> Is {
        Is { test, values: to_attribute_value(value).map(|value| vec![value]) }
    }

    /// The test of `attribute` as an expression.
    pub(crate) fn expression(self, attribute: &str, terms: &mut Terms) -> Result<String, Error> {
        let name = terms.name(attribute);
        let values: Vec<String> = self.values?.into_iter().map(|value| terms.value(value)).collect();
        Ok(match self.test {
            Test::Operator(operator) => format!("{name} {operator} {}", values.concat()),
            Test::Between => format!("{name} BETWEEN {}", values.join(" AND ")),
            Test::BeginsWith => format!("begins_with({name}, {})", values.concat()),
        })
    }
}
