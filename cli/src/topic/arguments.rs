//! What `tablefeed run` is told about a topic: arguments in, the consumer's options out.

use std::time::Duration;

use clap::builder::NonEmptyStringValueParser;
use clap::{Args, ValueEnum};
use tablefeed_topic::{From, Options};

use crate::exit::BadInput;

#[derive(Debug, Args)]
#[command(next_help_heading = "From a Kafka topic, in place of FILE")]
pub struct KafkaArgs {
    /// Servers of the cluster, host:port, with commas between several
    #[arg(long, value_name = "HOSTS", requires = "topic", value_parser = NonEmptyStringValueParser::new())]
    kafka: Option<String>,
    /// The topic
    #[arg(long, value_name = "TOPIC", requires = "kafka", value_parser = NonEmptyStringValueParser::new())]
    topic: Option<String>,
    /// The consumer group, which keeps the offsets; by default `tablefeed-TABLE`
    #[arg(long, value_name = "GROUP", requires = "kafka", value_parser = NonEmptyStringValueParser::new())]
    group: Option<String>,
    /// Where a group begins that has no offset for a partition; by default earliest
    #[arg(long, value_name = "WHERE", requires = "kafka")]
    from: Option<Where>,
    /// How long an event that is not full waits for more records
    #[arg(long, value_name = "MS", requires = "kafka", default_value_t = 200, value_parser = clap::value_parser!(u64).range(0..=300_000))]
    window_ms: u64,
    /// End once everything that the topic holds now is done
    #[arg(long, requires = "kafka")]
    until_end: bool,
    /// A property of librdkafka, such as sasl.username; may be given many times
    #[arg(long, value_name = "NAME=VALUE", requires = "kafka")]
    kafka_set: Vec<String>,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum Where {
    Earliest,
    Latest,
}

impl KafkaArgs {
    /// The options, checked as far as that goes without a connection. `table` is the table's name or ARN.
    pub fn options(&self, table: &str, batch_size: u16, timeout: Duration) -> anyhow::Result<Options> {
        let table = table.rsplit('/').next().unwrap_or_default();
        let options = Options {
            servers: self.kafka.clone().unwrap_or_default(),
            topic: self.topic.clone().unwrap_or_default(),
            group: self.group.clone().unwrap_or_else(|| format!("tablefeed-{table}")),
            from: match self.from {
                None | Some(Where::Earliest) => From::Earliest,
                Some(Where::Latest) => From::Latest,
            },
            batch_size: batch_size.into(),
            window: Duration::from_millis(self.window_ms),
            timeout,
            until_end: self.until_end,
            set: self.kafka_set.iter().map(|text| property(text)).collect::<anyhow::Result<_>>()?,
        };
        options.check().map_err(|error| BadInput::error(error.to_string()))?;
        Ok(options)
    }
}

/// The value may be a password, so it is in no message.
fn property(text: &str) -> anyhow::Result<(String, String)> {
    let (name, value) = text.split_once('=').ok_or_else(|| BadInput::error("--kafka-set must be NAME=VALUE"))?;
    Ok((name.to_owned(), value.to_owned()))
}
