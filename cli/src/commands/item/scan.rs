//! `tablefeed item scan`: every item of a table or an index.

use clap::Args;

use super::TableArgs;
use super::query::index_key;
use super::read::{ReadArgs, unread};
use crate::condition::Terms;
use crate::exit::Exit;

const EXAMPLES: &str = "Examples:
  tablefeed item scan Log --where status=ERROR --where 'updated_at>=1700000000'
  tablefeed item scan Log --index Status --json";

/// Read a whole table or index, to its last page
///
/// A filter is applied to what was read, so it saves no reading; a query does.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub struct Scan {
    #[command(flatten)]
    table: TableArgs,
    #[command(flatten)]
    read: ReadArgs,
}

impl Scan {
    pub async fn run(self) -> anyhow::Result<Exit> {
        let read = self.table.with(async |table| {
            let mut terms = Terms::default();
            let index = self.read.index.as_deref();
            index_key(&table, index)?;
            let filter = self.read.filter(&mut terms);
            let scan = table.client.scan().table_name(table.name).set_index_name(self.read.index.clone()).set_filter_expression(filter);
            let scan = scan.consistent_read(!index.is_some_and(|index| table.definition.is_global(index)));
            let scan = scan.set_expression_attribute_names(Some(terms.names).filter(|names| !names.is_empty()));
            let scan = scan.set_expression_attribute_values(Some(terms.values).filter(|values| !values.is_empty()));
            let mut pages = scan.into_paginator().send();
            let next = async || pages.next().await.map(|page| Ok(page.map_err(|error| unread(table.name, &error))?.items));
            self.read.print(&table.key_names(), next).await
        });
        read.await?;
        Ok(Exit::Done)
    }
}
