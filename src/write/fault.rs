//! What went wrong with a call, reduced to what the caller does about it. The only place that judges SDK errors.

use aws_credential_types::provider::error::CredentialsError;
use aws_sdk_dynamodb::config::http::HttpResponse;
use aws_sdk_dynamodb::error::{ProvideErrorMetadata, SdkError};

/// A call that did not succeed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Fault {
    /// The service asks for fewer calls.
    #[error("throttled: {0}")]
    Throttled(String),
    /// Worth trying again: a server error, a time-out, a lost or cut connection.
    #[error("{0}")]
    Transient(String),
    /// The service refuses what was sent.
    #[error("{code}: {message}")]
    Refused { code: String, message: String },
    /// Nobody's record is at fault: missing resource, denied access, bad credentials.
    #[error("{0}")]
    Systemic(String),
}

/// Error codes of the three services that ask for fewer calls.
const THROTTLES: &[&str] = &[
    "ThrottlingException",
    "ProvisionedThroughputExceededException",
    "RequestLimitExceeded",
    "Throttling",
    "ThrottledException",
    "TooManyRequestsException",
    "RequestThrottled",
    "RequestThrottledException",
    "KmsThrottled",
    "KMS.ThrottlingException",
];

/// Client errors that pass by themselves.
const TRANSIENT: &[&str] = &[
    "InternalServerError",
    "InternalFailure",
    "ServiceUnavailable",
    "RequestTimeout",
    "RequestTimeoutException",
    "TransactionInProgressException",
    "ReplicatedWriteConflictException",
];

/// Client errors that blame what was sent.
const REFUSALS: &[&str] = &["ValidationException", "ItemCollectionSizeLimitExceededException", "SerializationException"];

impl Fault {
    /// Judges an SDK error.
    pub fn of<E: ProvideErrorMetadata + std::error::Error + 'static>(error: &SdkError<E, HttpResponse>) -> Fault {
        match error {
            SdkError::ServiceError(service) => {
                let status = service.raw().status().as_u16();
                let code = service.err().code().unwrap_or("no error code");
                Fault::by_code(status, code, service.err().message().unwrap_or_default())
            }
            SdkError::TimeoutError(_) => Fault::Transient("timed out".to_owned()),
            SdkError::ResponseError(_) => Fault::Transient("the answer was cut short or cannot be read".to_owned()),
            other if has_credentials_error(other) => Fault::Systemic(chain(other)),
            SdkError::DispatchFailure(_) => Fault::Transient(chain(error)),
            other => Fault::Systemic(chain(other)),
        }
    }

    fn by_code(status: u16, code: &str, message: &str) -> Fault {
        let text = || format!("{code}: {message}");
        if THROTTLES.contains(&code) || status == 429 {
            Fault::Throttled(code.to_owned())
        } else if TRANSIENT.contains(&code) || status >= 500 {
            Fault::Transient(text())
        } else if REFUSALS.contains(&code) {
            Fault::Refused { code: code.to_owned(), message: message.to_owned() }
        } else {
            Fault::Systemic(text())
        }
    }
}

fn sources<'e>(error: &'e (dyn std::error::Error + 'static)) -> impl Iterator<Item = &'e (dyn std::error::Error + 'static)> {
    std::iter::successors(Some(error), |error| error.source())
}

fn has_credentials_error<E: std::error::Error + 'static>(error: &SdkError<E, HttpResponse>) -> bool {
    sources(error).any(|source| source.is::<CredentialsError>())
}

/// An error with its causes, each once.
fn chain<E: std::error::Error + 'static>(error: &SdkError<E, HttpResponse>) -> String {
    let mut texts: Vec<String> = Vec::new();
    for source in sources(error) {
        let text = source.to_string();
        if texts.last() != Some(&text) {
            texts.push(text);
        }
    }
    texts.join(": ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_judged_by_what_can_be_done() {
        let judge = |status, code| Fault::by_code(status, code, "m");
        assert_eq!(judge(400, "ThrottlingException"), Fault::Throttled("ThrottlingException".to_owned()));
        assert!(matches!(judge(400, "ProvisionedThroughputExceededException"), Fault::Throttled(_)));
        assert!(matches!(judge(500, "InternalServerError"), Fault::Transient(_)));
        assert!(matches!(judge(503, "anything"), Fault::Transient(_)));
        assert!(matches!(judge(400, "ValidationException"), Fault::Refused { .. }));
        for code in ["ResourceNotFoundException", "AccessDeniedException", "ExpiredTokenException", "UnrecognizedClientException", "new"] {
            assert_eq!(judge(400, code), Fault::Systemic(format!("{code}: m")));
        }
    }
}
