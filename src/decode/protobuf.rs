//! The wire format of protobuf, as far as a KPL aggregate needs it: a message's bytes in, its fields out.
//!
//! Unknown fields come out too, for the caller to pass over. Groups, which nothing has used for a decade, are malformed. Never
//! panics; every step takes at least one byte, so it ends.

/// A field's value as its wire type tells it.
#[derive(Debug, PartialEq, Eq)]
pub enum Value<'a> {
    Number(u64),
    Bytes(&'a [u8]),
    /// Four or eight bytes; no field of ours has that type.
    Fixed,
}

/// The message breaks off, or is none.
#[derive(Debug, PartialEq, Eq)]
pub struct Malformed;

/// The fields of a message, each with its number. After an error there are no more.
#[derive(Debug)]
pub struct Fields<'a>(&'a [u8]);

impl<'a> Fields<'a> {
    pub fn of(message: &'a [u8]) -> Self {
        Fields(message)
    }

    fn field(&mut self) -> Option<(u64, Value<'a>)> {
        let tag = self.number()?;
        let value = match tag & 7 {
            0 => Value::Number(self.number()?),
            1 => self.bytes(8).map(|_| Value::Fixed)?,
            2 => {
                let length = self.number()?;
                Value::Bytes(self.bytes(usize::try_from(length).ok()?)?)
            }
            5 => self.bytes(4).map(|_| Value::Fixed)?,
            _ => return None,
        };
        (tag >> 3 != 0).then_some((tag >> 3, value))
    }

    /// Seven bits a byte, the lowest first; the highest bit of a byte says that more follow.
    fn number(&mut self) -> Option<u64> {
        let mut number = 0;
        for shift in (0..u64::BITS).step_by(7) {
            let byte = self.bytes(1)?[0];
            let bits = u64::from(byte & 0x7f);
            if bits << shift >> shift != bits {
                return None;
            }
            number |= bits << shift;
            if byte < 0x80 {
                return Some(number);
            }
        }
        None
    }

    fn bytes(&mut self, count: usize) -> Option<&'a [u8]> {
        let (bytes, rest) = self.0.split_at_checked(count)?;
        self.0 = rest;
        Some(bytes)
    }
}

impl<'a> Iterator for Fields<'a> {
    type Item = Result<(u64, Value<'a>), Malformed>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.0.is_empty() {
            return None;
        }
        let field = self.field().ok_or(Malformed);
        if field.is_err() {
            self.0 = &[];
        }
        Some(field)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fields(message: &[u8]) -> Result<Vec<(u64, Value<'_>)>, Malformed> {
        Fields::of(message).collect()
    }

    #[test]
    fn every_wire_type_is_read_with_the_fields_number() {
        let message = [0x08, 0x96, 0x01, 0x11, 1, 2, 3, 4, 5, 6, 7, 8, 0x1a, 2, b'h', b'i', 0x25, 1, 2, 3, 4];
        let expected = vec![(1, Value::Number(150)), (2, Value::Fixed), (3, Value::Bytes(b"hi")), (4, Value::Fixed)];
        assert_eq!(fields(&message), Ok(expected));
        assert_eq!(fields(b""), Ok(Vec::new()));
    }

    #[test]
    fn the_largest_number_is_read_and_a_larger_one_is_not() {
        let largest = [0x08, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01];
        assert_eq!(fields(&largest), Ok(vec![(1, Value::Number(u64::MAX))]));
        let larger = [0x08, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x02];
        assert_eq!(fields(&larger), Err(Malformed));
        assert_eq!(fields(&[0xff; 30]), Err(Malformed));
    }

    #[test]
    fn what_breaks_off_or_has_no_meaning_is_malformed() {
        let lengths = [0x1a, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01];
        for message in [&[0x08][..], &[0x08, 0x80], &[0x1a, 2, 0], &lengths, &[0x11, 0], &[0x25, 0], &[0x0b], &[0x0c], &[0x00, 0x00]] {
            assert_eq!(fields(message), Err(Malformed), "{message:?}");
        }
    }
}
