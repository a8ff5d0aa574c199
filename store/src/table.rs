//! A table of one type: single items by key.

use std::marker::PhantomData;

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::types::{AttributeValue, ReturnValue};
use serde_dynamo::{from_item, to_item};

use crate::StoreError;
use crate::key::{Key, KeyValue};
use crate::read::Read;
use crate::stored::{Index, Stored};
use crate::terms::Terms;
use crate::update::Update;

/// The table that holds values of type `T`. Cheap to clone.
#[derive(Debug)]
pub struct Table<T> {
    pub(crate) client: Client,
    pub(crate) name: String,
    of: PhantomData<fn() -> T>,
}

impl<T> Clone for Table<T> {
    fn clone(&self) -> Self {
        Table { client: self.client.clone(), name: self.name.clone(), of: PhantomData }
    }
}

impl<T: Stored> Table<T> {
    /// The table that the type names.
    pub fn new(client: Client) -> Table<T> {
        Table::named(client, T::TABLE)
    }

    /// A table of the same shape under another name, or an ARN.
    pub fn named(client: Client, name: impl Into<String>) -> Table<T> {
        Table { client, name: name.into(), of: PhantomData }
    }

    /// The value of a key, as of the last write.
    pub async fn get(&self, key: impl Into<Key>) -> Result<Option<T>, StoreError> {
        let get = self.client.get_item().table_name(&self.name).set_key(Some(key.into().attributes::<T>())).consistent_read(true);
        let got = get.send().await.map_err(|error| StoreError::call("GetItem", &self.name, &error))?;
        got.item.map(|item| self.value(item)).transpose()
    }

    /// Whether a key has a value.
    pub async fn exists(&self, key: impl Into<Key>) -> Result<bool, StoreError> {
        let mut terms = Terms::default();
        let get = self.client.get_item().table_name(&self.name).set_key(Some(key.into().attributes::<T>())).consistent_read(true);
        let get = get.projection_expression(terms.name(T::PARTITION_KEY)).set_expression_attribute_names(terms.into_parts().0);
        Ok(get.send().await.map_err(|error| StoreError::call("GetItem", &self.name, &error))?.item.is_some())
    }

    /// Writes a value, in place of the one with its key.
    pub async fn put(&self, value: &T) -> Result<(), StoreError> {
        let item = to_item(value).map_err(|error| self.convert(error))?;
        let put = self.client.put_item().table_name(&self.name).set_item(Some(item)).send().await;
        put.map(drop).map_err(|error| StoreError::call("PutItem", &self.name, &error))
    }

    /// Writes a value unless its key has one; returns whether it did. Of two at once, one does.
    pub async fn put_if_absent(&self, value: &T) -> Result<bool, StoreError> {
        let item = to_item(value).map_err(|error| self.convert(error))?;
        let mut terms = Terms::default();
        let condition = format!("attribute_not_exists({})", terms.name(T::PARTITION_KEY));
        let put = self.client.put_item().table_name(&self.name).set_item(Some(item)).condition_expression(condition);
        match put.set_expression_attribute_names(terms.into_parts().0).send().await {
            Ok(_) => Ok(true),
            Err(error) if error.as_service_error().is_some_and(|error| error.is_conditional_check_failed_exception()) => Ok(false),
            Err(error) => Err(StoreError::call("PutItem", &self.name, &error)),
        }
    }

    /// Changes some attributes of a value that is there, and returns it as it is afterwards; `None` if there is none, and then
    /// nothing is written.
    pub async fn update(&self, key: impl Into<Key>, update: Update) -> Result<Option<T>, StoreError> {
        let mut terms = Terms::default();
        let expression = update.expression(&mut terms).map_err(|error| self.convert(error))?;
        let condition = format!("attribute_exists({})", terms.name(T::PARTITION_KEY));
        let (names, values) = terms.into_parts();
        let call = self.client.update_item().table_name(&self.name).set_key(Some(key.into().attributes::<T>()));
        let call = call.set_update_expression(expression).condition_expression(condition);
        let call = call.set_expression_attribute_names(names).set_expression_attribute_values(values);
        match call.return_values(ReturnValue::AllNew).send().await {
            Ok(updated) => updated.attributes.map(|item| self.value(item)).transpose(),
            Err(error) if error.as_service_error().is_some_and(|error| error.is_conditional_check_failed_exception()) => Ok(None),
            Err(error) => Err(StoreError::call("UpdateItem", &self.name, &error)),
        }
    }

    /// Deletes the value of a key; returns whether there was one.
    pub async fn remove(&self, key: impl Into<Key>) -> Result<bool, StoreError> {
        let call = self.client.delete_item().table_name(&self.name).set_key(Some(key.into().attributes::<T>()));
        let removed = call.return_values(ReturnValue::AllOld).send().await;
        let removed = removed.map_err(|error| StoreError::call("DeleteItem", &self.name, &error))?;
        Ok(removed.attributes.is_some_and(|old| !old.is_empty()))
    }

    /// The values of one partition key, in the order of the sort key.
    pub fn query(&self, partition: impl KeyValue) -> Read<T> {
        Read::query(self, None, partition.into_attribute())
    }

    /// The values that an index has for one of its partition keys, in the order of its sort key. An index lags behind the table a little.
    pub fn query_index(&self, index: &Index, partition: impl KeyValue) -> Read<T> {
        Read::query(self, Some(*index), partition.into_attribute())
    }

    /// Every value, in no order.
    pub fn scan(&self) -> Read<T> {
        Read::scan(self)
    }

    pub(crate) fn convert(&self, source: serde_dynamo::Error) -> StoreError {
        StoreError::Convert { table: self.name.clone(), source }
    }

    /// A value as it came from the table.
    pub(crate) fn value(&self, item: std::collections::HashMap<String, AttributeValue>) -> Result<T, StoreError> {
        from_item(item).map_err(|error| self.convert(error))
    }
}
