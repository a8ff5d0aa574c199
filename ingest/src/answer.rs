//! What became of a body's documents, in words of HTTP. Pure.
//!
//! 204 all stored; 200 the same, told in full; 202 something is a letter; 207 some were unfit; else a problem, 422, 429 or 503.

use std::collections::BTreeMap;

use axum::http::header::{ACCEPT, CONTENT_TYPE};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use serde_json::{Value, json};
use tablefeed::json::Json;
use tablefeed::persist::direct::{Fared, Stored};
use tablefeed::reason::Rejection;
use tablefeed::write::outcome::Outcome;

use crate::documents::{Documents, ID};
use crate::problem::Problem;

/// Whether the sender wants to be told in full.
pub fn is_wanted(headers: &HeaderMap) -> bool {
    let has = |name: &str, wanted: &str| {
        let values = headers.get_all(name).iter().filter_map(|value| value.to_str().ok());
        values.flat_map(|value| value.split(',')).any(|part| part.split(';').next().unwrap_or_default().trim().eq_ignore_ascii_case(wanted))
    };
    has(ACCEPT.as_str(), "application/json") || has("prefer", "return=representation")
}

/// The answer; nothing that is unfinished is answered with success.
pub fn answer(documents: &Documents<'_>, stored: &Stored, wanted: bool) -> Result<Response, Problem> {
    let any = |test: fn(&Fared) -> bool| stored.fared.iter().any(test);
    let unfit = any(|fared| matches!(fared, Fared::Unfit(_)));
    let tried = stored.tally.calls > 0 || stored.systemic.is_some();
    if unfit && !tried {
        let problem = Problem::new(StatusCode::UNPROCESSABLE_ENTITY, "documents are unfit, and nothing was written");
        return Err(problem.with("errors", errors(documents, stored)));
    }
    if any(|fared| matches!(fared, Fared::Unfinished)) {
        return Err(unfinished(stored).with("results", results(documents, stored)));
    }
    if any(|fared| matches!(fared, Fared::Refused(_))) {
        let problem = Problem::new(StatusCode::UNPROCESSABLE_ENTITY, "the table refused documents; the others were written");
        return Err(problem.with("errors", errors(documents, stored)).with("results", results(documents, stored)));
    }
    let status = if unfit {
        StatusCode::MULTI_STATUS
    } else if any(|fared| matches!(fared, Fared::Ended(Outcome::Failed))) {
        StatusCode::ACCEPTED
    } else if wanted || any(|fared| matches!(fared, Fared::Ended(Outcome::Filtered))) {
        StatusCode::OK
    } else {
        return Ok(StatusCode::NO_CONTENT.into_response());
    };
    let mut body = json!({ "documents": stored.fared.len(), "outcomes": counts(stored), "results": results(documents, stored) });
    if unfit {
        body["errors"] = errors(documents, stored);
    }
    Ok((status, [(CONTENT_TYPE, "application/json")], body.to_string()).into_response())
}

fn unfinished(stored: &Stored) -> Problem {
    if stored.systemic.is_none() && stored.queue_refusal.is_none() && stored.tally.throttles > 0 {
        let detail = "the table throttles; documents whose outcome is `retry` are not known to be written, send them again";
        return Problem::new(StatusCode::TOO_MANY_REQUESTS, detail);
    }
    Problem::unavailable(
        "the table or the queue cannot be reached; documents whose outcome is `retry` are not known to be written, send them again",
    )
}

fn outcome(fared: &Fared) -> &'static str {
    match fared {
        Fared::Ended(outcome) => outcome.name(),
        Fared::Unfit(_) => Outcome::Rejected.name(),
        Fared::Refused(_) => Outcome::Failed.name(),
        Fared::Unfinished => Outcome::Retry.name(),
    }
}

fn counts(stored: &Stored) -> BTreeMap<&'static str, u64> {
    let mut counts = BTreeMap::new();
    for fared in &stored.fared {
        *counts.entry(outcome(fared)).or_default() += 1;
    }
    counts
}

fn results(documents: &Documents<'_>, stored: &Stored) -> Value {
    let result = |(index, (fared, document)): (usize, (&Fared, &Json<'_>))| {
        let id = match document.get(ID) {
            Some(Json::String(id)) => Some(id.as_ref()),
            _ => None,
        };
        json!({ "index": index, "id": id, "outcome": outcome(fared) })
    };
    stored.fared.iter().zip(&documents.values).enumerate().map(result).collect()
}

/// One entry for each document that is unfit or refused.
fn errors(documents: &Documents<'_>, stored: &Stored) -> Value {
    let error = |(index, fared): (usize, &Fared)| match fared {
        Fared::Unfit(rejection) | Fared::Refused(rejection) => Some(json!({
            "index": index,
            "reason": rejection.reason.code(),
            "pointer": pointer(documents, index, rejection),
            "detail": rejection.message,
        })),
        Fared::Ended(_) | Fared::Unfinished => None,
    };
    stored.fared.iter().enumerate().filter_map(error).collect()
}

/// The JSON Pointer (RFC 6901) to what is wrong; the lines of JSON lines count as the elements of an array.
fn pointer(documents: &Documents<'_>, index: usize, rejection: &Rejection) -> String {
    let document = if documents.single { String::new() } else { format!("/{index}") };
    match &rejection.attribute {
        Some(name) if documents.values[index].get(name).is_some() => {
            format!("{document}/{}", name.replace('~', "~0").replace('/', "~1"))
        }
        _ => document,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tablefeed::json::parse;
    use tablefeed::reason::Reason;
    use tablefeed::write::tally::Tally;

    /// `throttles` of a body whose documents were sent to the table, unless all are unfit.
    fn status(fared: &[Fared], wanted: bool, throttles: u32) -> u16 {
        let calls = u32::from(fared.iter().any(|fared| !matches!(fared, Fared::Unfit(_))));
        let documents = Documents { values: vec![Json::Null; fared.len()], single: false };
        let stored = Stored { fared: fared.to_vec(), tally: Tally { throttles, calls, ..Tally::default() }, ..Stored::default() };
        answer(&documents, &stored, wanted).unwrap_or_else(IntoResponse::into_response).status().as_u16()
    }

    #[test]
    fn the_worst_outcome_decides_the_status() {
        let unfit = Fared::Unfit(Rejection::new(Reason::EmptyKey, ""));
        let refused = Fared::Refused(Rejection::new(Reason::RefusedByTable, ""));
        let [stored, letter, filtered, superseded] =
            [Outcome::Persisted, Outcome::Failed, Outcome::Filtered, Outcome::Superseded].map(Fared::Ended);
        assert_eq!(status(&[stored.clone(), superseded], false, 0), 204);
        assert_eq!(status(std::slice::from_ref(&stored), true, 0), 200);
        assert_eq!(status(&[stored.clone(), filtered], false, 0), 200);
        assert_eq!(status(&[stored.clone(), letter.clone()], false, 0), 202);
        assert_eq!(status(&[stored.clone(), unfit.clone(), letter], false, 0), 207);
        assert_eq!(status(&[unfit.clone(), unfit.clone()], false, 0), 422);
        assert_eq!(status(&[stored.clone(), refused], false, 0), 422);
        assert_eq!(status(&[stored.clone(), Fared::Unfinished], false, 3), 429);
        assert_eq!(status(&[stored, unfit, Fared::Unfinished], false, 0), 503);
        assert_eq!(status(&[], false, 0), 204);
    }

    #[test]
    fn a_pointer_leads_to_the_field_if_the_document_has_it() {
        let many = Documents { values: vec![parse(r#"{"a/b":""}"#).unwrap()], single: false };
        let of = |name: &str| Rejection::new(Reason::EmptyKey, "").of(name);
        assert_eq!(pointer(&many, 0, &of("a/b")), "/0/a~1b");
        assert_eq!(pointer(&many, 0, &of("other")), "/0");
        assert_eq!(pointer(&Documents { single: true, ..many }, 0, &of("other")), "");
    }

    #[test]
    fn only_who_asks_for_json_is_told_in_full() {
        let of = |name: &'static str, value: &str| is_wanted(&HeaderMap::from_iter([(name.parse().unwrap(), value.parse().unwrap())]));
        assert!(of("accept", "text/html, application/json;q=0.9") && of("prefer", "return=representation"));
        assert!(!of("accept", "*/*") && !of("prefer", "return=minimal") && !is_wanted(&HeaderMap::new()));
    }
}
