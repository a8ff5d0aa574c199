//! Why a topic cannot be fed.

use rdkafka::error::KafkaError;
use tablefeed::persist::FunctionError;

#[derive(Debug, thiserror::Error)]
pub enum TopicError {
    /// A property that is not for the user to set, and what is instead.
    #[error("the Kafka property {name} cannot be set: {instead}")]
    Property { name: String, instead: &'static str },
    #[error(
        "security.protocol={0} needs TLS, which this program does not speak to Kafka: connect through a TLS proxy on this host (stunnel, \
         kafka-proxy) with security.protocol=PLAINTEXT or SASL_PLAINTEXT, or deploy the Lambda function, whose trigger speaks it"
    )]
    NoTls(String),
    #[error("Kafka's client refuses its settings: {0}")]
    Settings(#[source] KafkaError),
    #[error("there is no topic {topic} at {servers}; create it, or name another")]
    NoTopic { topic: String, servers: String },
    #[error("no answer from Kafka at {servers}: {source}; check the servers, and what they ask for (SASL, TLS)")]
    Unreachable {
        servers: String,
        #[source]
        source: KafkaError,
    },
    #[error("the topic cannot be consumed: {0}; check that it exists and that its reader and group are allowed")]
    Consume(#[source] KafkaError),
    #[error("the offsets up to which everything is done could not be committed: {0}; the records after the last commit come again")]
    Commit(#[source] KafkaError),
    #[error(transparent)]
    Function(#[from] FunctionError),
    #[error("the function panicked; the records after the last commit come again")]
    Panicked,
}

impl TopicError {
    /// Whether what the user gave cannot be used, so that trying again is no use.
    pub fn is_input(&self) -> bool {
        matches!(self, TopicError::Property { .. } | TopicError::NoTls(_) | TopicError::Settings(_) | TopicError::NoTopic { .. })
    }
}
