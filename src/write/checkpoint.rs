//! The first unfinished record, and the one identifier that Lambda is told. Pure.
//!
//! Lambda redelivers everything from the reported sequence number on (developer guide, "Configuring partial batch response with
//! Kinesis Data Streams"), so what is reported must stand at or before the first unfinished record, never after it.

/// The sequence number to report for the first unfinished record: its own, or, if it has none, that of the nearest record before
/// it that has one. `None` if there is no such record: the event can only be redelivered whole.
pub fn identifier<'s>(sequences: &[Option<&'s str>], first_unfinished: usize) -> Option<&'s str> {
    sequences.iter().take(first_unfinished + 1).rev().find_map(|sequence| *sequence)
}

#[cfg(test)]
mod tests {
    use super::identifier;

    #[test]
    fn a_record_without_a_sequence_number_is_reported_by_the_one_before_it() {
        let sequences = [Some("1"), None, Some("3")];
        assert_eq!(identifier(&sequences, 0), Some("1"));
        assert_eq!(identifier(&sequences, 1), Some("1"));
        assert_eq!(identifier(&sequences, 2), Some("3"));
        assert_eq!(identifier(&[None, Some("2")], 0), None);
    }
}
