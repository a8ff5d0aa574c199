//! Runs a case and closes its ledger: every document is somewhere, and nowhere that it must not be.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use tablefeed::persist::Function;
use tablefeed::write::outcome::Outcome;

use super::case::{Case, Document, Keys, Placed, refusal};
use crate::event::sequence;
use crate::world::{Seen, World, invoke};

/// What a delivery may take once nothing goes wrong any more.
const PATIENCE: Duration = Duration::from_secs(60);

/// What is in table and queue.
struct Found {
    /// Number of the document that a key's item was made of.
    items: BTreeMap<String, usize>,
    /// Numbers of all documents with an item.
    persisted: BTreeSet<usize>,
    /// Reasons of letters by record and sub-sequence.
    letters: BTreeMap<(String, u64), BTreeSet<String>>,
}

/// Every outcome that the first delivery saw, or what is wrong.
pub async fn check(case: &Case) -> Result<Vec<Outcome>, String> {
    let world = World::for_mapping(case.mapping()).await;
    // First: an item that the table refuses, it refuses always.
    world.fault(refusal());
    for fault in &case.faults {
        world.fault(fault.rule());
    }
    let changes = case.changes();
    let changes: Vec<(&str, &str)> = changes.iter().map(|(name, value)| (*name, value.as_str())).collect();
    let function = world.function(&changes);
    let event = case.event();

    let handled = invoke(&function, &event.bytes(), case.time()).await.map_err(|error| error.to_string())?;
    let seen = Seen::of(handled);
    let mut found = find(&world).await;
    let mut done = first_unfinished(&seen, case)?;
    closes(case, &seen, &found, done)?;

    // The faults stop; what is unfinished is delivered again until nothing is.
    world.aws.faults().clear();
    world.fault(refusal());
    while done < case.records.len() {
        let handled = invoke(&function, &event.from(done).bytes(), PATIENCE).await.map_err(|error| error.to_string())?;
        let next = first_unfinished(&Seen::of(handled), case)?;
        if next <= done {
            return Err(format!("no headway at record {done}"));
        }
        done = next;
    }
    let letters = std::mem::take(&mut found.letters);
    found = find(&world).await;
    for (place, reasons) in letters {
        found.letters.entry(place).or_default().extend(reasons);
    }
    complete(case, &found, done)?;
    last_wins(case, &found)?;
    if case.keys == Keys::DocumentsNewest {
        comes_late(case, &world, &function, &found).await?;
    }
    Ok(Outcome::ALL.into_iter().filter(|outcome| seen.count(*outcome) > 0).collect())
}

async fn find(world: &World) -> Found {
    let number = |item: &crate::world::Item| item["n"].as_n().unwrap().parse().unwrap();
    let items = world.items().await;
    let letters = world.letters().await.into_iter().fold(BTreeMap::<_, BTreeSet<_>>::new(), |mut letters, letter| {
        let place = (letter["sequence"].as_str().unwrap().to_owned(), letter["sub_sequence"].as_u64().unwrap());
        letters.entry(place).or_default().insert(letter["reason"].as_str().unwrap().to_owned());
        letters
    });
    Found {
        items: items.iter().map(|item| (item["k"].as_s().unwrap().clone(), number(item))).collect(),
        persisted: items.iter().map(number).collect(),
        letters,
    }
}

fn first_unfinished(seen: &Seen, case: &Case) -> Result<usize, String> {
    let Some(checkpoint) = seen.checkpoint() else { return Ok(case.records.len()) };
    (0..case.records.len()).find(|record| sequence(*record) == checkpoint).ok_or(format!("checkpoint {checkpoint} is no record"))
}

/// Under `newest` a late delivery of what is done changes nothing: of the first records alone where nothing is deleted.
async fn comes_late(case: &Case, world: &World, function: &Function, before: &Found) -> Result<(), String> {
    let deletes = case.documents().iter().any(|placed| matches!(placed.document, Document::Deletion { .. }));
    if case.limit.is_some() {
        return Ok(());
    }
    let count = if deletes { case.records.len() } else { case.records.len() / 2 };
    invoke(function, &case.event().first(count).bytes(), PATIENCE).await.map_err(|error| error.to_string())?;
    let after = find(world).await.items;
    if after == before.items { Ok(()) } else { Err(format!("a late delivery made {after:?} of {:?}", before.items)) }
}

/// The first delivery: outcomes add up, everything before the checkpoint is done, no letter too many.
fn closes(case: &Case, seen: &Seen, found: &Found, done: usize) -> Result<(), String> {
    let documents = case.documents();
    let counted = seen.handled.report.outcomes.documents();
    if counted != documents.len() as u64 {
        return Err(format!("{} documents, {counted} outcomes", documents.len()));
    }
    if (done == case.records.len()) != (seen.count(Outcome::Retry) == 0) {
        return Err(format!("checkpoint at record {done} with {} unfinished", seen.count(Outcome::Retry)));
    }
    // A queue that did not accept one letter may have accepted others behind it; they come again under the same ids.
    if seen.handled.report.queue_refusal.is_none()
        && let Some(place) = found.letters.keys().find(|(place, _)| (done..case.records.len()).any(|record| sequence(record) == *place))
    {
        return Err(format!("a letter for {place:?}, at or past the checkpoint at record {done}"));
    }
    complete(case, found, done)
}

/// Every document of the first `done` records is where it belongs.
fn complete(case: &Case, found: &Found, done: usize) -> Result<(), String> {
    for placed in case.documents().into_iter().filter(|placed| placed.record < done) {
        let none = BTreeSet::new();
        let place = (sequence(placed.record), placed.sub_sequence as u64);
        let letters = found.letters.get(&place).unwrap_or(&none);
        let fits = match placed.document {
            Document::Unwanted => letters.is_empty(),
            Document::Unfit(reason) => letters.len() == 1 && letters.contains(reason),
            Document::Fit { key, refused } => {
                letters.iter().all(|reason| legal(case, reason, refused))
                    && (!letters.is_empty() || skipped(case) || persisted(case, found, &placed, key))
            }
            Document::Deletion { key } => {
                let gone = || found.items.get(&format!("k{key}")).is_none_or(|number| *number > placed.number);
                let done = if case.chosen() { gone() } else { persisted(case, found, &placed, key) };
                letters.iter().all(|reason| legal(case, reason, false)) && (!letters.is_empty() || skipped(case) || done)
            }
        };
        if !fits {
            return Err(format!("{placed:?} is not where it belongs: letters {letters:?}, items {:?}", found.items));
        }
    }
    Ok(())
}

/// Whether a fit document may become a letter for this reason.
fn legal(case: &Case, reason: &str, refused: bool) -> bool {
    match reason {
        "refused_by_table" => refused,
        "over_limit" => case.limit.is_some() && !case.skip_over_limit,
        "write_failed" => case.keys == Keys::IdentityWithLetters,
        _ => false,
    }
}

fn skipped(case: &Case) -> bool {
    case.limit.is_some() && case.skip_over_limit
}

/// In the table itself, or superseded by a later document of its key that is, or that deleted the item.
fn persisted(case: &Case, found: &Found, placed: &Placed, key: u8) -> bool {
    match case.keys {
        Keys::Identity | Keys::IdentityWithLetters => found.persisted.contains(&placed.number),
        Keys::Documents | Keys::DocumentsNewest => match found.items.get(&format!("k{key}")) {
            Some(number) => *number >= placed.number,
            None => case.documents().iter().any(|other| other.document == Document::Deletion { key } && other.number > placed.number),
        },
    }
}

/// In the end each key holds the last of its documents that is neither a letter nor left out; nothing, if that deletes. With a limit it may be a later one,
/// which was admitted at one delivery and, its record being delivered again for another document, was over the limit at the next.
fn last_wins(case: &Case, found: &Found) -> Result<(), String> {
    if !case.chosen() || skipped(case) {
        return Ok(());
    }
    let mut possible: BTreeMap<String, BTreeSet<Option<usize>>> = BTreeMap::new();
    for placed in case.documents() {
        let (key, leaves) = match placed.document {
            Document::Fit { key, .. } => (key, Some(placed.number)),
            Document::Deletion { key } => (key, None),
            Document::Unwanted | Document::Unfit(_) => continue,
        };
        let of_key = possible.entry(format!("k{key}")).or_default();
        match found.letters.get(&(sequence(placed.record), placed.sub_sequence as u64)) {
            None => *of_key = BTreeSet::from([leaves]),
            Some(reasons) if reasons.contains("over_limit") => drop(of_key.insert(leaves)),
            Some(_) => {}
        }
    }
    let holds = |(key, possible): (&String, &BTreeSet<Option<usize>>)| {
        let found = found.items.get(key).copied();
        possible.contains(&found) || (found.is_none() && (possible.is_empty() || case.limit.is_some()))
    };
    if possible.iter().all(holds) { Ok(()) } else { Err(format!("the table holds {:?}, but could hold {possible:?}", found.items)) }
}
