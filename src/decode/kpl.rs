//! An aggregate of the Kinesis Producer Library in, its user records out.
//!
//! The format is that of the KPL's "aggregation-format.md": four bytes of magic, an `AggregatedRecord` in protobuf, the MD5 sum of
//! that. Bytes whose sum is wrong are no aggregate. One bad user record spoils no other; never panics, and borrows everything.

use md5::{Digest, Md5};

use super::protobuf::{Fields, Malformed, Value};
use crate::reason::{Reason, Rejection};

const MAGIC: [u8; 4] = [0xf3, 0x89, 0x9a, 0xc2];
const DIGEST_BYTES: usize = 16;

/// Field numbers of `AggregatedRecord`.
mod aggregated {
    pub const PARTITION_KEY_TABLE: u64 = 1;
    pub const EXPLICIT_HASH_KEY_TABLE: u64 = 2;
    pub const RECORDS: u64 = 3;
}

/// Field numbers of `Record`.
mod record {
    pub const PARTITION_KEY_INDEX: u64 = 1;
    pub const EXPLICIT_HASH_KEY_INDEX: u64 = 2;
    pub const DATA: u64 = 3;
}

/// One record as a producer put it, before the library aggregated it with others.
#[derive(Debug, PartialEq, Eq)]
pub struct UserRecord<'a> {
    /// `None` if the aggregate does not tell it.
    pub partition_key: Option<&'a str>,
    /// What the producer put; all that the aggregate has of the user record if it does not tell that.
    pub bytes: &'a [u8],
    /// Why the user record cannot be used.
    pub spoilt: Option<Rejection>,
}

/// The user records of an aggregate, in its order. `None` if the bytes are no aggregate.
pub fn user_records(payload: &[u8]) -> Option<Result<Vec<UserRecord<'_>>, Rejection>> {
    let (message, digest) = payload.strip_prefix(&MAGIC)?.split_last_chunk::<DIGEST_BYTES>()?;
    let is_aggregate = Md5::digest(message).as_slice() == digest;
    is_aggregate.then(|| read(message).map_err(|Malformed| bad("the aggregate's message is malformed".to_owned())))
}

fn read(message: &[u8]) -> Result<Vec<UserRecord<'_>>, Malformed> {
    let (mut partition_keys, mut hash_keys, mut records) = (Vec::new(), 0, Vec::new());
    for field in Fields::of(message) {
        match field? {
            (aggregated::PARTITION_KEY_TABLE, Value::Bytes(key)) => partition_keys.push(key),
            (aggregated::EXPLICIT_HASH_KEY_TABLE, Value::Bytes(_)) => hash_keys += 1,
            (aggregated::RECORDS, Value::Bytes(record)) => records.push(record),
            _ => {}
        }
    }
    Ok(records.into_iter().map(|record| user_record(record, &partition_keys, hash_keys)).collect())
}

/// Reads one `Record`; the keys' tables may stand behind it in the message, so they are complete by now.
fn user_record<'a>(record: &'a [u8], partition_keys: &[&'a [u8]], hash_keys: usize) -> UserRecord<'a> {
    let (mut key_index, mut hash_key_index, mut data, mut malformed) = (None, None, None, false);
    for field in Fields::of(record) {
        match field {
            Ok((record::PARTITION_KEY_INDEX, Value::Number(index))) => key_index = Some(index),
            Ok((record::EXPLICIT_HASH_KEY_INDEX, Value::Number(index))) => hash_key_index = Some(index),
            Ok((record::DATA, Value::Bytes(bytes))) => data = Some(bytes),
            Ok(_) => {}
            Err(Malformed) => malformed = true,
        }
    }
    let at = |index: u64| usize::try_from(index).ok();
    let key = key_index.and_then(at).and_then(|index| partition_keys.get(index));
    let partition_key = key.and_then(|key| std::str::from_utf8(key).ok());
    let fault = if malformed {
        Some("the user record is malformed".to_owned())
    } else if data.is_none() {
        Some("the user record has no data".to_owned())
    } else if partition_key.is_none() {
        Some(match (key_index, key) {
            (None, _) => "the user record names no partition key".to_owned(),
            (Some(index), None) => format!("the user record names partition key {index} of {}", partition_keys.len()),
            (Some(_), Some(_)) => "the user record's partition key is not UTF-8".to_owned(),
        })
    } else {
        hash_key_index
            .filter(|index| at(*index).is_none_or(|index| index >= hash_keys))
            .map(|index| format!("the user record names explicit hash key {index} of {hash_keys}"))
    };
    UserRecord { partition_key, bytes: data.unwrap_or(record), spoilt: fault.map(bad) }
}

fn bad(message: String) -> Rejection {
    Rejection::new(Reason::BadAggregate, message)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    macro_rules! vector {
        ($name:literal) => {
            include_bytes!(concat!("../../tests/vectors/kpl-", $name, ".bin"))
        };
    }

    /// Each user record as `key:text` or `key!message`; `?` for a key that is not told.
    fn read_all(payload: &[u8]) -> Vec<String> {
        let show = |record: &UserRecord<'_>| {
            let key = record.partition_key.unwrap_or("?");
            record.spoilt.as_ref().map_or_else(
                || format!("{key}:{}", String::from_utf8_lossy(record.bytes)),
                |rejection| {
                    assert_eq!(rejection.reason, Reason::BadAggregate);
                    format!("{key}!{}", rejection.message)
                },
            )
        };
        user_records(payload).unwrap().unwrap().iter().map(show).collect()
    }

    #[test]
    fn what_the_official_producers_made_is_read() {
        let python = user_records(vector!("python")).unwrap().unwrap();
        let keys: Vec<_> = python.iter().filter_map(|record| record.partition_key).collect();
        assert_eq!(keys, ["key-1", "key-2", "clé", "key-1"]);
        assert_eq!((python[0].bytes, python[3].bytes), (&br#"{"id":"a"}"#[..], &br#"{"id":"b"}"#[..]));
        assert!(python[1].bytes.starts_with(&[0x1f, 0x8b]) && python.iter().all(|record| record.spoilt.is_none()));
        let node = user_records(vector!("node")).unwrap().unwrap();
        let keys: Vec<_> = node.iter().filter_map(|record| record.partition_key).collect();
        assert_eq!((keys, node[2].bytes), (vec!["key-1", "key-2", "key-1"], &br#"{"id":"c"}"#[..]));
    }

    #[test]
    fn an_aggregate_may_hold_nothing() {
        assert!(read_all(vector!("no-records")).is_empty());
        assert!(read_all(vector!("no-message")).is_empty());
    }

    #[test]
    fn a_wrong_sum_or_too_few_bytes_make_an_ordinary_record() {
        assert_eq!(user_records(vector!("wrong-sum")), None);
        for bytes in [&b""[..], &MAGIC, &vector!("no-message")[..19], b"{}"] {
            assert_eq!(user_records(bytes), None);
        }
    }

    #[test]
    fn an_index_out_of_range_spoils_one_user_record() {
        let keys = [r#"key:{"id":"a"}"#, "?!the user record names partition key 1 of 1", r#"key:{"id":"c"}"#];
        assert_eq!(read_all(vector!("key-out-of-range")), keys);
        let hash_keys = [r#"key:{"id":"a"}"#, "key!the user record names explicit hash key 1 of 1", r#"key:{"id":"c"}"#];
        assert_eq!(read_all(vector!("hash-key-out-of-range")), hash_keys);
    }

    #[test]
    fn an_aggregate_inside_an_aggregate_is_data() {
        let records = user_records(vector!("nested")).unwrap().unwrap();
        assert!(records.len() == 2 && records[0].bytes.starts_with(&MAGIC) && records[0].spoilt.is_none());
    }

    #[test]
    fn unknown_fields_are_passed_over() {
        assert_eq!(read_all(vector!("unknown-fields")), [r#"key:{"id":"a"}"#]);
    }

    #[test]
    fn a_user_record_that_lacks_something_spoils_no_other() {
        let record = |bytes: &[u8]| field(3, bytes);
        let good = record(&[&[0x08, 0][..], &field(3, b"{}")].concat());
        let without_key = record(&field(3, b"{}"));
        let message =
            [without_key, record(&[0x08, 0]), record(&[0x08]), record(&[0x08, 1, 0x1a, 0]), good, field(1, b"k"), field(1, b"\xff")];
        let expected = [
            "?!the user record names no partition key",
            "k!the user record has no data",
            "?!the user record is malformed",
            "?!the user record's partition key is not UTF-8",
            "k:{}",
        ];
        assert_eq!(read_all(&sealed(&message.concat())), expected);
    }

    #[test]
    fn a_message_that_is_none_spoils_the_record() {
        let rejection = user_records(&sealed(b"\x1a\x7f")).unwrap().unwrap_err();
        assert_eq!((rejection.reason, rejection.message.as_str()), (Reason::BadAggregate, "the aggregate's message is malformed"));
    }

    /// A field of bytes.
    fn field(number: u8, bytes: &[u8]) -> Vec<u8> {
        [&[number << 3 | 2][..], &number_bytes(bytes.len()), bytes].concat()
    }

    fn number_bytes(mut number: usize) -> Vec<u8> {
        let mut bytes = Vec::new();
        while number >= 0x80 {
            bytes.push(u8::try_from(number & 0x7f).unwrap() | 0x80);
            number >>= 7;
        }
        bytes.push(u8::try_from(number).unwrap());
        bytes
    }

    fn sealed(message: &[u8]) -> Vec<u8> {
        [&MAGIC[..], message, Md5::digest(message).as_slice()].concat()
    }

    proptest! {
        #[test]
        fn what_an_encoder_wrote_is_read_back(records in prop::collection::vec((".{0,200}", prop::collection::vec(any::<u8>(), 0..300)), 0..9)) {
            let keys = records.iter().flat_map(|(key, _)| field(1, key.as_bytes()));
            let encoded = records.iter().enumerate().flat_map(|(index, (_, data))| {
                field(3, &[&[0x08][..], &number_bytes(index), &field(3, data)].concat())
            });
            let payload = sealed(&keys.chain(encoded).collect::<Vec<u8>>());
            let read = user_records(&payload).unwrap().unwrap();
            let read: Vec<_> = read.into_iter().map(|record| (record.partition_key.unwrap().to_owned(), record.bytes.to_vec())).collect();
            prop_assert_eq!(read, records);
        }

        #[test]
        fn no_message_makes_it_panic(message in prop::collection::vec(any::<u8>(), 0..200)) {
            drop(user_records(&sealed(&message)));
        }
    }
}
