//! Which table a type lives in, and by what it is found there.

use serde::Serialize;
use serde::de::DeserializeOwned;

/// A serde type with a table.
///
/// ```
/// #[derive(serde::Serialize, serde::Deserialize)]
/// struct Domain {
///     url: String,
///     domain: String,
/// }
///
/// impl tablefeed_store::Stored for Domain {
///     const TABLE: &'static str = "Domain";
///     const PARTITION_KEY: &'static str = "url";
/// }
/// ```
pub trait Stored: Serialize + DeserializeOwned + Send + 'static {
    /// The table's name, unless [`crate::Table::named`] gives another.
    const TABLE: &'static str;
    /// The attribute that is the partition key, as serde names it.
    const PARTITION_KEY: &'static str;
    /// The attribute that is the sort key, if the table has one.
    const SORT_KEY: Option<&'static str> = None;
}

/// An index of a table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Index {
    pub name: &'static str,
    pub partition_key: &'static str,
    pub sort_key: Option<&'static str>,
}
