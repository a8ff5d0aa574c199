//! A record's data: base64 text in, bytes out.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use super::record::{Data, Record};
use crate::reason::{Reason, Rejection};

/// The bytes that the producer put, or why they cannot be had. A tombstone has none.
///
/// # Panics
/// On purpose, if the record's partition key is `drill`.
pub fn payload(record: &Record<'_>, drill: Option<&str>) -> Result<Vec<u8>, Rejection> {
    assert!(drill.is_none() || drill != record.partition_key.as_deref(), "drill");
    if record.sequence.is_none() {
        return Err(Rejection::new(Reason::BadRecord, "the record has no sequence number or offset"));
    }
    if let Some(rejection) = &record.spoilt {
        return Err(rejection.clone());
    }
    match &record.data {
        Data::Missing => Err(Rejection::new(Reason::BadRecord, "the record has no data")),
        Data::Tombstone => Ok(Vec::new()),
        Data::Base64(text) => decoded(text),
    }
}

/// Decoded many characters at a time; where that fails once more by a decoder that can say why.
fn decoded(text: &str) -> Result<Vec<u8>, Rejection> {
    base64_simd::STANDARD
        .decode_to_vec(text)
        .or_else(|_| STANDARD.decode(text))
        .map_err(|error| Rejection::new(Reason::BadBase64, format!("data is not base64: {}", plain(&error))))
}

/// The fault and its offset, without the offending byte itself.
fn plain(error: &base64::DecodeError) -> String {
    match error {
        base64::DecodeError::InvalidByte(offset, _) | base64::DecodeError::InvalidLastSymbol { offset, .. } => {
            format!("unexpected symbol at character {offset}")
        }
        base64::DecodeError::InvalidLength(length) => format!("{length} characters cannot be a whole number of bytes"),
        base64::DecodeError::InvalidPadding => "wrong padding".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn the_fast_decoder_takes_what_the_strict_one_takes_and_nothing_else(
            bytes in prop::collection::vec(any::<u8>(), 0..80), at in any::<usize>(), other in prop_oneof!["[A-Za-z0-9+/=\\-_ \n]", ".", Just(String::new())],
        ) {
            let mut text = STANDARD.encode(bytes);
            if let Some(at) = at.checked_rem(text.len()) {
                text.replace_range(at..=at, &other);
            }
            prop_assert_eq!(base64_simd::STANDARD.decode_to_vec(&text).ok(), STANDARD.decode(&text).ok(), "{}", text);
        }
    }
}
