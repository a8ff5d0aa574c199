//! A record's data: base64 text in, bytes out.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use super::kinesis::Record;
use crate::reason::{Reason, Rejection};

/// The bytes that the producer put, or why they cannot be had.
///
/// # Panics
/// On purpose, if the record's partition key is `drill`.
pub fn payload(record: &Record<'_>, drill: Option<&str>) -> Result<Vec<u8>, Rejection> {
    assert!(drill != Some(record.partition_key), "drill");
    if record.sequence.is_none() {
        return Err(Rejection::new(Reason::BadRecord, "the record has no sequence number"));
    }
    let Some(data) = record.data else {
        return Err(Rejection::new(Reason::BadRecord, "the record has no data"));
    };
    STANDARD.decode(data).map_err(|error| Rejection::new(Reason::BadBase64, format!("data is not base64: {}", plain(&error))))
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
