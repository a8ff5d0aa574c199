//! The clients of the relay: tables, streams, queues; each perhaps at an endpoint of its own.

use aws_config::SdkConfig;
use tablefeed::aws::Clients;

/// The app name of the clients: tells the relay's calls from those of others.
pub const APP: &str = "tablefeed-relay";

/// Clients that share one configuration, and its connections.
#[derive(Debug, Clone)]
pub struct RelayClients {
    pub dynamodb: aws_sdk_dynamodb::Client,
    pub streams: aws_sdk_dynamodbstreams::Client,
    pub sqs: aws_sdk_sqs::Client,
}

impl RelayClients {
    /// Without retries of the SDK's own; the endpoints go before the configuration's.
    pub fn new(config: &SdkConfig, endpoint_url: Option<&str>, streams_endpoint_url: Option<&str>) -> RelayClients {
        let plain = Clients::new(config, APP, None);
        let mut dynamodb = plain.dynamodb.config().to_builder();
        if let Some(url) = endpoint_url {
            dynamodb = dynamodb.endpoint_url(url);
        }
        let mut streams = aws_sdk_dynamodbstreams::config::Builder::from(config);
        streams.set_retry_config(plain.dynamodb.config().retry_config().cloned());
        streams.set_timeout_config(plain.dynamodb.config().timeout_config().cloned());
        streams.set_app_name(plain.dynamodb.config().app_name().cloned());
        if let Some(url) = streams_endpoint_url {
            streams = streams.endpoint_url(url);
        }
        RelayClients {
            dynamodb: aws_sdk_dynamodb::Client::from_conf(dynamodb.build()),
            streams: aws_sdk_dynamodbstreams::Client::from_conf(streams.build()),
            sqs: (*plain.sqs).clone(),
        }
    }
}
