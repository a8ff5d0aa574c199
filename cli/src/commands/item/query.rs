//! `tablefeed item query`: the items of one partition, of a table or an index.

use clap::Args;
use tablefeed::mapping::KeySchema;

use super::read::{ReadArgs, unread};
use super::{Table, TableArgs};
use crate::condition::{Condition, FORMS, Terms};
use crate::exit::{BadInput, Exit};
use crate::scan::key_names;

const EXAMPLES: &str = "Examples:
  tablefeed item query Log --index Status --key status=ERROR
  tablefeed item query Readings --key device=7 --key 'ts between 1 and 5' --descending --limit 10 --json";

/// Read the items of one partition key, to the last page, in the order of the sort key
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub struct Query {
    #[command(flatten)]
    table: TableArgs,
    /// PARTITION=VALUE, and for the sort key any condition: =, <, <=, >, >=, ' begins_with ', ' between … and …'; values have the key's type
    #[arg(long = "key", value_name = "CONDITION", required = true, value_parser = Condition::parse)]
    key: Vec<Condition>,
    /// Largest sort key first
    #[arg(long)]
    descending: bool,
    #[command(flatten)]
    read: ReadArgs,
}

impl Query {
    pub async fn run(self) -> anyhow::Result<Exit> {
        let read = self.table.with(async |table| {
            let mut terms = Terms::default();
            let index = self.read.index.as_deref();
            let condition = self.condition(&index_key(&table, index)?, &mut terms)?;
            let filter = self.read.filter(&mut terms);
            let query = table.client.query().table_name(table.name).set_index_name(self.read.index.clone());
            let query = query.key_condition_expression(condition).set_filter_expression(filter).scan_index_forward(!self.descending);
            let query = query.consistent_read(!index.is_some_and(|index| table.definition.is_global(index)));
            let query = query.set_expression_attribute_names(Some(terms.names)).set_expression_attribute_values(Some(terms.values));
            let mut pages = query.into_paginator().send();
            let next = async || pages.next().await.map(|page| Ok(page.map_err(|error| unread(table.name, &error))?.items));
            self.read.print(&table.key_names(), next).await
        });
        read.await?;
        Ok(Exit::Done)
    }

    /// The condition on the key: the partition equals a value; the sort key, if it is named, is anything.
    fn condition(&self, key: &KeySchema, terms: &mut Terms) -> anyhow::Result<String> {
        let names = key_names(key);
        let wrong = |message: String| Err(BadInput::error(format!("{message}; the key is {}: {FORMS}", names.join(" and "))));
        let mut expressions = Vec::new();
        for part in std::iter::once(&key.partition).chain(&key.sort) {
            let mut given = self.key.iter().filter(|condition| condition.attribute == part.name);
            let Some(condition) = given.next() else { continue };
            if given.next().is_some() {
                return wrong(format!("--key names {} twice", part.name));
            }
            expressions.push(terms.key(condition, part)?);
        }
        if let Some(unknown) = self.key.iter().find(|condition| !names.contains(&condition.attribute)) {
            return wrong(format!("--key {}: that is no attribute of the key (--where filters by any)", unknown.attribute));
        }
        let partition = self.key.iter().find(|condition| condition.attribute == key.partition.name);
        if partition.and_then(Condition::equals).is_none() {
            return wrong(format!("--key {}=VALUE is needed: a query reads one partition", key.partition.name));
        }
        Ok(expressions.join(" AND "))
    }
}

/// The key of the table or of one of its indexes, by name.
pub(super) fn index_key(table: &Table<'_>, index: Option<&str>) -> anyhow::Result<KeySchema> {
    let names = table.definition.index_names();
    table.definition.key(index).ok_or_else(|| {
        let index = index.unwrap_or_default();
        BadInput::error(if names.contains(&index) {
            format!("index {index} has a key of several partition or sort attributes, which this command cannot query")
        } else if names.is_empty() {
            format!("table {} has no index", table.name)
        } else {
            format!("table {} has no index {index}; there is {}", table.name, names.join(", "))
        })
    })
}
