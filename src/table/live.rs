//! A live table as a definition, so that it can be compared with a file, or become one.
//!
//! In: what DescribeTable, DescribeTimeToLive and ListTagsOfResource answer. Out: [`Live`].

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::types::{
    AttributeDefinition, GlobalSecondaryIndexDescription, IndexStatus, KeySchemaElement, LocalSecondaryIndexDescription,
    OnDemandThroughput, Projection, ProvisionedThroughputDescription, SseStatus, TableDescription, TableStatus, TimeToLiveStatus,
};
use serde_json::{Map, Value, json};

use super::create::TableError;
use super::definition::{Definition, GLOBAL, LOCAL};
use crate::write::fault::Fault;

/// A table that exists.
#[derive(Debug, Clone)]
pub struct Live {
    pub definition: Definition,
    pub status: String,
    pub arn: String,
    /// As DynamoDB counts them, about every six hours.
    pub items: i64,
    pub bytes: i64,
}

/// Looks at a table, if it is there.
pub async fn live(client: &Client, table: &str) -> Result<Option<Live>, TableError> {
    let Some(description) = describe(client, table).await? else { return Ok(None) };
    let fault = |fault| TableError::Describe { table: table.to_owned(), fault };
    let arn = description.table_arn().unwrap_or_default().to_owned();
    let time_to_live = client.describe_time_to_live().table_name(table).send().await.map_err(|error| fault(Fault::of(&error)))?;
    let time_to_live = time_to_live
        .time_to_live_description
        .filter(|found| matches!(found.time_to_live_status, Some(TimeToLiveStatus::Enabled | TimeToLiveStatus::Enabling)));
    let mut definition = definition_of(&description, time_to_live.and_then(|found| found.attribute_name));
    let tags = tags(client, &arn).await.map_err(fault)?;
    if !tags.is_empty() {
        definition.input["Tags"] = tags.into();
    }
    Ok(Some(Live {
        definition,
        status: description.table_status().map_or("unknown", TableStatus::as_str).to_owned(),
        arn,
        items: description.item_count().unwrap_or(0),
        bytes: description.table_size_bytes().unwrap_or(0),
    }))
}

/// A table's definition without what other calls than DescribeTable tell: its tags and its time to live. `None` without such a table.
pub async fn described(client: &Client, table: &str) -> Result<Option<Definition>, TableError> {
    Ok(describe(client, table).await?.map(|description| definition_of(&description, None)))
}

pub(super) async fn describe(client: &Client, table: &str) -> Result<Option<TableDescription>, TableError> {
    match client.describe_table().table_name(table).send().await {
        Ok(output) => Ok(output.table),
        Err(error) if error.as_service_error().is_some_and(|error| error.is_resource_not_found_exception()) => Ok(None),
        Err(error) => Err(TableError::Describe { table: table.to_owned(), fault: Fault::of(&error) }),
    }
}

/// Whether the table and all its global indexes take writes and queries.
pub(super) fn is_active(description: &TableDescription) -> bool {
    let table = matches!(description.table_status, Some(TableStatus::Active | TableStatus::Updating));
    let index =
        |index: &GlobalSecondaryIndexDescription| !matches!(index.index_status, Some(IndexStatus::Creating | IndexStatus::Deleting));
    table && description.global_secondary_indexes().iter().all(index)
}

fn definition_of(description: &TableDescription, time_to_live: Option<String>) -> Definition {
    let name = description.table_name().unwrap_or_default().to_owned();
    Definition { name, time_to_live, left_out: Vec::new(), input: Value::Object(input(description)) }
}

async fn tags(client: &Client, arn: &str) -> Result<Vec<Value>, Fault> {
    let (mut tags, mut next) = (Vec::new(), None);
    loop {
        let page = client.list_tags_of_resource().resource_arn(arn).set_next_token(next).send().await.map_err(|error| Fault::of(&error))?;
        tags.extend(page.tags().iter().map(|tag| json!({"Key": tag.key, "Value": tag.value})));
        next = page.next_token;
        if next.is_none() {
            return Ok(tags);
        }
    }
}

fn input(description: &TableDescription) -> Map<String, Value> {
    let throughput = provisioned(description.provisioned_throughput());
    let stated = description.billing_mode_summary().and_then(|summary| summary.billing_mode()).map(|mode| mode.as_str());
    let on_demand = stated.map_or(throughput.is_none(), |mode| mode == "PAY_PER_REQUEST");
    let mut input = Map::new();
    let mut put = |name: &str, value: Option<Value>| {
        if let Some(value) = value {
            input.insert(name.to_owned(), value);
        }
    };
    put("TableName", description.table_name().map(Value::from));
    put("AttributeDefinitions", Some(description.attribute_definitions().iter().map(attribute).collect()));
    put("KeySchema", Some(key(description.key_schema())));
    put("BillingMode", Some(if on_demand { "PAY_PER_REQUEST" } else { "PROVISIONED" }.into()));
    put("ProvisionedThroughput", throughput.filter(|_| !on_demand));
    put("OnDemandThroughput", limits(description.on_demand_throughput()));
    put(GLOBAL, indexes(description.global_secondary_indexes().iter().map(|index| global(index, on_demand))));
    put(LOCAL, indexes(description.local_secondary_indexes().iter().map(local)));
    let stream = description.stream_specification().filter(|stream| stream.stream_enabled).and_then(|stream| stream.stream_view_type());
    put("StreamSpecification", stream.map(|view| json!({"StreamEnabled": true, "StreamViewType": view.as_str()})));
    let encrypted = description.sse_description().filter(|sse| !matches!(sse.status, Some(SseStatus::Disabled | SseStatus::Disabling)));
    put("SSESpecification", encrypted.map(|_| json!({"Enabled": true, "SSEType": "KMS"})));
    let class = description.table_class_summary().and_then(|summary| summary.table_class());
    put("TableClass", class.map(|class| class.as_str().into()));
    put("DeletionProtectionEnabled", description.deletion_protection_enabled().filter(|on| *on).map(Value::from));
    input
}

fn attribute(attribute: &AttributeDefinition) -> Value {
    json!({"AttributeName": attribute.attribute_name, "AttributeType": attribute.attribute_type.as_str()})
}

fn key(schema: &[KeySchemaElement]) -> Value {
    schema.iter().map(|part| json!({"AttributeName": part.attribute_name, "KeyType": part.key_type.as_str()})).collect()
}

/// A list of indexes, unless it is empty.
fn indexes(indexes: impl Iterator<Item = Value>) -> Option<Value> {
    let indexes: Vec<Value> = indexes.collect();
    (!indexes.is_empty()).then(|| indexes.into())
}

fn global(index: &GlobalSecondaryIndexDescription, on_demand: bool) -> Value {
    let mut value = json!({
        "IndexName": index.index_name, "KeySchema": key(index.key_schema()), "Projection": projection(index.projection())
    });
    if let Some(throughput) = provisioned(index.provisioned_throughput()).filter(|_| !on_demand) {
        value["ProvisionedThroughput"] = throughput;
    }
    if let Some(limits) = limits(index.on_demand_throughput()) {
        value["OnDemandThroughput"] = limits;
    }
    value
}

fn local(index: &LocalSecondaryIndexDescription) -> Value {
    json!({"IndexName": index.index_name, "KeySchema": key(index.key_schema()), "Projection": projection(index.projection())})
}

fn projection(projection: Option<&Projection>) -> Value {
    let Some(projection) = projection else { return json!({"ProjectionType": "ALL"}) };
    let kind = projection.projection_type().map_or("ALL", |kind| kind.as_str());
    match projection.non_key_attributes() {
        [] => json!({"ProjectionType": kind}),
        names => json!({"ProjectionType": kind, "NonKeyAttributes": names}),
    }
}

/// Units, unless they are the zeros that an on-demand table is described with.
fn provisioned(throughput: Option<&ProvisionedThroughputDescription>) -> Option<Value> {
    let (read, write) = throughput.map(|units| (units.read_capacity_units.unwrap_or(0), units.write_capacity_units.unwrap_or(0)))?;
    (read > 0 && write > 0).then(|| json!({"ReadCapacityUnits": read, "WriteCapacityUnits": write}))
}

/// Limits that are limits: -1 is none.
fn limits(throughput: Option<&OnDemandThroughput>) -> Option<Value> {
    let mut value = Map::new();
    for (name, units) in
        [("MaxReadRequestUnits", throughput?.max_read_request_units), ("MaxWriteRequestUnits", throughput?.max_write_request_units)]
    {
        if let Some(units) = units.filter(|units| *units > 0) {
            value.insert(name.to_owned(), units.into());
        }
    }
    (!value.is_empty()).then_some(Value::Object(value))
}
