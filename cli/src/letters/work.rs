//! What a message, or an entry of a file, asks to be redriven. Pure.

use tablefeed::write::stored::{NotALetter, StoredLetter};

use super::on_failure::OnFailure;

#[derive(Debug)]
pub enum Work {
    Letter(Box<StoredLetter>),
    /// Records that Lambda gave up.
    OnFailure(Box<OnFailure>),
    /// Neither; why.
    NotALetter(String),
}

impl Work {
    pub fn of(body: &str) -> Work {
        match StoredLetter::parse(body) {
            Ok(letter) => Work::Letter(Box::new(letter)),
            Err(error) => {
                OnFailure::parse(body).map_or_else(|| Work::NotALetter(why(&error)), |records| Work::OnFailure(Box::new(records)))
            }
        }
    }
}

/// Never what the message holds, which a parser's error may quote.
pub fn why(error: &NotALetter) -> String {
    match error {
        NotALetter::Body(_) => "the message is no letter of tablefeed".to_owned(),
        other => other.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn letters_records_of_lambda_and_anything_else_are_told_apart() {
        let letter = r#"{"version":1,"id":"1f0e9c3a-5b0e-5b61-8f1c-0f6c2b8a7d11","reason":"bad_json","error":"e","source":"s","shard":"sh",
            "sequence":"1","sub_sequence":0,"partition_key":"p","arrival":1.5,"batch_id":null,"request_id":"r","function":"f",
            "content":"document","data_encoding":"base64","data":"e30="}"#;
        assert!(matches!(Work::of(letter), Work::Letter(_)));
        let given_up = r#"{"requestContext":{"condition":"RetryAttemptsExhausted"},"payload":"{}"}"#;
        assert!(matches!(Work::of(given_up), Work::OnFailure(_)));
        for other in ["", "x", "{}", "[1]", r#"{"requestContext":{"condition":"RetryAttemptsExhausted"}}"#] {
            assert!(matches!(Work::of(other), Work::NotALetter(_)), "{other}");
        }
        assert!(matches!(Work::of(r#""personal""#), Work::NotALetter(why) if !why.contains("personal")));
    }
}
