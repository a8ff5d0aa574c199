//! A message as Lambda's event for a cluster of one's own holds it: messages in, JSON out. Pure.
//!
//! The JSON is what the function decodes on Lambda, too, so that identity, key, headers and tombstones cannot differ.

use std::fmt::Write as _;
use std::panic::{AssertUnwindSafe, catch_unwind};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use rdkafka::Timestamp;
use rdkafka::message::{Headers, Message};

/// One record, ready to be put into an event.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Record {
    pub offset: i64,
    json: String,
}

impl Record {
    pub fn of<M: Message>(message: &M) -> Record {
        let base64 = |bytes: Option<&[u8]>| bytes.map_or("null".to_owned(), |bytes| format!("\"{}\"", STANDARD.encode(bytes)));
        let (timestamp, kind) = match message.timestamp() {
            Timestamp::NotAvailable => ("null".to_owned(), "NO_TIMESTAMP_TYPE"),
            Timestamp::CreateTime(millis) => (millis.to_string(), "CREATE_TIME"),
            Timestamp::LogAppendTime(millis) => (millis.to_string(), "LOG_APPEND_TIME"),
        };
        let json = format!(
            r#"{{"topic":{},"partition":{},"offset":{},"timestamp":{timestamp},"timestampType":"{kind}","key":{},"value":{},"headers":{}}}"#,
            quoted(message.topic()),
            message.partition(),
            message.offset(),
            base64(message.key()),
            base64(message.payload()),
            message.headers().map_or("[]".to_owned(), headers),
        );
        Record { offset: message.offset(), json }
    }

    /// Its size in an event.
    pub fn bytes(&self) -> usize {
        self.json.len()
    }
}

/// An event with records of one partition, as Lambda's trigger for a cluster of one's own delivers it.
pub fn event<'r>(servers: &str, topic: &str, partition: i32, records: impl IntoIterator<Item = &'r Record>) -> Vec<u8> {
    let (servers, shard) = (quoted(servers), quoted(&format!("{topic}-{partition}")));
    let mut event = format!(r#"{{"eventSource":"SelfManagedKafka","bootstrapServers":{servers},"records":{{{shard}:["#);
    for (index, record) in records.into_iter().enumerate() {
        event.push_str(if index == 0 { "" } else { "," });
        event.push_str(&record.json);
    }
    event.push_str("]}}");
    event.into_bytes()
}

fn quoted(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}

/// `[{"name":[104,-1]}, …]`; a text for headers that cannot be read, which makes the record a letter.
fn headers<H: Headers>(headers: &H) -> String {
    // A name that is no UTF-8 panics in the library; any producer can write one.
    catch_unwind(AssertUnwindSafe(|| readable(headers))).unwrap_or_else(|_| "\"unreadable\"".to_owned())
}

fn readable<H: Headers>(headers: &H) -> String {
    let mut json = "[".to_owned();
    for (index, header) in headers.iter().enumerate() {
        let separator = if index == 0 { "" } else { "," };
        let value = header.value.map_or("null".to_owned(), bytes);
        // Writing to a text cannot fail.
        write!(json, "{separator}{{{}:{value}}}", quoted(header.key)).unwrap_or_default();
    }
    json.push(']');
    json
}

/// As Java writes bytes: signed.
fn bytes(bytes: &[u8]) -> String {
    let signed: Vec<String> = bytes.iter().map(|byte| byte.cast_signed().to_string()).collect();
    format!("[{}]", signed.join(","))
}

#[cfg(test)]
mod tests {
    use rdkafka::message::{Header, OwnedHeaders, OwnedMessage};
    use serde_json::{Value, json};

    use super::*;

    fn message(payload: Option<&[u8]>, key: Option<&[u8]>, timestamp: Timestamp, headers: Option<OwnedHeaders>) -> OwnedMessage {
        OwnedMessage::new(payload.map(<[u8]>::to_vec), key.map(<[u8]>::to_vec), "t".to_owned(), timestamp, 3, i64::MAX, headers)
    }

    fn read(record: &Record) -> Value {
        serde_json::from_str(&record.json).unwrap()
    }

    #[test]
    fn an_event_has_the_shape_of_lambdas_trigger() {
        let headers = OwnedHeaders::new()
            .insert(Header { key: "a\"", value: Some(b"h\xc3") })
            .insert(Header { key: "b", value: None::<&[u8]> })
            .insert(Header { key: "a\"", value: Some(b"") });
        let full = Record::of(&message(Some(b"{}"), Some(b"k"), Timestamp::CreateTime(1_545_084_650_987), Some(headers)));
        let bare = Record::of(&message(None, None, Timestamp::NotAvailable, None));
        let event: Value = serde_json::from_slice(&event("a:1,b:2", "t", 3, [&full, &bare])).unwrap();
        let expected = json!({
            "eventSource": "SelfManagedKafka",
            "bootstrapServers": "a:1,b:2",
            "records": {"t-3": [
                {"topic": "t", "partition": 3, "offset": i64::MAX, "timestamp": 1_545_084_650_987_u64, "timestampType": "CREATE_TIME",
                 "key": "aw==", "value": "e30=", "headers": [{"a\"": [104, -61]}, {"b": null}, {"a\"": []}]},
                {"topic": "t", "partition": 3, "offset": i64::MAX, "timestamp": null, "timestampType": "NO_TIMESTAMP_TYPE",
                 "key": null, "value": null, "headers": []},
            ]},
        });
        assert_eq!(event, expected);
    }

    /// What the library does with a name that is no UTF-8.
    struct Broken;

    impl Headers for Broken {
        fn count(&self) -> usize {
            1
        }

        fn try_get(&self, _index: usize) -> Option<Header<'_, &[u8]>> {
            panic!("a name that is no UTF-8")
        }
    }

    #[test]
    fn headers_that_cannot_be_read_spoil_their_record_alone() {
        assert_eq!(headers(&Broken), "\"unreadable\"");
    }

    #[test]
    fn an_empty_value_is_no_tombstone() {
        let record = Record::of(&message(Some(b""), Some(b""), Timestamp::LogAppendTime(0), None));
        assert_eq!((&read(&record)["value"], &read(&record)["key"], &read(&record)["timestamp"]), (&json!(""), &json!(""), &json!(0)));
        assert_eq!(record.bytes(), record.json.len());
    }
}
