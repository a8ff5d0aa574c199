//! Signatures by Standard Webhooks 1.0.0: HMAC-SHA256 over id, time and body; made for each secret, and verified.
//!
//! Pure: the time is given. `docs` of the standard: `webhook-id`, `webhook-timestamp`, and `webhook-signature` with a space between several.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit as _, Mac as _};
use hyper::HeaderMap;
use sha2::Sha256;
use subtle::{Choice, ConstantTimeEq as _};

use crate::subscription::Secret;

pub const ID: &str = "webhook-id";
pub const TIMESTAMP: &str = "webhook-timestamp";
pub const SIGNATURE: &str = "webhook-signature";

/// How far a message's time may be from now, in seconds, either way.
pub const TOLERANCE: u64 = 5 * 60;

/// Why a message is not believed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum SignatureError {
    #[error("the header {0} is missing, or is no text")]
    Missing(&'static str),
    #[error("the header webhook-timestamp is no time in epoch seconds")]
    NoTime,
    #[error("the message is older than five minutes")]
    TooOld,
    #[error("the message is dated more than five minutes ahead")]
    TooNew,
    #[error("no signature is one by a known secret")]
    Wrong,
}

/// The value of `webhook-signature`: one signature for each secret, in their order; `None` without secrets.
pub fn sign(secrets: &[Secret], id: &str, timestamp: u64, body: &[u8]) -> Option<String> {
    let signatures: Vec<String> = secrets.iter().filter_map(|secret| one(secret, id, timestamp, body)).collect();
    (!signatures.is_empty()).then(|| signatures.join(" "))
}

/// Whether a message is by the owner of one of the secrets, and of now; `now` is in epoch seconds.
pub fn verify(secrets: &[Secret], headers: &HeaderMap, body: &[u8], now: u64) -> Result<(), SignatureError> {
    let header = |name: &'static str| headers.get(name).and_then(|value| value.to_str().ok()).ok_or(SignatureError::Missing(name));
    let (id, timestamp, given) = (header(ID)?, header(TIMESTAMP)?, header(SIGNATURE)?);
    let timestamp: u64 = timestamp.parse().map_err(|_| SignatureError::NoTime)?;
    if timestamp.saturating_add(TOLERANCE) < now {
        return Err(SignatureError::TooOld);
    }
    if timestamp > now.saturating_add(TOLERANCE) {
        return Err(SignatureError::TooNew);
    }
    let mut found = Choice::from(0);
    for expected in secrets.iter().filter_map(|secret| one(secret, id, timestamp, body)) {
        for signature in given.split(' ') {
            found |= expected.as_bytes().ct_eq(signature.as_bytes());
        }
    }
    if found.into() { Ok(()) } else { Err(SignatureError::Wrong) }
}

/// HMAC takes keys of any length, so there always is one.
fn one(secret: &Secret, id: &str, timestamp: u64, body: &[u8]) -> Option<String> {
    let mut mac = Hmac::<Sha256>::new_from_slice(&secret.0).ok()?;
    mac.update(format!("{id}.{timestamp}.").as_bytes());
    mac.update(body);
    Some(format!("v1,{}", STANDARD.encode(mac.finalize().into_bytes())))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The example of the standard's libraries.
    const SECRET: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
    const MESSAGE: &str = "msg_p5jXN8AQM9LWM0D4loKWxJek";
    const TIME: u64 = 1_614_265_330;
    const BODY: &[u8] = br#"{"test": 2432232314}"#;
    const EXPECTED: &str = "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=";

    fn secret(text: &str) -> Secret {
        Secret::parse(text).unwrap()
    }

    fn headers(id: &str, time: &str, signature: &str) -> HeaderMap {
        [(ID, id), (TIMESTAMP, time), (SIGNATURE, signature)]
            .into_iter()
            .map(|(name, value)| (name.parse().unwrap(), value.parse().unwrap()))
            .collect()
    }

    #[test]
    fn the_signature_is_the_standards() {
        assert_eq!(sign(&[secret(SECRET)], MESSAGE, TIME, BODY).unwrap(), EXPECTED);
        assert_eq!(sign(&[], MESSAGE, TIME, BODY), None);
    }

    #[test]
    fn while_a_secret_rotates_either_is_enough() {
        let other = Secret(vec![9; 24]);
        let both = sign(&[other.clone(), secret(SECRET)], MESSAGE, TIME, BODY).unwrap();
        assert_eq!(both.split(' ').count(), 2);
        let headers = headers(MESSAGE, &TIME.to_string(), &both);
        assert_eq!(verify(&[secret(SECRET)], &headers, BODY, TIME), Ok(()));
        assert_eq!(verify(&[other], &headers, BODY, TIME), Ok(()));
        assert_eq!(verify(&[Secret(vec![8; 24])], &headers, BODY, TIME), Err(SignatureError::Wrong));
    }

    #[test]
    fn a_message_that_was_changed_or_is_not_of_now_is_refused() {
        let (secrets, time) = ([secret(SECRET)], TIME.to_string());
        let good = headers(MESSAGE, &time, EXPECTED);
        assert_eq!(verify(&secrets, &good, BODY, TIME + TOLERANCE), Ok(()));
        assert_eq!(verify(&secrets, &good, BODY, TIME - TOLERANCE), Ok(()));
        assert_eq!(verify(&secrets, &good, BODY, TIME + TOLERANCE + 1), Err(SignatureError::TooOld));
        assert_eq!(verify(&secrets, &good, BODY, TIME - TOLERANCE - 1), Err(SignatureError::TooNew));
        assert_eq!(verify(&secrets, &good, b"{}", TIME), Err(SignatureError::Wrong));
        assert_eq!(verify(&secrets, &headers("other", &time, EXPECTED), BODY, TIME), Err(SignatureError::Wrong));
        assert_eq!(verify(&secrets, &headers(MESSAGE, "x", EXPECTED), BODY, TIME), Err(SignatureError::NoTime));
        assert_eq!(verify(&secrets, &headers(MESSAGE, &time, &EXPECTED[3..]), BODY, TIME), Err(SignatureError::Wrong));
        assert_eq!(verify(&secrets, &HeaderMap::new(), BODY, TIME), Err(SignatureError::Missing(ID)));
    }
}
