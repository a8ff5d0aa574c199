//! What to consume and how: options in, librdkafka's settings out. Never connects.

use std::time::Duration;

use rdkafka::ClientConfig;

use crate::error::TopicError;

/// Where a group begins that has no offset for a partition.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum From {
    Earliest,
    Latest,
}

/// A topic, and how it is fed.
#[derive(Debug, Clone)]
pub struct Options {
    /// `host:port`, with commas between several.
    pub servers: String,
    pub topic: String,
    pub group: String,
    pub from: From,
    /// The most records of an event.
    pub batch_size: usize,
    /// How long an event that is not full waits for more records.
    pub window: Duration,
    /// The function's time-out.
    pub timeout: Duration,
    /// Ends at what the topic holds now.
    pub until_end: bool,
    /// Properties of librdkafka, by name.
    pub set: Vec<(String, String)>,
}

/// Properties that this package depends on, and what to use in their place.
const OWN: [(&str, &str); 9] = [
    ("bootstrap.servers", "name the servers by --kafka"),
    ("metadata.broker.list", "name the servers by --kafka"),
    ("group.id", "name the group by --group"),
    ("auto.offset.reset", "use --from"),
    ("enable.partition.eof", "it follows from --until-end"),
    ("enable.auto.commit", "offsets are committed once their records are done"),
    ("auto.commit.enable", "offsets are committed once their records are done"),
    ("enable.auto.offset.store", "offsets are committed once their records are done"),
    ("enable.offset.store", "offsets are committed once their records are done"),
];

/// What librdkafka reads ahead for all partitions: a pause throws it away, so not its default of 64 MB.
const READ_AHEAD_KILOBYTES: &str = "16384";

impl Options {
    /// Refuses what cannot be used, as far as that is known without a connection.
    pub fn check(&self) -> Result<(), TopicError> {
        self.config()?.create_native_config().map(drop).map_err(TopicError::Settings)
    }

    pub(crate) fn config(&self) -> Result<ClientConfig, TopicError> {
        let mut config = ClientConfig::new();
        let from = match self.from {
            From::Earliest => "earliest",
            From::Latest => "latest",
        };
        config
            .set("client.id", "tablefeed")
            .set("partition.assignment.strategy", "cooperative-sticky")
            .set("queued.max.messages.kbytes", READ_AHEAD_KILOBYTES);
        for (name, value) in &self.set {
            if let Some((_, instead)) = OWN.iter().find(|(own, _)| own == name) {
                return Err(TopicError::Property { name: name.clone(), instead });
            }
            if name == "security.protocol" && value.to_ascii_uppercase().ends_with("SSL") {
                return Err(TopicError::NoTls(value.clone()));
            }
            config.set(name, value);
        }
        config
            .set("bootstrap.servers", &self.servers)
            .set("group.id", &self.group)
            .set("auto.offset.reset", from)
            .set("enable.partition.eof", self.until_end.to_string())
            .set("enable.auto.commit", "false")
            .set("enable.auto.offset.store", "false");
        Ok(config)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn config(set: &[(&str, &str)]) -> Result<ClientConfig, TopicError> {
        let set = set.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        let (servers, topic, group) = ("a:1,b:2".to_owned(), "t".to_owned(), "g".to_owned());
        let (window, timeout) = (Duration::ZERO, Duration::from_secs(1));
        Options { servers, topic, group, from: From::Latest, batch_size: 1, window, timeout, until_end: true, set }.config()
    }

    #[test]
    fn a_property_that_is_given_comes_before_a_default_and_never_before_an_option() {
        let config = config(&[("client.id", "mine"), ("partition.assignment.strategy", "range")]).unwrap();
        let of = |name| config.get(name).unwrap();
        assert_eq!((of("client.id"), of("partition.assignment.strategy")), ("mine", "range"));
        assert_eq!((of("bootstrap.servers"), of("auto.offset.reset"), of("enable.auto.commit")), ("a:1,b:2", "latest", "false"));
    }

    #[test]
    fn properties_that_would_lose_records_are_refused_with_what_to_use_instead() {
        for (name, _) in OWN {
            assert!(config(&[(name, "true")]).unwrap_err().is_input(), "{name}");
        }
        let error = config(&[("group.id", "x")]).unwrap_err().to_string();
        assert_eq!(error, "the Kafka property group.id cannot be set: name the group by --group");
    }

    #[test]
    fn tls_is_refused_with_a_way_out() {
        for protocol in ["SSL", "SASL_SSL", "sasl_ssl"] {
            let error = config(&[("security.protocol", protocol)]).unwrap_err();
            assert!(error.is_input() && error.to_string().contains("connect through a TLS proxy"), "{error}");
        }
        assert!(config(&[("security.protocol", "SASL_PLAINTEXT")]).is_ok());
    }
}
