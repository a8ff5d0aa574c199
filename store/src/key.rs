//! The value of a key: of the partition key alone, or of both parts.

use std::collections::HashMap;

use aws_sdk_dynamodb::primitives::Blob;
use aws_sdk_dynamodb::types::AttributeValue;

use crate::stored::Stored;

/// A key's value: `"x"`, `7`, or `("x", 7)` where the table has a sort key.
#[derive(Debug, Clone, PartialEq)]
pub struct Key {
    partition: AttributeValue,
    sort: Option<AttributeValue>,
}

/// What a key attribute can hold: text, a number, or bytes.
pub trait KeyValue {
    fn into_attribute(self) -> AttributeValue;
}

impl KeyValue for &str {
    fn into_attribute(self) -> AttributeValue {
        AttributeValue::S(self.to_owned())
    }
}

impl KeyValue for String {
    fn into_attribute(self) -> AttributeValue {
        AttributeValue::S(self)
    }
}

impl KeyValue for &String {
    fn into_attribute(self) -> AttributeValue {
        AttributeValue::S(self.clone())
    }
}

impl KeyValue for &[u8] {
    fn into_attribute(self) -> AttributeValue {
        AttributeValue::B(Blob::new(self))
    }
}

macro_rules! numbers {
    ($($number:ty),+) => {
        $(impl KeyValue for $number {
            fn into_attribute(self) -> AttributeValue {
                AttributeValue::N(self.to_string())
            }
        })+
    };
}

numbers!(i8, i16, i32, i64, i128, u8, u16, u32, u64, u128);

impl<P: KeyValue> From<P> for Key {
    fn from(partition: P) -> Key {
        Key { partition: partition.into_attribute(), sort: None }
    }
}

impl<P: KeyValue, S: KeyValue> From<(P, S)> for Key {
    fn from((partition, sort): (P, S)) -> Key {
        Key { partition: partition.into_attribute(), sort: Some(sort.into_attribute()) }
    }
}

impl Key {
    /// Under the names of the type's key. A part too many or too few is DynamoDB's to refuse.
    pub(crate) fn attributes<T: Stored>(self) -> HashMap<String, AttributeValue> {
        let sort = T::SORT_KEY.unwrap_or("sort key");
        let parts = std::iter::once((T::PARTITION_KEY, self.partition)).chain(self.sort.map(|value| (sort, value)));
        parts.map(|(name, value)| (name.to_owned(), value)).collect()
    }
}
