//! Typed DynamoDB tables: get, put, update and query any serde type.
//!
//! ```text
//! your type ─► Stored (its table and key) ─► Table<T> ─┬─► get, put, put_if_absent, update, remove, exists
//!                                                      └─► query, query_index, scan ─► Items<T>, a stream that pages to the end
//! ```
//! - [`stored`]: [`Stored`] names a type's table and key; [`Index`] an index.
//! - [`key`]: [`Key`], a key's value.
//! - [`table`]: [`Table`], single items.
//! - [`update`]: [`Update`], some attributes of an item.
//! - [`read`]: [`Read`], a query or a scan that is being put together, and its items.
//! - [`is`]: [`Is`], what an attribute is compared with.
//!
//! Tables are created from a file by [`tablefeed::table::ensure`]; nothing here creates or changes a table. Calls are repeated as the client is
//! configured to.

pub mod is;
pub mod key;
pub mod read;
pub mod stored;
pub mod table;
mod terms;
pub mod update;

pub use is::Is;
pub use key::Key;
pub use read::{Items, Read};
pub use stored::{Index, Stored};
pub use table::Table;
pub use update::Update;

use aws_sdk_dynamodb::config::http::HttpResponse;
use aws_sdk_dynamodb::error::{ProvideErrorMetadata, SdkError};
use tablefeed::write::fault::Fault;

/// Why a table could not be used.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// DynamoDB refused a call, or could not be reached.
    #[error("{operation} on table {table}: {fault}")]
    Call { operation: &'static str, table: String, fault: Fault },
    /// A value has no form in DynamoDB, or an item is not what the type says; an index must project all attributes that the type needs.
    #[error("table {table}: an item and its type do not fit: {source}")]
    Convert { table: String, source: serde_dynamo::Error },
}

impl StoreError {
    fn call<E: ProvideErrorMetadata + std::error::Error + 'static>(
        operation: &'static str,
        table: &str,
        error: &SdkError<E, HttpResponse>,
    ) -> StoreError {
        StoreError::Call { operation, table: table.to_owned(), fault: Fault::of(error) }
    }
}
