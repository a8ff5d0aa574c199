//! Any message as a KPL aggregate with a right sum: what is read lies within it, and is read again when it is written again.

#![no_main]

use libfuzzer_sys::fuzz_target;
use md5::{Digest, Md5};
use tablefeed::decode::kpl::{UserRecord, user_records};
use tablefeed::decode::parts::parts;
use tablefeed::reason::Reason;

const MAGIC: [u8; 4] = [0xf3, 0x89, 0x9a, 0xc2];
const SUM: usize = 16;

/// What the parts of a record may decompress to.
const MOST: usize = 1 << 16;

fuzz_target!(|bytes: &[u8]| {
    // A seed has its own magic and sum; the sum is mended, or no change of the message would be seen.
    let message = bytes.strip_prefix(&MAGIC).and_then(|rest| rest.split_last_chunk::<SUM>()).map_or(bytes, |(message, _)| message);
    let payload = sealed(message);
    let Ok(records) = user_records(&payload).expect("a right sum") else { return };
    let range = payload.as_ptr_range();
    for record in &records {
        let slices = [Some(record.bytes), record.partition_key.map(str::as_bytes)];
        for slice in slices.into_iter().flatten().map(<[u8]>::as_ptr_range) {
            assert!(slice.start >= range.start && slice.end <= range.end, "a slice beyond the aggregate");
        }
        assert!(record.spoilt.is_some() || record.partition_key.is_some());
        assert!(record.spoilt.as_ref().is_none_or(|rejection| rejection.reason == Reason::BadAggregate));
    }
    assert!(records.iter().map(|record| record.bytes.len()).sum::<usize>() <= message.len());
    is_read_again(records.iter().filter(|record| record.spoilt.is_none()).collect());
    opens_to_a_part_for_each(&payload, &records);
    // A sum that is not right makes an ordinary record.
    let mut wrong = payload.clone();
    *wrong.last_mut().expect("a sum") ^= 1;
    assert_eq!(user_records(&wrong), None);
});

/// Writes good user records as an aggregate of their own, each with its own key, and reads that.
fn is_read_again(records: Vec<&UserRecord<'_>>) {
    let keys = records.iter().flat_map(|record| field(1, record.partition_key.expect("a good one has a key").as_bytes()));
    let data = records.iter().enumerate().flat_map(|(index, record)| {
        let index = [vec![1 << 3], number(index)].concat();
        field(3, &[index, field(3, record.bytes)].concat())
    });
    let payload = sealed(&keys.chain(data).collect::<Vec<u8>>());
    let again = user_records(&payload).expect("a right sum").expect("a message of our own");
    assert_eq!(again.iter().collect::<Vec<_>>(), records);
}

fn opens_to_a_part_for_each(payload: &[u8], records: &[UserRecord<'_>]) {
    let opened = parts(payload, Some("outer"), MOST).expect("an aggregate");
    assert_eq!(opened.parts.len(), records.len());
    for (part, record) in opened.parts.iter().zip(records) {
        assert!(part.is_user_record && part.bytes == record.bytes);
        assert_eq!(part.partition_key, record.partition_key.or(Some("outer")));
        assert!(record.spoilt.is_none() || part.text.as_ref().err() == record.spoilt.as_ref());
    }
    // What fails takes half of what is left, so all failures together make no more than the budget, and one byte each.
    assert!(opened.bytes <= 2 * MOST + records.len() + payload.len(), "{} bytes", opened.bytes);
}

fn sealed(message: &[u8]) -> Vec<u8> {
    [&MAGIC[..], message, Md5::digest(message).as_slice()].concat()
}

/// A field of bytes.
fn field(tag: u8, bytes: &[u8]) -> Vec<u8> {
    [vec![tag << 3 | 2], number(bytes.len()), bytes.to_vec()].concat()
}

fn number(mut number: usize) -> Vec<u8> {
    let mut bytes = Vec::new();
    while number >= 0x80 {
        bytes.push((number & 0x7f) as u8 | 0x80);
        number >>= 7;
    }
    bytes.push(number as u8);
    bytes
}
