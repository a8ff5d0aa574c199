//! Where the plain part of a JSON string ends: eight bytes at a time, as most of an event is base64.

const ONES: u64 = 0x0101_0101_0101_0101;
const HIGH_BITS: u64 = 0x8080_8080_8080_8080;

/// How many bytes stand in front of the first quote, backslash or control character; all of them, if there is none.
pub(super) fn plain(bytes: &[u8]) -> usize {
    let (words, rest) = bytes.as_chunks::<8>();
    for (index, word) in words.iter().enumerate() {
        let special = special(u64::from_le_bytes(*word));
        if special != 0 {
            return index * 8 + special.trailing_zeros() as usize / 8;
        }
    }
    let is_special = |byte: &u8| *byte < 0x20 || *byte == b'"' || *byte == b'\\';
    rest.iter().position(is_special).map_or(bytes.len(), |at| words.len() * 8 + at)
}

/// The high bit of the first special byte, and none below it. A subtraction borrows only from a byte that is found, so what stands above
/// the first one may be wrong.
fn special(word: u64) -> u64 {
    let below = |word: u64, bound: u64| word.wrapping_sub(ONES * bound) & !word;
    let equals = |byte: u8| below(word ^ (ONES * u64::from(byte)), 1);
    (below(word, 0x20) | equals(b'"') | equals(b'\\')) & HIGH_BITS
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn one_by_one(bytes: &[u8]) -> usize {
        bytes.iter().position(|byte| matches!(byte, 0..0x20 | b'"' | b'\\')).unwrap_or(bytes.len())
    }

    #[test]
    fn every_byte_is_told_at_every_place() {
        for byte in 0..=u8::MAX {
            for place in 0..20 {
                for around in [b'a', 0x80, 0xff, 0x20, 0x21, 0x5b] {
                    let mut bytes = [around; 20];
                    bytes[place] = byte;
                    assert_eq!(plain(&bytes), one_by_one(&bytes), "{byte} at {place} in {around}");
                }
            }
        }
    }

    proptest! {
        #[test]
        fn the_first_one_counts(bytes in prop::collection::vec(prop_oneof![Just(b'"'), Just(b'\\'), 0x1d_u8..0x24, 0x5a_u8..0x5e, any::<u8>()], 0..40)) {
            prop_assert_eq!(plain(&bytes), one_by_one(&bytes));
        }
    }
}
