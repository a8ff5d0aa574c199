//! Any bytes through decompression: within the budget, the same every time, and what was compressed comes back.

#![no_main]

use std::borrow::Cow;
use std::io::Write;

use flate2::Compression;
use flate2::write::{GzEncoder, ZlibEncoder};
use libfuzzer_sys::fuzz_target;
use tablefeed::decode::compression::{Budget, decompress};

/// What a record may decompress to here: nothing, less than most seeds, and enough for them.
const BUDGETS: [usize; 4] = [0, 16, 1000, 1 << 16];

fuzz_target!(|bytes: &[u8]| {
    for most in BUDGETS {
        let mut budget = Budget::new(most);
        let result = decompress(bytes, &mut budget);
        // One byte too many tells what would be too large.
        assert!(budget.made() <= most + 1, "{} bytes were made of {most}", budget.made());
        match &result {
            Ok(Cow::Borrowed(same)) => assert_eq!(*same, bytes),
            Ok(Cow::Owned(made)) => assert!(made.len() <= most && made.len() <= budget.made()),
            Err(rejection) => assert!(!rejection.message.is_empty()),
        }
        let again = decompress(bytes, &mut Budget::new(most));
        assert_eq!(result, again);
    }
    for compressed in [gzip(bytes), zlib(bytes), zstd::encode_all(bytes, 1).unwrap()] {
        comes_back(bytes, &compressed);
    }
});

/// Bytes that are no compressed ones themselves come back whole with exactly their own length as the budget, and not with less.
fn comes_back(bytes: &[u8], compressed: &[u8]) {
    let is_plain = matches!(decompress(bytes, &mut Budget::new(1 << 20)), Ok(Cow::Borrowed(_)));
    let looks_like_text = std::str::from_utf8(compressed).is_ok();
    if is_plain && !looks_like_text {
        let mut budget = Budget::new(bytes.len());
        assert_eq!(decompress(compressed, &mut budget).unwrap(), bytes);
        if let Some(less) = bytes.len().checked_sub(1) {
            assert!(decompress(compressed, &mut Budget::new(less)).is_err());
        }
    }
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

fn zlib(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = ZlibEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}
