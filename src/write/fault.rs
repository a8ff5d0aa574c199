//! What went wrong with a call, reduced to what the caller does about it. The only place that judges SDK errors.

use std::collections::BTreeSet;

use aws_credential_types::provider::error::CredentialsError;
use aws_sdk_dynamodb::config::http::HttpResponse;
use aws_sdk_dynamodb::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_dynamodb::types::error::{ProvisionedThroughputExceededException, RequestLimitExceeded, ThrottlingException};

/// A call that did not succeed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Fault {
    /// The service asks for fewer calls.
    ///
    /// Holds its reasons, each once: those that DynamoDB types, or else the error's code.
    #[error("throttled: {}", .0.join(", "))]
    Throttled(Vec<String>),
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
pub(crate) const THROTTLES: &[&str] = &[
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
                match Fault::by_code(status, code, service.err().message().unwrap_or_default()) {
                    Fault::Throttled(by_code) => Fault::Throttled(typed_reasons(error).unwrap_or(by_code)),
                    other => other,
                }
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
            Fault::Throttled(vec![code.to_owned()])
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

/// Why DynamoDB throttles, if it says so.
fn typed_reasons<E: std::error::Error + 'static>(error: &SdkError<E, HttpResponse>) -> Option<Vec<String>> {
    let typed = sources(error).find_map(|source| {
        let throttling = source.downcast_ref().map(ThrottlingException::throttling_reasons);
        let provisioned = || source.downcast_ref().map(ProvisionedThroughputExceededException::throttling_reasons);
        let limit = || source.downcast_ref().map(RequestLimitExceeded::throttling_reasons);
        throttling.or_else(provisioned).or_else(limit)
    });
    let reasons: BTreeSet<String> = typed?.iter().filter_map(|typed| typed.reason.clone()).collect();
    Some(reasons.into_iter().collect()).filter(|reasons: &Vec<String>| !reasons.is_empty())
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
        assert_eq!(judge(400, "ThrottlingException"), Fault::Throttled(vec!["ThrottlingException".to_owned()]));
        assert!(matches!(judge(400, "ProvisionedThroughputExceededException"), Fault::Throttled(_)));
        assert!(matches!(judge(500, "InternalServerError"), Fault::Transient(_)));
        assert!(matches!(judge(503, "anything"), Fault::Transient(_)));
        assert!(matches!(judge(400, "ValidationException"), Fault::Refused { .. }));
        for code in ["ResourceNotFoundException", "AccessDeniedException", "ExpiredTokenException", "UnrecognizedClientException", "new"] {
            assert_eq!(judge(400, code), Fault::Systemic(format!("{code}: m")));
        }
    }
}
