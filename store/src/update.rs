//! Some attributes of an item: new values, or none.

use aws_sdk_dynamodb::types::AttributeValue;
use serde::Serialize;
use serde_dynamo::{Error, to_attribute_value};

use crate::terms::Terms;

/// What is to change; every other attribute stays.
#[derive(Debug, Default)]
pub struct Update {
    sets: Vec<(String, Result<AttributeValue, Error>)>,
    removes: Vec<String>,
}

impl Update {
    /// Gives an attribute a value.
    pub fn set(attribute: &str, value: impl Serialize) -> Update {
        Update::default().and_set(attribute, value)
    }

    /// Takes an attribute away.
    pub fn remove(attribute: &str) -> Update {
        Update::default().and_remove(attribute)
    }

    #[must_use]
    pub fn and_set(mut self, attribute: &str, value: impl Serialize) -> Update {
        self.sets.push((attribute.to_owned(), to_attribute_value(value)));
        self
    }

    #[must_use]
    pub fn and_remove(mut self, attribute: &str) -> Update {
        self.removes.push(attribute.to_owned());
        self
    }

    /// `SET … REMOVE …`; nothing at all if nothing is to change.
    pub(crate) fn expression(self, terms: &mut Terms) -> Result<Option<String>, Error> {
        let set = |(name, value): (String, Result<AttributeValue, Error>)| Ok(format!("{} = {}", terms.name(&name), terms.value(value?)));
        let sets = self.sets.into_iter().map(set).collect::<Result<Vec<_>, Error>>()?;
        let removes: Vec<String> = self.removes.iter().map(|name| terms.name(name)).collect();
        let parts = [("SET", sets), ("REMOVE", removes)].into_iter().filter(|(_, parts)| !parts.is_empty());
        let parts: Vec<String> = parts.map(|(word, parts)| format!("{word} {}", parts.join(", "))).collect();
        Ok((!parts.is_empty()).then(|| parts.join(" ")))
    }
}
