//! Curated records from Kinesis to DynamoDB, as the AWS SDK's guide would have it: default settings, the SDK's types, one request after
//! another. What cannot be read goes to the queue.

use std::collections::HashMap;
use std::env;

use aws_config::BehaviorVersion;
use aws_lambda_events::kinesis::{KinesisEvent, KinesisEventRecord};
use aws_sdk_dynamodb::types::{AttributeValue, PutRequest, WriteRequest};
use lambda_runtime::{Error, LambdaEvent, run, service_fn, tracing};
use serde::Deserialize;
use serde_json::{Value, json};
use uuid::Uuid;

#[derive(Deserialize)]
#[serde(rename_all = "kebab-case")]
struct Document {
    bucket_name: String,
    s3_key: String,
    table_name: String,
    state: Option<String>,
    month: Option<String>,
    year: Option<String>,
    num_records: Option<String>,
    is_historical: Option<String>,
}

struct Function {
    dynamodb: aws_sdk_dynamodb::Client,
    sqs: aws_sdk_sqs::Client,
    ssm: aws_sdk_ssm::Client,
    table: String,
    parameter: String,
    queue: String,
}

#[tokio::main]
async fn main() -> Result<(), Error> {
    tracing::init_default_subscriber();
    let config = aws_config::load_defaults(BehaviorVersion::latest()).await;
    let function = Function {
        dynamodb: aws_sdk_dynamodb::Client::new(&config),
        sqs: aws_sdk_sqs::Client::new(&config),
        ssm: aws_sdk_ssm::Client::new(&config),
        table: env::var("TABLE")?,
        parameter: env::var("LATEST_BATCH_ID")?,
        queue: env::var("DLQ_URL")?,
    };
    run(service_fn(|event| function.handle(event))).await
}

impl Function {
    async fn handle(&self, event: LambdaEvent<KinesisEvent>) -> Result<Value, Error> {
        let parameter = self.ssm.get_parameter().name(&self.parameter).with_decryption(true).send().await?;
        let batch = parameter.parameter.and_then(|parameter| parameter.value).ok_or("the parameter has no value")?;
        let mut requests = Vec::new();
        for record in &event.payload.records {
            match serde_json::from_slice::<Document>(&record.kinesis.data) {
                Ok(document) => requests.push(put(record, document, &batch)?),
                Err(error) => self.reject(record, &error).await?,
            }
        }
        for chunk in requests.chunks(25) {
            self.write(chunk.to_vec()).await?;
        }
        Ok(json!({"batchItemFailures": []}))
    }

    async fn write(&self, requests: Vec<WriteRequest>) -> Result<(), Error> {
        let mut unprocessed = HashMap::from([(self.table.clone(), requests)]);
        while !unprocessed.is_empty() {
            let written = self.dynamodb.batch_write_item().set_request_items(Some(unprocessed)).send().await?;
            unprocessed = written.unprocessed_items.unwrap_or_default();
        }
        Ok(())
    }

    async fn reject(&self, record: &KinesisEventRecord, error: &serde_json::Error) -> Result<(), Error> {
        let letter = json!({"sequence": record.kinesis.sequence_number, "error": error.to_string()});
        self.sqs.send_message().queue_url(&self.queue).message_body(letter.to_string()).send().await?;
        Ok(())
    }
}

fn put(record: &KinesisEventRecord, document: Document, batch: &str) -> Result<WriteRequest, Error> {
    let id = Uuid::new_v5(&Uuid::NAMESPACE_OID, record.kinesis.sequence_number.as_bytes()).to_string();
    let place = format!("s3://{}/{}", document.bucket_name, document.s3_key);
    let mut put = PutRequest::builder()
        .item("CurationRecordId", AttributeValue::S(id))
        .item("BatchId", AttributeValue::S(batch.to_owned()))
        .item("DataTableName", AttributeValue::S(document.table_name))
        .item("S3Key", AttributeValue::S(place));
    for (name, value) in [
        ("State", document.state),
        ("Month", document.month),
        ("Year", document.year),
        ("TotalNumCuratedRecords", document.num_records),
        ("IsHistorical", document.is_historical),
    ] {
        if let Some(value) = value {
            put = put.item(name, AttributeValue::S(value));
        }
    }
    Ok(WriteRequest::builder().put_request(put.build()?).build())
}
