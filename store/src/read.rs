//! Queries and scans: put together first, then read as a stream.
//!
//! In: a partition key, or nothing; a condition on the sort key; filters. Out: every value, page by page to the last one; a page that a filter
//! emptied is no end.

use std::collections::HashMap;
use std::pin::Pin;
use std::task::{Context, Poll};

use aws_sdk_dynamodb::types::AttributeValue;
use futures_util::stream::{self, BoxStream, Stream, StreamExt as _, TryStreamExt as _};

use crate::StoreError;
use crate::is::Is;
use crate::stored::{Index, Stored};
use crate::table::Table;
use crate::terms::{Names, Terms, Values};

type Item = HashMap<String, AttributeValue>;

/// A query or a scan that is being put together. Nothing is called before [`Read::stream`] or [`Read::all`].
#[derive(Debug)]
pub struct Read<T> {
    table: Table<T>,
    index: Option<Index>,
    /// Absent for a scan.
    partition: Option<AttributeValue>,
    sort: Option<Is>,
    filters: Vec<(String, Is)>,
    descending: bool,
}

/// Values as they come, a page at a time. Dropping it ends the reading.
pub struct Items<T>(BoxStream<'static, Result<T, StoreError>>);

impl<T> Stream for Items<T> {
    type Item = Result<T, StoreError>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.0.as_mut().poll_next(context)
    }
}

/// A read in DynamoDB's words.
struct Expressions {
    key: Option<String>,
    filter: Option<String>,
    names: Option<Names>,
    values: Option<Values>,
}

impl<T: Stored> Read<T> {
    pub(crate) fn query(table: &Table<T>, index: Option<Index>, partition: AttributeValue) -> Read<T> {
        Read { index, partition: Some(partition), ..Read::scan(table) }
    }

    pub(crate) fn scan(table: &Table<T>) -> Read<T> {
        Read { table: table.clone(), index: None, partition: None, sort: None, filters: Vec::new(), descending: false }
    }

    /// Only values whose sort key passes. A query reads nothing else; a scan reads everything and leaves the others out.
    #[must_use]
    pub fn sort_key(mut self, is: Is) -> Read<T> {
        self.sort = Some(is);
        self
    }

    /// Only values whose attribute passes; of several filters all must. The others are read, too, and left out.
    #[must_use]
    pub fn only(mut self, attribute: &str, is: Is) -> Read<T> {
        self.filters.push((attribute.to_owned(), is));
        self
    }

    /// Largest sort key first. A scan has no order.
    #[must_use]
    pub fn descending(mut self) -> Read<T> {
        self.descending = true;
        self
    }

    /// All values at once.
    pub async fn all(self) -> Result<Vec<T>, StoreError> {
        self.stream().try_collect().await
    }

    /// The values one by one. An item that does not fit the type is an error in its place; after a call that failed nothing follows.
    pub fn stream(mut self) -> Items<T> {
        let expressions = match self.expressions() {
            Ok(expressions) => expressions,
            Err(error) => {
                let error = self.table.convert(error);
                return Items(stream::iter([Err(error)]).boxed());
            }
        };
        let table = self.table.clone();
        let items = if expressions.key.is_some() { self.queried(expressions) } else { self.scanned(expressions) };
        Items(items.map(move |item| table.value(item?)).boxed())
    }

    fn queried(&self, expressions: Expressions) -> BoxStream<'static, Result<Item, StoreError>> {
        let name = self.table.name.clone();
        let query = self.table.client.query().table_name(&name).set_index_name(self.index.map(|index| index.name.to_owned()));
        let query = query.set_key_condition_expression(expressions.key).set_filter_expression(expressions.filter);
        let query = query.set_expression_attribute_names(expressions.names).set_expression_attribute_values(expressions.values);
        let items = query.consistent_read(self.index.is_none()).scan_index_forward(!self.descending).into_paginator().items().send();
        stream::unfold((items, name), async |(mut items, name)| {
            let item = items.next().await?;
            Some((item.map_err(|error| StoreError::call("Query", &name, &error)), (items, name)))
        })
        .boxed()
    }

    fn scanned(&self, expressions: Expressions) -> BoxStream<'static, Result<Item, StoreError>> {
        let name = self.table.name.clone();
        let scan = self.table.client.scan().table_name(&name).consistent_read(true).set_filter_expression(expressions.filter);
        let scan = scan.set_expression_attribute_names(expressions.names).set_expression_attribute_values(expressions.values);
        stream::unfold((scan.into_paginator().items().send(), name), async |(mut items, name)| {
            let item = items.next().await?;
            Some((item.map_err(|error| StoreError::call("Scan", &name, &error)), (items, name)))
        })
        .boxed()
    }

    fn expressions(&mut self) -> Result<Expressions, serde_dynamo::Error> {
        let mut terms = Terms::default();
        let mut key = None;
        if let Some(partition) = self.partition.take() {
            let (name, sort_name) = self.index.map_or((T::PARTITION_KEY, T::SORT_KEY), |index| (index.partition_key, index.sort_key));
            let mut conditions = vec![format!("{} = {}", terms.name(name), terms.value(partition))];
            if let Some(sort) = self.sort.take() {
                conditions.push(sort.expression(sort_name.unwrap_or("sort key"), &mut terms)?);
            }
            key = Some(conditions.join(" AND "));
        }
        self.filters.extend(self.sort.take().map(|sort| (T::SORT_KEY.unwrap_or("sort key").to_owned(), sort)));
        let filters = std::mem::take(&mut self.filters).into_iter().map(|(name, is)| is.expression(&name, &mut terms));
        let filters = filters.collect::<Result<Vec<String>, _>>()?;
        let (names, values) = terms.into_parts();
        Ok(Expressions { key, filter: (!filters.is_empty()).then(|| filters.join(" AND ")), names, values })
    }
}
