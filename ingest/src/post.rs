//! The way through: one POST from its head to the answer.
//!
//! ```text
//! key ─► body ─► documents, each with id and timestamp ─► room in the spools ─► store ─► spools ─► answer
//! ```
//! Nothing is answered with success that the table or the queue did not take, and that is not on the spools' disk.

use std::borrow::Cow;
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use axum::extract::{Request, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use tablefeed::json::Json;
use tablefeed::mapping::{Mapped, Origin};
use tablefeed::persist::Invocation;
use tablefeed::persist::direct::{Direct, Fared, Stored};
use tablefeed::settings::LogLevel;
use tablefeed::write::outcome::Outcome;
use tokio::time::{Instant, timeout_at};
use uuid::Uuid;

use crate::answer;
use crate::app::{App, Deadline};
use crate::body;
use crate::documents::{self, Documents, ID, TIMESTAMP};
use crate::problem::Problem;
use crate::spool::{Reservation, Spool};

/// What stands for a stream's ARN in identities and letters.
const SOURCE: &str = "http";
const MAX_KEY_BYTES: usize = 255;

/// When and under which identity a body came.
struct Coming {
    /// The `Idempotency-Key`, or a UUIDv7.
    sequence: String,
    is_idempotent: bool,
    /// Whole seconds since 1970.
    seconds: String,
    /// With milliseconds.
    arrival: String,
}

/// Takes one body, in a task of its own: a sender that goes away does not stop it between the table and the spools.
pub async fn post(State(app): State<Arc<App>>, request: Request) -> Response {
    let taking = tokio::spawn(async move {
        let began = Instant::now();
        let response = take(&app, request, began).await.unwrap_or_else(IntoResponse::into_response);
        app.metrics.answered(response.status().as_u16(), began.elapsed());
        response
    });
    let broken = |_| Problem::new(StatusCode::INTERNAL_SERVER_ERROR, "this program has a defect; its log names the place").into_response();
    taking.await.unwrap_or_else(broken)
}

async fn take(app: &App, request: Request, began: Instant) -> Result<Response, Problem> {
    let (head, body) = request.into_parts();
    if !app.keys.open(&head.headers) {
        return Err(Problem::new(StatusCode::UNAUTHORIZED, "send one of the API keys as `Authorization: Bearer KEY`"));
    }
    if app.is_draining() {
        return Err(Problem::unavailable("the server is stopping; send it again"));
    }
    let given = head.extensions.get::<Deadline>().map(|deadline| deadline.0);
    let own = began + app.front.request_timeout;
    let deadline = given.map_or(own, |given| given.min(own));
    let reading = timeout_at(deadline, body::read(&head.headers, body, app.front.max_body_bytes)).await;
    let too_slow = |_| Problem::new(StatusCode::REQUEST_TIMEOUT, "the body did not come in time; send fewer documents at once");
    let (bytes, form) = reading.map_err(too_slow)??;
    let coming = Coming::of(&head.headers, SystemTime::now())?;
    let mut documents = documents::read(&bytes, form)?;
    complete(app, &mut documents, &coming)?;

    let texts: Vec<String> = if app.spools.is_empty() { Vec::new() } else { documents.values.iter().map(ToString::to_string).collect() };
    let rooms = reserve(app, &texts)?;
    let direct = Direct {
        source: SOURCE,
        sequence: &coming.sequence,
        arrival: &coming.arrival,
        documents: &documents.values,
        partial: app.front.partial,
    };
    let invocation = Invocation::new(&coming.sequence, &app.front.module, deadline, SystemTime::now());
    let stored = app.function.store(&direct, &invocation, |items, until| app.gather.write(items, until)).await;
    account(app, &stored);
    keep(app, rooms, &forwarded(&stored, &texts, documents.single)).await?;
    answer::answer(&documents, &stored, answer::is_wanted(&head.headers))
}

impl Coming {
    fn of(headers: &HeaderMap, now: SystemTime) -> Result<Coming, Problem> {
        let key = match headers.get("idempotency-key").map(|key| key.to_str().unwrap_or_default()) {
            None => None,
            Some(key) if (1..=MAX_KEY_BYTES).contains(&key.len()) => Some(key.to_owned()),
            Some(_) => {
                let detail = format!("Idempotency-Key must be 1 to {MAX_KEY_BYTES} ASCII characters, different for every body");
                return Err(Problem::new(StatusCode::BAD_REQUEST, detail));
            }
        };
        let since = now.duration_since(UNIX_EPOCH).unwrap_or(Duration::ZERO);
        Ok(Coming {
            is_idempotent: key.is_some(),
            sequence: key.unwrap_or_else(|| Uuid::now_v7().to_string()),
            seconds: since.as_secs().to_string(),
            arrival: format!("{}.{:03}", since.as_secs(), since.subsec_millis()),
        })
    }

    /// The id of the document at `place` that has none.
    fn id(&self, app: &App, place: usize) -> Uuid {
        if self.is_idempotent { origin(app, &self.sequence, place, &self.arrival).identity() } else { Uuid::now_v7() }
    }
}

fn origin<'o>(app: &App, sequence: &'o str, place: usize, arrival: &'o str) -> Origin<'o> {
    Origin {
        namespace: app.function.settings().id_namespace,
        source: SOURCE,
        shard: "",
        sequence,
        sub_sequence: u32::try_from(place).unwrap_or(u32::MAX),
        partition_key: None,
        key_is_binary: false,
        headers: &[],
        arrival: Some(arrival),
        batch: Some("none"),
    }
}

/// Adds id and timestamp where a document has none. A retry comes at another time, so under an `Idempotency-Key` no item's key may
/// follow from it.
fn complete<'b>(app: &App, documents: &mut Documents<'b>, coming: &'b Coming) -> Result<(), Problem> {
    for (place, document) in documents.values.iter_mut().enumerate() {
        documents::add(document, ID, || Json::String(Cow::Owned(coming.id(app, place).to_string())));
        let stamped = documents::add(document, TIMESTAMP, || Json::Number(&coming.seconds));
        if coming.is_idempotent && key_follows_from_time(app, document, stamped, coming, place) {
            let detail = "the table's key needs the time at which the body came, so Idempotency-Key cannot be kept: \
                          give each document a `timestamp`, or leave the header out";
            return Err(Problem::new(StatusCode::BAD_REQUEST, detail).with("index", place));
        }
    }
    Ok(())
}

/// Whether another time would make another key.
fn key_follows_from_time(app: &App, document: &Json<'_>, stamped: bool, coming: &Coming, place: usize) -> bool {
    let mapping = &app.function.settings().mapping;
    let key = |document: &Json<'_>, arrival| match mapping.map(document, &origin(app, &coming.sequence, place, arrival)) {
        Mapped::Item(item) => Some(item.key),
        Mapped::Filtered | Mapped::Rejected(_) => None,
    };
    let mut later = document.clone();
    if let Json::Object(members) = &mut later
        && stamped
    {
        members.retain(|(name, _)| name != TIMESTAMP);
        members.push((Cow::Borrowed(TIMESTAMP), Json::Number("7258118400")));
    }
    key(document, &coming.arrival) != key(&later, "7258118400.000")
}

/// Room for all documents in every spool, before anything is written.
fn reserve<'a>(app: &'a App, texts: &[String]) -> Result<Vec<Reservation<'a>>, Problem> {
    let bytes = texts.iter().map(|text| text.len() as u64 + 1).sum::<u64>() + 1;
    let full = || Problem::unavailable("the spool is full: the next module takes nothing; nothing was written, send it again later");
    app.spools.iter().map(|spool| Spool::reserve(spool, bytes).ok_or_else(full)).collect()
}

/// What goes on to the next module: the documents that are stored.
fn forwarded(stored: &Stored, texts: &[String], single: bool) -> String {
    let persisted = stored.fared.iter().zip(texts).filter(|(fared, _)| **fared == Fared::Ended(Outcome::Persisted));
    let texts: Vec<&str> = persisted.map(|(_, text)| text.as_str()).collect();
    match texts.as_slice() {
        [] => String::new(),
        [text] if single => (*text).to_owned(),
        texts => format!("[{}]", texts.join(",")),
    }
}

/// Returns once what goes on is on every spool's disk.
async fn keep(app: &App, rooms: Vec<Reservation<'_>>, text: &str) -> Result<(), Problem> {
    if text.is_empty() {
        return Ok(());
    }
    for room in rooms {
        if let Err(error) = room.keep(text.to_owned()).await {
            app.log(LogLevel::Error, &format!("the spool cannot be written: {error}"));
            return Err(Problem::unavailable("the documents are stored, but cannot be kept for the next module; send them again"));
        }
    }
    Ok(())
}

fn account(app: &App, stored: &Stored) {
    app.metrics.stored(stored);
    let causes = [("stopped, no document is at fault", &stored.systemic), ("the queue refused a letter", &stored.queue_refusal)];
    for (what, cause) in causes {
        if let Some(cause) = cause {
            app.log(LogLevel::Error, &format!("{what}: {cause}"));
        }
    }
}
