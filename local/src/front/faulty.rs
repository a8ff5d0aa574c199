//! Answers of the faults that do a part of the call, or spoil its answer.

use http_body_util::BodyExt as _;
use hyper::body::Bytes;
use hyper::header::{CONTENT_LENGTH, HeaderName};
use hyper::{Response, StatusCode};

use super::{Front, Inbound, Unanswered};
use crate::body::Answer;
use crate::faults::Select;
use crate::faults::batch_write::BatchWrite;
use crate::faults::entries::{self, Entries};
use crate::reply::Reply;

/// DynamoDB's checksum of the body, which clients compare.
const CRC32: HeaderName = HeaderName::from_static("x-amz-crc32");

/// How an entry fails.
pub(super) struct Verdict {
    pub code: String,
    pub sender_fault: bool,
    pub message: String,
}

impl Front {
    pub(super) async fn partly_unprocessed(&self, call: &Inbound, select: &Select) -> Result<Response<Answer>, Unanswered> {
        let Some(parted) = BatchWrite::parse(&call.body).and_then(|batch| batch.part(select)) else {
            return self.pass(call, call.body.clone()).await;
        };
        let response = self.pass_rest(call, parted.done.clone()).await?;
        amended(response, |body| parted.answer(body)).await
    }

    pub(super) async fn partly_failed(&self, call: &Inbound, containing: &str, verdict: &Verdict) -> Result<Response<Answer>, Unanswered> {
        let Some((rest, ids)) = Entries::parse(&call.body).and_then(|entries| entries.without(containing)) else {
            return self.pass(call, call.body.clone()).await;
        };
        let response = self.pass_rest(call, rest).await?;
        let Verdict { code, sender_fault, message } = verdict;
        amended(response, |body| entries::with_failures(body, ids, code, *sender_fault, message)).await
    }

    /// The answer to what is left of a call; to nothing, an empty one.
    async fn pass_rest(&self, call: &Inbound, rest: Option<Bytes>) -> Result<Response<Answer>, Unanswered> {
        match rest {
            Some(rest) => self.pass(call, rest).await,
            None => Ok(Reply::empty().into_response(call.service)),
        }
    }
}

/// Sends half of an answer's body.
pub(super) async fn cut(response: Response<Answer>) -> Result<Response<Answer>, Unanswered> {
    let (mut parts, body) = response.into_parts();
    let bytes = whole(body).await?;
    parts.headers.remove(CONTENT_LENGTH);
    Ok(Response::from_parts(parts, Answer::cut(&bytes)))
}

/// A good answer with its body changed; any other as it is.
pub(super) async fn amended(
    response: Response<Answer>,
    change: impl FnOnce(&[u8]) -> Option<Bytes>,
) -> Result<Response<Answer>, Unanswered> {
    if response.status() != StatusCode::OK {
        return Ok(response);
    }
    let (mut parts, body) = response.into_parts();
    let bytes = whole(body).await?;
    let bytes = change(&bytes).unwrap_or(bytes);
    parts.headers.remove(CONTENT_LENGTH);
    parts.headers.remove(CRC32);
    Ok(Response::from_parts(parts, Answer::whole(bytes)))
}

async fn whole(body: Answer) -> Result<Bytes, Unanswered> {
    Ok(body.collect().await.map_err(|_| Unanswered::Gone)?.to_bytes())
}
