//! A record's bytes in, its parts out, decompressed: the user records of a KPL aggregate, or the record itself as its only part.
//!
//! An aggregate inside an aggregate or inside compressed bytes is not opened, as no de-aggregator of AWS opens one. A record of
//! plain JSON costs a look at its first bytes.

use std::borrow::Cow;

use super::compression::{Budget, decompress};
use super::kpl::{self, UserRecord};
use crate::reason::Rejection;

/// One part of a record: a user record, or the record itself.
#[derive(Debug)]
pub struct Part<'p> {
    /// The user record's own; the record's where there is none.
    pub partition_key: Option<&'p str>,
    pub is_user_record: bool,
    /// As they stood in the record.
    pub bytes: &'p [u8],
    /// Decompressed: what holds documents.
    pub text: Result<Cow<'p, [u8]>, Rejection>,
}

/// The parts of one record.
#[derive(Debug, Default)]
pub struct Parts<'p> {
    pub parts: Vec<Part<'p>>,
    /// Bytes that came of decoding them, those that were then refused included.
    pub bytes: usize,
}

/// Opens a record that was put under `partition_key` and may decompress to `most` bytes, in all its parts together. An aggregate
/// may have no parts.
pub fn parts<'p>(payload: &'p [u8], partition_key: Option<&'p str>, most: usize) -> Result<Parts<'p>, Rejection> {
    let mut budget = Budget::new(most);
    let parts: Vec<Part<'p>> = match kpl::user_records(payload) {
        None => vec![Part { partition_key, is_user_record: false, bytes: payload, text: decompress(payload, &mut budget) }],
        Some(user_records) => {
            let part = |UserRecord { partition_key: key, bytes, spoilt }| Part {
                partition_key: key.or(partition_key),
                is_user_record: true,
                bytes,
                text: spoilt.map_or_else(|| decompress(bytes, &mut budget), Err),
            };
            user_records?.into_iter().map(part).collect()
        }
    };
    let plain = parts.iter().filter_map(|part| match &part.text {
        Ok(Cow::Borrowed(text)) => Some(text.len()),
        _ => None,
    });
    let bytes = plain.sum::<usize>() + budget.made();
    Ok(Parts { parts, bytes })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::decode::documents::documents;
    use crate::reason::Reason;

    const PYTHON: &[u8] = include_bytes!("../../tests/vectors/kpl-python.bin");
    const NESTED: &[u8] = include_bytes!("../../tests/vectors/kpl-nested.bin");

    fn open(payload: &[u8]) -> Vec<Part<'_>> {
        parts(payload, Some("outer"), 1000).unwrap().parts
    }

    fn text<'a>(part: &'a Part<'_>) -> &'a [u8] {
        part.text.as_deref().unwrap()
    }

    #[test]
    fn a_plain_record_is_its_own_part_and_nothing_is_copied() {
        let opened = parts(b"{}", Some("outer"), 1).unwrap();
        assert_eq!((opened.bytes, opened.parts[0].partition_key, opened.parts[0].is_user_record), (2, Some("outer"), false));
        assert!(matches!(opened.parts[0].text, Ok(Cow::Borrowed(b"{}"))));
    }

    #[test]
    fn user_records_have_their_own_keys_and_are_decompressed() {
        let opened = open(PYTHON);
        let seen: Vec<_> = opened.iter().map(|part| (part.partition_key.unwrap(), text(part))).collect();
        let expected =
            [("key-1", "a"), ("key-2", "b"), ("clé", "c"), ("key-1", "b")].map(|(key, id)| (key, format!("{{\"id\":\"{id}\"}}")));
        assert!(seen.iter().zip(&expected).all(|(seen, expected)| *seen == (expected.0, expected.1.as_bytes())) && seen.len() == 4);
        assert!(opened.iter().all(|part| part.is_user_record) && opened[1].bytes.starts_with(&[0x1f, 0x8b]));
        assert_eq!(parts(PYTHON, Some("outer"), 1000).unwrap().bytes, 40);
    }

    #[test]
    fn a_user_record_without_a_key_has_the_records() {
        let opened = open(include_bytes!("../../tests/vectors/kpl-key-out-of-range.bin"));
        assert_eq!((opened[1].partition_key, opened[1].bytes), (Some("outer"), &br#"{"id":"b"}"#[..]));
        assert_eq!(opened[1].text.as_ref().unwrap_err().reason, Reason::BadAggregate);
    }

    #[test]
    fn aggregates_are_opened_at_the_outside_only() {
        assert!(text(&open(NESTED)[0]).starts_with(&[0xf3, 0x89]));
        let compressed = zstd::encode_all(PYTHON, 3).unwrap();
        assert_eq!((open(&compressed).len(), text(&open(&compressed)[0])), (1, PYTHON));
    }

    #[test]
    fn all_user_records_share_what_the_record_may_decompress_to() {
        let opened = parts(PYTHON, Some("outer"), 9).unwrap();
        assert_eq!(opened.parts[1].text.as_ref().unwrap_err().reason, Reason::DecompressedTooLarge);
        assert!(opened.parts[3].text.is_ok());
        assert_eq!(opened.bytes, 40);
    }

    proptest! {
        #[test]
        fn no_bytes_make_it_panic(head in 0..6_usize, tail in prop::collection::vec(any::<u8>(), 0..300), flips in prop::collection::vec((any::<usize>(), any::<u8>()), 0..4)) {
            let gzip = include_bytes!("../../tests/vectors/members.gz");
            let heads: [&[u8]; 6] = [b"", PYTHON, gzip, b"x\x9c", include_bytes!("../../tests/vectors/frames.zst"), b"\x28\xb5\x2f\xfd"];
            let mut payload = [heads[head], &tail].concat();
            for (at, bits) in flips {
                if let Some(count) = payload.len().checked_sub(1) {
                    payload[at % (count + 1)] ^= bits;
                }
            }
            if let Ok(opened) = parts(&payload, Some("outer"), 1000) {
                for text in opened.parts.iter().filter_map(|part| part.text.as_ref().ok()) {
                    drop(documents(text, 100));
                }
            }
        }
    }
}
