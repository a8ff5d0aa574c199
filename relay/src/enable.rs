//! Streams for tables that lack one: on a laptop, where nobody else minds.

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::error::DisplayErrorContext;
use aws_sdk_dynamodb::types::{StreamSpecification, StreamViewType};

/// Enables the table's stream, unless it has one. Out: whether it was enabled here; false, too, if there is no such table.
pub async fn enable_stream(client: &Client, table: &str) -> Result<bool, String> {
    let described = match client.describe_table().table_name(table).send().await {
        Ok(described) => described,
        Err(error) if error.as_service_error().is_some_and(|error| error.is_resource_not_found_exception()) => return Ok(false),
        Err(error) => return Err(format!("table {table} cannot be described: {}", DisplayErrorContext(error))),
    };
    if described.table.and_then(|table| table.stream_specification).is_some_and(|stream| stream.stream_enabled) {
        return Ok(false);
    }
    let stream = StreamSpecification::builder().stream_enabled(true).stream_view_type(StreamViewType::NewAndOldImages).build();
    let stream = stream.map_err(|error| error.to_string())?;
    let update = client.update_table().table_name(table).stream_specification(stream).send().await;
    update.map(|_| true).map_err(|error| format!("the stream of table {table} cannot be enabled: {}", DisplayErrorContext(error)))
}
