//! SDK clients for an endpoint: no retries, test credentials, an app name like the function's; and the pieces that tests share.

use aws_config::{AppName, BehaviorVersion, Region, SdkConfig, retry::RetryConfig, timeout::TimeoutConfig};
use aws_sdk_dynamodb::config::{Credentials, SharedCredentialsProvider};
use aws_sdk_dynamodb::types::{
    AttributeDefinition, AttributeValue, KeySchemaElement, KeyType, PutRequest, ScalarAttributeType, TableStatus, WriteRequest,
};
use aws_smithy_http_client::Builder;
use aws_smithy_http_client::tls::{Provider, rustls_provider::CryptoMode};
use std::collections::HashMap;
use std::time::Duration;
use tablefeed_local::{Config, Embedded};

pub const APP: &str = "tablefeed-persist";
pub const TABLE: &str = "items";

pub struct Clients {
    pub dynamodb: aws_sdk_dynamodb::Client,
    pub sqs: aws_sdk_sqs::Client,
    pub ssm: aws_sdk_ssm::Client,
}

pub async fn memory() -> (Embedded, Clients) {
    let embedded = Embedded::start(Config::default()).await.unwrap();
    let clients = clients(embedded.endpoint());
    (embedded, clients)
}

pub fn clients(endpoint: &str) -> Clients {
    let config = config(endpoint, Duration::from_secs(30));
    Clients {
        dynamodb: aws_sdk_dynamodb::Client::new(&config),
        sqs: aws_sdk_sqs::Client::new(&config),
        ssm: aws_sdk_ssm::Client::new(&config),
    }
}

pub fn config(endpoint: &str, attempt: Duration) -> SdkConfig {
    let http = Builder::new().tls_provider(Provider::Rustls(CryptoMode::Ring)).build_https();
    SdkConfig::builder()
        .behavior_version(BehaviorVersion::latest())
        .http_client(http)
        .app_name(AppName::new(APP).unwrap())
        .region(Region::from_static("us-east-1"))
        .credentials_provider(SharedCredentialsProvider::new(Credentials::new("test", "test", None, None, "test")))
        .retry_config(RetryConfig::disabled())
        .timeout_config(TimeoutConfig::builder().operation_attempt_timeout(attempt).build())
        .endpoint_url(endpoint)
        .build()
}

/// Creates [`TABLE`] with a stream and waits until it can be used.
pub async fn table(client: &aws_sdk_dynamodb::Client) {
    client
        .create_table()
        .table_name(TABLE)
        .billing_mode(aws_sdk_dynamodb::types::BillingMode::PayPerRequest)
        .attribute_definitions(AttributeDefinition::builder().attribute_name("id").attribute_type(ScalarAttributeType::S).build().unwrap())
        .key_schema(KeySchemaElement::builder().attribute_name("id").key_type(KeyType::Hash).build().unwrap())
        .stream_specification(
            aws_sdk_dynamodb::types::StreamSpecification::builder()
                .stream_enabled(true)
                .stream_view_type(aws_sdk_dynamodb::types::StreamViewType::NewImage)
                .build()
                .unwrap(),
        )
        .send()
        .await
        .unwrap();
    while client.describe_table().table_name(TABLE).send().await.unwrap().table.unwrap().table_status != Some(TableStatus::Active) {
        tokio::task::yield_now().await;
    }
}

pub fn put(id: &str) -> WriteRequest {
    let item = PutRequest::builder().item("id", AttributeValue::S(id.to_owned())).item("n", AttributeValue::N("1.10".to_owned()));
    WriteRequest::builder().put_request(item.build().unwrap()).build()
}

pub fn puts(ids: &[&str]) -> HashMap<String, Vec<WriteRequest>> {
    HashMap::from([(TABLE.to_owned(), ids.iter().map(|id| put(id)).collect())])
}

/// The ids of the table's items, sorted.
pub async fn ids(client: &aws_sdk_dynamodb::Client) -> Vec<String> {
    let items = client.scan().table_name(TABLE).consistent_read(true).send().await.unwrap().items.unwrap_or_default();
    let mut ids: Vec<String> = items.iter().map(|item| item["id"].as_s().unwrap().clone()).collect();
    ids.sort();
    ids
}
