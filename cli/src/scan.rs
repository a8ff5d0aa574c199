//! A whole table, page by page to its end: its items in the order of their keys, or only their number.

use std::cmp::Ordering;

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::types::{AttributeValue, Select};
use tablefeed::mapping::KeySchema;
use tablefeed::number::Number;

use crate::attribute::Item;
use crate::resources::failed;

/// How many items the table has.
pub async fn count(client: &Client, table: &str) -> anyhow::Result<u64> {
    let mut pages = client.scan().table_name(table).select(Select::Count).consistent_read(true).into_paginator().send();
    let mut items = 0;
    while let Some(page) = pages.next().await {
        let page = page.map_err(|error| failed(format!("the items of {table} cannot be counted"), &error))?;
        items += u64::try_from(page.count).unwrap_or(0);
    }
    Ok(items)
}

/// All items of the table, sorted by key.
pub async fn items(client: &Client, table: &str, key: &KeySchema) -> anyhow::Result<Vec<Item>> {
    let mut pages = client.scan().table_name(table).consistent_read(true).into_paginator().items().send();
    let mut items = Vec::new();
    while let Some(item) = pages.next().await {
        items.push(item.map_err(|error| failed(format!("the items of {table} cannot be read"), &error))?);
    }
    let names = key_names(key);
    items.sort_by(|one, other| {
        names.iter().map(|name| by_value(one.get(name), other.get(name))).find(|order| order.is_ne()).unwrap_or(Ordering::Equal)
    });
    Ok(items)
}

/// The key attributes' names, the partition key's first.
pub fn key_names(key: &KeySchema) -> Vec<String> {
    std::iter::once(&key.partition).chain(&key.sort).map(|attribute| attribute.name.clone()).collect()
}

/// The order of two values of a key attribute, which have one type.
fn by_value(one: Option<&AttributeValue>, other: Option<&AttributeValue>) -> Ordering {
    match (one, other) {
        (Some(AttributeValue::S(one)), Some(AttributeValue::S(other))) => one.cmp(other),
        (Some(AttributeValue::N(one)), Some(AttributeValue::N(other))) => Number::parse(one).cmp(&Number::parse(other)),
        (Some(AttributeValue::B(one)), Some(AttributeValue::B(other))) => one.as_ref().cmp(other.as_ref()),
        _ => Ordering::Equal,
    }
}

/// `attribute=value` of `--where`: text and numbers by their value, anything else by its JSON.
#[derive(Debug, Clone)]
pub struct Condition {
    attribute: String,
    value: String,
}

impl Condition {
    pub fn parse(text: &str) -> Result<Condition, String> {
        let (attribute, value) = text.split_once('=').ok_or("it must be ATTRIBUTE=VALUE")?;
        Ok(Condition { attribute: attribute.to_owned(), value: value.to_owned() })
    }

    pub fn holds(&self, item: &Item) -> bool {
        match item.get(&self.attribute) {
            None => false,
            Some(AttributeValue::N(digits)) => {
                Number::parse(digits).is_some_and(|number| Number::parse(&self.value).is_some_and(|wanted| wanted == number))
            }
            Some(other) => crate::attribute::cell(other) == self.value,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_condition_compares_by_type() {
        let item = Item::from([
            ("n".to_owned(), AttributeValue::N("1.50".to_owned())),
            ("s".to_owned(), AttributeValue::S("a=b".to_owned())),
            ("t".to_owned(), AttributeValue::Bool(true)),
        ]);
        let holds = |text| Condition::parse(text).unwrap().holds(&item);
        assert!(holds("n=1.5") && holds("s=a=b") && holds("t=true"));
        assert!(!holds("n=1.50x") && !holds("s=a") && !holds("other=1"));
        assert!(Condition::parse("n").is_err());
    }
}
