//! A mock cluster with one topic, and what it holds.

use std::collections::BTreeMap;
use std::time::Duration;

use rdkafka::consumer::{BaseConsumer, Consumer as _};
use rdkafka::message::{Header, OwnedHeaders};
use rdkafka::mocking::MockCluster;
use rdkafka::producer::{BaseProducer, BaseRecord, DefaultProducerContext, Producer as _};
use rdkafka::{ClientConfig, Offset, TopicPartitionList};

pub const TOPIC: &str = "orders";
pub const GROUP: &str = "tablefeed-Items";
const ANSWER: Duration = Duration::from_secs(20);

pub struct Cluster {
    mock: MockCluster<'static, DefaultProducerContext>,
    producer: BaseProducer,
    partitions: i32,
}

impl Cluster {
    pub fn with(partitions: i32) -> Cluster {
        let mock = MockCluster::new(1).unwrap();
        mock.create_topic(TOPIC, partitions, 1).unwrap();
        let producer = ClientConfig::new().set("bootstrap.servers", mock.bootstrap_servers()).set("linger.ms", "0").create().unwrap();
        Cluster { mock, producer, partitions }
    }

    pub fn servers(&self) -> String {
        self.mock.bootstrap_servers()
    }

    /// Appends records without a key, and returns once the cluster has them.
    pub fn send<S: AsRef<str>>(&self, partition: i32, values: impl IntoIterator<Item = S>) {
        for value in values {
            self.produce::<str>(BaseRecord::to(TOPIC).partition(partition).payload(value.as_ref()));
        }
        self.producer.flush(ANSWER).unwrap();
    }

    /// Appends one record with a key; a tombstone if it has no value.
    pub fn send_keyed(&self, partition: i32, key: &str, value: Option<&str>) {
        let record = BaseRecord::<str, str>::to(TOPIC).partition(partition).key(key).timestamp(1_545_084_650_987);
        let headers = OwnedHeaders::new().insert(Header { key: "trace", value: Some("clé") });
        let record = record.headers(headers);
        self.produce(match value {
            Some(value) => record.payload(value),
            None => record,
        });
        self.producer.flush(ANSWER).unwrap();
    }

    fn produce<K: rdkafka::message::ToBytes + ?Sized>(&self, record: BaseRecord<'_, K, str>) {
        self.producer.send(record).map_err(|(error, _)| error).unwrap();
    }

    /// From now on nobody answers.
    pub fn leave(&self) {
        self.mock.broker_down(1).unwrap();
    }

    /// What the group has committed, by partition; partitions without an offset are left out.
    pub fn committed(&self) -> BTreeMap<i32, i64> {
        let config: BaseConsumer = ClientConfig::new().set("bootstrap.servers", self.servers()).set("group.id", GROUP).create().unwrap();
        let mut list = TopicPartitionList::new();
        list.add_partition_range(TOPIC, 0, self.partitions - 1);
        let found = config.committed_offsets(list, ANSWER).unwrap();
        let offset = |element: rdkafka::topic_partition_list::TopicPartitionListElem<'_>| match element.offset() {
            Offset::Offset(offset) => Some((element.partition(), offset)),
            _ => None,
        };
        found.elements().into_iter().filter_map(offset).collect()
    }
}
