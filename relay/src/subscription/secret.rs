//! Signing secrets in the text form of Standard Webhooks: `whsec_` and base64.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::Secret;

const PREFIX: &str = "whsec_";
const SHORTEST: usize = 24;
const LONGEST: usize = 64;

/// A text that is no secret. Never shows it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a secret is whsec_ and the base64 of {SHORTEST} to {LONGEST} bytes")]
pub struct BadSecret;

impl Secret {
    pub fn parse(text: &str) -> Result<Secret, BadSecret> {
        let encoded = text.strip_prefix(PREFIX).ok_or(BadSecret)?;
        let bytes = STANDARD.decode(encoded).map_err(|_| BadSecret)?;
        if (SHORTEST..=LONGEST).contains(&bytes.len()) { Ok(Secret(bytes)) } else { Err(BadSecret) }
    }

    /// The text that it was parsed from; to be stored, not shown.
    pub fn text(&self) -> String {
        format!("{PREFIX}{}", STANDARD.encode(&self.0))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_is_of_the_length_that_the_standard_allows_and_is_not_shown() {
        let text = |length: usize| format!("{PREFIX}{}", STANDARD.encode(vec![7; length]));
        for length in [24, 32, 64] {
            assert_eq!(Secret::parse(&text(length)).unwrap().text(), text(length));
        }
        for bad in [text(23), text(65), text(32).replace(PREFIX, ""), format!("{PREFIX}?"), String::new()] {
            assert_eq!(Secret::parse(&bad), Err(BadSecret), "{bad}");
        }
        assert_eq!(format!("{:?}", Secret(vec![7; 24])), "Secret(…)");
    }
}
