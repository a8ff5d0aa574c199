//! What a function's answer means for its batch: the rules of partial batch responses. Pure.
//!
//! Source: "Configuring partial batch response with Kinesis Data Streams and Lambda" in the AWS Lambda developer guide. Where it is
//! silent: an answer that is JSON but has no list (a text, a number) is a success, as `null` is; one that is not JSON, a list that is
//! none, an identifier that is no text, and one that is not in the batch are complete failures.

use serde_json::Value;

use super::sequence::SequenceNumber;

/// What a handler gives back: its response as JSON, which may be empty, or why there is none.
pub type Answer = Result<Vec<u8>, Failure>;

/// An invocation without a response.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Failure {
    /// The function ended with an error; the text is its message.
    Function(String),
    /// The function's time ran out.
    TimedOut,
}

/// What becomes of a batch.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Verdict {
    /// Every record is done.
    Done,
    /// The records in front of this position are done; it and all behind it are not.
    From(usize),
    /// No record is done.
    Failed,
}

/// Judges the answer to a batch with these sequence numbers. Without `report` a response is a success, whatever it says.
pub(super) fn judge<'s>(answer: &Answer, batch: impl Iterator<Item = &'s SequenceNumber>, report: bool) -> Verdict {
    match answer {
        Err(_) => Verdict::Failed,
        Ok(_) if !report => Verdict::Done,
        Ok(response) => read(response, batch),
    }
}

fn read<'s>(response: &[u8], batch: impl Iterator<Item = &'s SequenceNumber>) -> Verdict {
    if response.is_empty() {
        return Verdict::Done;
    }
    let Ok(response) = serde_json::from_slice::<Value>(response) else { return Verdict::Failed };
    let failures = match response.get("batchItemFailures") {
        None | Some(Value::Null) => return Verdict::Done,
        Some(Value::Array(failures)) if failures.is_empty() => return Verdict::Done,
        Some(Value::Array(failures)) => failures,
        Some(_) => return Verdict::Failed,
    };
    let batch: Vec<&SequenceNumber> = batch.collect();
    let position = |failure: &Value| {
        let identifier = SequenceNumber::parse(failure.get("itemIdentifier")?.as_str()?).ok()?;
        batch.binary_search(&&identifier).ok()
    };
    match failures.iter().map(position).collect::<Option<Vec<usize>>>() {
        Some(positions) => positions.into_iter().min().map_or(Verdict::Done, Verdict::From),
        None => Verdict::Failed,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    /// The verdict on a batch of 9, 10, 11 and a number of 129 digits.
    fn verdict(response: impl Into<Vec<u8>>, report: bool) -> Verdict {
        let batch = ["9", "10", "11", &"1".repeat(129)].map(|text| SequenceNumber::parse(text).unwrap());
        judge(&Ok(response.into()), batch.iter(), report)
    }

    fn reported(identifiers: &[Value]) -> Verdict {
        let failures: Vec<Value> = identifiers.iter().map(|identifier| json!({"itemIdentifier": identifier})).collect();
        verdict(json!({"batchItemFailures": failures}).to_string(), true)
    }

    #[test]
    fn nothing_reported_is_a_success() {
        let responses =
            ["", "null", "{}", r#"{"batchItemFailures":[]}"#, r#"{"batchItemFailures":null}"#, r#""Processed 3 records.""#, "7", "[]"];
        for response in responses {
            assert_eq!(verdict(response, true), Verdict::Done, "{response}");
        }
    }

    #[test]
    fn a_misspelled_list_is_a_success() {
        assert_eq!(verdict(r#"{"batchItemFailure":[{"itemIdentifier":"9"}]}"#, true), Verdict::Done);
    }

    #[test]
    fn the_lowest_number_reported_is_the_checkpoint_as_a_number() {
        assert_eq!(reported(&[json!("10")]), Verdict::From(1));
        assert_eq!(reported(&[json!("11"), json!("9"), json!("10")]), Verdict::From(0));
        assert_eq!(reported(&[json!("1".repeat(129)), json!("11")]), Verdict::From(2));
        assert_eq!(reported(&[json!("10"), json!("10")]), Verdict::From(1));
    }

    #[test]
    fn an_identifier_that_names_no_record_of_the_batch_is_a_complete_failure() {
        let bad = [json!(""), json!(null), json!("12"), json!("010"), json!(" 10"), json!("x"), json!(10), json!({"itemIdentifier": "10"})];
        for identifier in bad {
            assert_eq!(reported(std::slice::from_ref(&identifier)), Verdict::Failed, "{identifier}");
            assert_eq!(reported(&[json!("10"), identifier.clone()]), Verdict::Failed, "{identifier} behind a good one");
        }
    }

    #[test]
    fn a_failure_of_another_shape_is_a_complete_failure() {
        let responses = [
            r#"{"batchItemFailures":[{"sequenceNumber":"10"}]}"#,
            r#"{"batchItemFailures":[{}]}"#,
            r#"{"batchItemFailures":["10"]}"#,
            r#"{"batchItemFailures":[null]}"#,
            r#"{"batchItemFailures":{"itemIdentifier":"10"}}"#,
            r#"{"batchItemFailures":"10"}"#,
            "not JSON",
        ];
        for response in responses {
            assert_eq!(verdict(response, true), Verdict::Failed, "{response}");
        }
    }

    #[test]
    fn without_reporting_every_response_is_a_success_and_every_failure_a_failure() {
        for response in
            [r#"{"batchItemFailures":[{"itemIdentifier":"9"}]}"#, r#"{"batchItemFailures":[{"itemIdentifier":""}]}"#, "not JSON"]
        {
            assert_eq!(verdict(response, false), Verdict::Done, "{response}");
        }
        for failure in [Failure::Function("error".to_owned()), Failure::TimedOut] {
            assert_eq!(judge(&Err(failure.clone()), [].iter(), false), Verdict::Failed);
            assert_eq!(judge(&Err(failure), [].iter(), true), Verdict::Failed);
        }
    }
}
