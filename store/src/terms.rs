//! The names and values of an expression, each under a placeholder, so that reserved words need no care.

use std::collections::HashMap;

use aws_sdk_dynamodb::types::AttributeValue;

/// Attributes' names by placeholder.
pub(crate) type Names = HashMap<String, String>;
/// Values by placeholder; items have the same shape.
pub(crate) type Values = HashMap<String, AttributeValue>;

#[derive(Debug, Default)]
pub(crate) struct Terms {
    names: Names,
    values: Values,
}

impl Terms {
    pub(crate) fn name(&mut self, attribute: &str) -> String {
        let placeholder = format!("#n{}", self.names.len());
        self.names.insert(placeholder.clone(), attribute.to_owned());
        placeholder
    }

    pub(crate) fn value(&mut self, value: AttributeValue) -> String {
        let placeholder = format!(":v{}", self.values.len());
        self.values.insert(placeholder.clone(), value);
        placeholder
    }

    /// Names and values as requests take them: none at all rather than empty ones.
    pub(crate) fn into_parts(self) -> (Option<Names>, Option<Values>) {
        (Some(self.names).filter(|names| !names.is_empty()), Some(self.values).filter(|values| !values.is_empty()))
    }
}
