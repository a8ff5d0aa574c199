//! Which service and operation a request is for: from its `x-amz-target` header.

use std::fmt;

/// A service that is answered here.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Service {
    DynamoDb,
    DynamoDbStreams,
    Ssm,
    Sqs,
}

impl Service {
    /// The service's name in IAM actions; DynamoDB and its streams share one.
    pub fn iam_prefix(self) -> &'static str {
        match self {
            Service::DynamoDb | Service::DynamoDbStreams => "dynamodb",
            Service::Ssm => "ssm",
            Service::Sqs => "sqs",
        }
    }

    /// The content type of its answers.
    pub(crate) fn content_type(self) -> &'static str {
        match self {
            Service::Ssm => "application/x-amz-json-1.1",
            Service::DynamoDb | Service::DynamoDbStreams | Service::Sqs => "application/x-amz-json-1.0",
        }
    }
}

impl fmt::Display for Service {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Service::DynamoDb => "DynamoDB",
            Service::DynamoDbStreams => "DynamoDB Streams",
            Service::Ssm => "SSM",
            Service::Sqs => "SQS",
        })
    }
}

/// Service and operation of an `x-amz-target` value; `None` for services that are not served here.
pub(crate) fn parse(target: &str) -> Option<(Service, &str)> {
    let (prefix, operation) = target.split_once('.')?;
    let service = match prefix {
        "DynamoDB_20120810" => Service::DynamoDb,
        "DynamoDBStreams_20120810" => Service::DynamoDbStreams,
        "AmazonSSM" => Service::Ssm,
        "AmazonSQS" => Service::Sqs,
        _ => return None,
    };
    Some((service, operation))
}
