//! Where a document came from, and the identity that follows from it.

use std::borrow::Cow;

use sha1::{Digest, Sha1};
use uuid::{Builder, Uuid};

use super::Rejection;
use super::content::Content;
use crate::decode::record::Header;
use crate::json::{Json, parse};
use crate::reason::Reason;

/// Where a document stood in its stream, and what holds for the whole invocation.
#[derive(Debug, Clone, Copy)]
pub struct Origin<'a> {
    /// The namespace of every UUID that is derived here.
    pub namespace: Uuid,
    /// The ARN of the event source, or what stands for it.
    pub source: &'a str,
    /// The shard's id; topic and partition of Kafka.
    pub shard: &'a str,
    /// The sequence number; the offset of Kafka.
    pub sequence: &'a str,
    /// The document's place inside its record, from 0.
    pub sub_sequence: u32,
    /// The partition key of Kinesis, the key of Kafka, if there is one that is text.
    pub partition_key: Option<&'a str>,
    /// Whether there is a key that is not text.
    pub key_is_binary: bool,
    /// In their order; names may repeat.
    pub headers: &'a [Header<'a>],
    /// Epoch seconds, the digits as they came, for example `1545084650.987`.
    pub arrival: Option<&'a str>,
    /// The batch id of this invocation, if one is configured.
    pub batch: Option<&'a str>,
}

impl Origin<'_> {
    /// The document's stable identity: `UUIDv5(namespace, "source\nshard\nsequence\nsub_sequence")`. The same document has the
    /// same identity at every redelivery; this is a contract that never changes.
    pub fn identity(&self) -> Uuid {
        let mut name = String::with_capacity(self.source.len() + self.shard.len() + self.sequence.len() + 16);
        for part in [self.source, self.shard, self.sequence] {
            name.push_str(part);
            name.push('\n');
        }
        match self.sub_sequence {
            0 => name.push('0'), // nearly always
            other => name.push_str(&other.to_string()),
        }
        uuid_v5(self.namespace, &name)
    }
}

/// The same as `Uuid::new_v5`, by the processor's own instructions for SHA-1 where it has them.
pub(super) fn uuid_v5(namespace: Uuid, name: &str) -> Uuid {
    let sum = Sha1::new_with_prefix(namespace.as_bytes()).chain_update(name);
    let mut bytes = [0; 16];
    bytes.copy_from_slice(&sum.finalize()[..16]);
    Builder::from_sha1_bytes(bytes).into_uuid()
}

/// A UUID's text.
pub(super) fn uuid_text(uuid: Uuid) -> String {
    uuid.hyphenated().encode_lower(&mut Uuid::encode_buffer()).to_owned()
}

impl<'a> Origin<'a> {
    /// The record's key, if it has one.
    pub(super) fn key(&self) -> Result<Option<&'a str>, Rejection> {
        if self.key_is_binary { Err(bad("the record's key is not UTF-8 text")) } else { Ok(self.partition_key) }
    }

    /// What a JSON Pointer finds in the record's key: a string, a number, a boolean or null, if there is something.
    pub(super) fn key_member(&self, pointer: &str) -> Result<Option<Content<'a>>, Rejection> {
        let Some(key) = self.key()? else { return Ok(None) };
        let json = parse(key).map_err(|error| bad(format!("the record's key is not JSON: {error}")))?;
        Ok(match json.pointer(pointer) {
            None => None,
            Some(Json::Null) => Some(Content::Null),
            Some(Json::Bool(flag)) => Some(Content::Bool(*flag)),
            Some(Json::Number(digits)) => Some(Content::Number(Cow::Owned((*digits).to_owned()))),
            Some(Json::String(text)) => Some(Content::Text(Cow::Owned(text.to_string()))),
            Some(other) => return Err(bad(format!("`{pointer}` in the record's key is {}, which is not taken from a key", other.kind()))),
        })
    }

    /// The last header of that name, if there is one and it is not null.
    pub(super) fn header(&self, name: &str) -> Result<Option<&'a str>, Rejection> {
        let last = self.headers.iter().rev().find(|header| header.name == name);
        let Some(value) = last.and_then(|header| header.value.as_deref()) else { return Ok(None) };
        std::str::from_utf8(value).map(Some).map_err(|_| bad(format!("header `{name}` is not UTF-8 text")))
    }
}

fn bad(message: impl Into<String>) -> Rejection {
    Rejection::new(Reason::BadValue, message)
}

#[cfg(test)]
pub(super) mod tests {
    use super::super::reference::{Reference, Scope};
    use super::super::time::ARRIVAL;
    use super::*;

    pub(in crate::mapping) const ORIGIN: Origin<'static> = Origin {
        namespace: Uuid::from_u128(0x6f96_19ff_8b86_d011_b42d_00cf_4fc9_64ff),
        source: "arn:aws:kinesis:us-east-1:123456789012:stream/events",
        shard: "shardId-000000000006",
        sequence: "49590338271490256608559692538361571095921575989136588898",
        sub_sequence: 0,
        partition_key: Some("user-7"),
        key_is_binary: false,
        headers: &[],
        arrival: Some("1545084650.987"),
        batch: Some("2018-12-17"),
    };

    #[test]
    fn identity_is_the_uuid_v5_that_pythons_uuid_module_computes() {
        assert_eq!(ORIGIN.identity().to_string(), "0e6e3c90-8e91-5ce5-a782-ba637efc547e");
        assert_ne!(Origin { sub_sequence: 1, ..ORIGIN }.identity(), ORIGIN.identity());
    }

    #[test]
    fn a_uuid_is_what_the_library_makes_of_a_name_of_any_length() {
        for length in 0..200 {
            let name = "é".repeat(length);
            let expected = Uuid::new_v5(&ORIGIN.namespace, name.as_bytes());
            assert_eq!(uuid_v5(ORIGIN.namespace, &name), expected);
            assert_eq!(uuid_text(expected), expected.to_string());
        }
    }

    fn find_in(origin: &Origin<'_>, reference: &str) -> Result<Option<String>, Reason> {
        let scope = Scope { document: &Json::Null, origin, time: &ARRIVAL };
        let found = Reference::compile(reference).unwrap().find(&scope).map_err(|rejection| rejection.reason)?;
        Ok(found.map(|content| format!("{} {}", content.kind(), content.into_text().unwrap_or_default())))
    }

    #[test]
    fn the_key_is_text_or_absent_or_no_text_and_that_matters_only_where_it_is_asked_for() {
        assert_eq!(find_in(&ORIGIN, "@key").unwrap().unwrap(), "a string user-7");
        let absent = Origin { partition_key: None, ..ORIGIN };
        assert_eq!(find_in(&absent, "@key"), Ok(None));
        assert_eq!(find_in(&absent, "@key:/a"), Ok(None));
        let binary = Origin { key_is_binary: true, ..absent };
        assert_eq!(["@key", "@partition-key", "@key:/a"].map(|key| find_in(&binary, key)), [const { Err(Reason::BadValue) }; 3]);
        assert!(find_in(&binary, "@id").is_ok());
    }

    #[test]
    fn a_pointer_leads_into_a_key_that_is_json() {
        let origin = Origin { partition_key: Some(r#"{"payload":{"id":1.50,"s":"x","n":null,"o":{}},"b":true}"#), ..ORIGIN };
        let found = |reference: &str| find_in(&origin, reference);
        assert_eq!(found("@key:/payload/id").unwrap().unwrap(), "a number 1.50");
        assert_eq!(found("@key:/payload/s").unwrap().unwrap(), "a string x");
        assert_eq!(found("@key:/payload/n").unwrap().unwrap(), "null ");
        assert_eq!(found("@key:/zzz|@key:/b").unwrap().unwrap(), "a boolean true");
        assert_eq!(found("@key:/payload/zzz"), Ok(None));
        assert_eq!(found("@key:/payload/o"), Err(Reason::BadValue));
        assert_eq!(find_in(&ORIGIN, "@key:/a"), Err(Reason::BadValue), "`user-7` is no JSON");
    }

    #[test]
    fn of_a_header_the_last_of_its_name_counts() {
        let header = |name, value: Option<&[u8]>| Header { name, value: value.map(<[u8]>::to_vec) };
        let headers =
            [header("a", Some(b"1")), header("a", Some(b"2")), header("b", Some(b"\xff")), header("c", Some(b"1")), header("c", None)];
        let origin = Origin { headers: &headers, ..ORIGIN };
        assert_eq!(find_in(&origin, "@header:a").unwrap().unwrap(), "a string 2");
        assert_eq!(find_in(&origin, "@header:b"), Err(Reason::BadValue));
        assert_eq!(find_in(&origin, "@header:c"), Ok(None), "null");
        assert_eq!(find_in(&origin, "@header:z"), Ok(None));
        assert_eq!(find_in(&ORIGIN, "@header:a"), Ok(None));
    }
}
