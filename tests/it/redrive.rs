//! Letters handled again: the same way through as an event's documents, and never over something newer.

use std::time::{Duration, SystemTime};

use tablefeed::persist::Invocation;
use tablefeed::persist::redrive::{Redrive, RedriveReport, Redriven};
use tablefeed::reason::Reason;
use tablefeed::write::outcome::Outcome;
use tablefeed::write::stored::StoredLetter;
use tablefeed_local::Fault;
use tokio::time::Instant;

use crate::event::{Event, aggregate, curated, sequence};
use crate::query::{text, texts};
use crate::world::{BATCH, BY_ID, World};

/// A mapping that wants a number where documents have none yet.
const STRICT: &str = r#"{"key": {"partition": "id"}, "types": {"id": "S"}, "item": {"id": "{id}", "n": "{n}"}}"#;
const RELAXED: &str = r#"{"key": {"partition": "id"}, "types": {"id": "S"}, "item": {"id": "{id}", "n": "{n?}"}}"#;

pub async fn stored(world: &World) -> Vec<StoredLetter> {
    world.letters().await.iter().map(|letter| StoredLetter::parse(&letter.to_string()).unwrap()).collect()
}

pub async fn redrive(world: &World, changes: &[(&str, &str)], letters: &[StoredLetter], how: Redrive) -> RedriveReport {
    let invocation = Invocation::new("redrive-1", "persist", Instant::now() + Duration::from_secs(60), SystemTime::now());
    world.other(changes).redrive(letters, how, &invocation).await
}

#[tokio::test]
async fn a_letter_becomes_the_item_that_its_document_would_have_been() {
    let world = World::new().await;
    let documents = format!("[{}, {}]", curated(1), curated(2).replace("\"table-name\":\"alert\",", ""));
    world.invoke(&[], &Event::of([documents.replace("table-name", "tabel-name")])).await;
    let mapping = r#"{"key": {"partition": "CurationRecordId"}, "types": {"CurationRecordId": "S"},
                      "item": {"CurationRecordId": "{@id}", "BatchId": "{@batch}", "S3Key": "{s3-key}", "Partition": "{@partition-key}"}}"#;
    let letters = stored(&world).await;
    let report = redrive(&world, &[("MAPPING", mapping)], &letters, Redrive::default()).await;
    assert_eq!(report.fates, vec![Redriven::Done(Outcome::Persisted); 2]);
    let ids: Vec<String> = texts(&world.items().await, "CurationRecordId");
    world.invoke(&[("MAPPING", mapping)], &Event::of([documents])).await;
    let items = world.items().await;
    assert_eq!((texts(&items, "CurationRecordId"), text(&items[0], "Partition")), (ids, "key"), "a redelivery rewrites the same items");
}

#[tokio::test]
async fn the_batch_id_is_the_latest_or_the_letters_own() {
    let world = World::new().await;
    world.invoke(&[("PERSIST_RECORDS", "1")], &Event::of([curated(1), curated(2)])).await;
    let letters = stored(&world).await;
    world.set_batch("batch-2").await;
    let keep = Redrive { keep_batch: true, ..Redrive::default() };
    assert_eq!(redrive(&world, &[], &letters, keep).await.fates, [Redriven::Done(Outcome::Persisted)]);
    assert_eq!(texts(&world.items().await, "BatchId"), [BATCH, BATCH]);
    redrive(&world, &[("PERSIST_RECORDS", "1")], &letters, Redrive::default()).await;
    assert_eq!(texts(&world.items().await, "BatchId"), [BATCH, "batch-2"]);
}

#[tokio::test]
async fn what_is_unfit_again_is_sent_anew_under_its_id_with_a_raised_count() {
    let world = World::for_mapping(STRICT).await;
    world.invoke(&[("MAPPING", STRICT)], &Event::of([r#"[{"id":"a"},{"id":"b","n":1}]"#, "{broken"])).await;
    let first = stored(&world).await;
    let changes = [("MAPPING", STRICT), ("LATEST_BATCH_ID", "")];
    let report = redrive(&world, &changes, &first, Redrive::default()).await;
    assert_eq!(report.fates, [Redriven::Replaced(Reason::MissingField), Redriven::Replaced(Reason::BadJson)]);
    let second = stored(&world).await;
    let expected: Vec<StoredLetter> = first.into_iter().map(|letter| StoredLetter { redrives: 1, ..letter }).collect();
    assert_eq!(second, expected);
    redrive(&world, &changes, &second, Redrive::default()).await;
    assert!(stored(&world).await.iter().all(|letter| letter.redrives == 2));
    assert_eq!(texts(&world.items().await, "id"), ["b"]);
}

#[tokio::test]
async fn a_letter_never_overwrites_what_came_after_it_unless_told_to() {
    let world = World::for_mapping(STRICT).await;
    let records = Event::of([r#"{"id":"a"}"#, r#"{"id":"a","n":1}"#, r#"{"id":"b"}"#]);
    world.invoke(&[("MAPPING", STRICT)], &records).await;
    let letters = stored(&world).await;
    let changes = [("MAPPING", RELAXED), ("LATEST_BATCH_ID", "")];
    let report = redrive(&world, &changes, &letters, Redrive::default()).await;
    assert_eq!(report.fates, [Redriven::Conflict, Redriven::Done(Outcome::Persisted)]);
    let held = world.items().await;
    assert_eq!((held.len(), held.iter().filter(|item| item.contains_key("n")).count()), (2, 1));
    // What is there already, just so, is no conflict: a redrive that was killed goes on.
    assert_eq!(redrive(&world, &changes, &letters[1..], Redrive::default()).await.fates, [Redriven::Done(Outcome::Persisted)]);
    let overwrite = Redrive { overwrite: true, ..Redrive::default() };
    assert_eq!(redrive(&world, &changes, &letters, overwrite).await.fates, vec![Redriven::Done(Outcome::Persisted); 2]);
    assert!(world.items().await.iter().all(|item| !item.contains_key("n")));
}

#[tokio::test]
async fn under_newest_the_order_decides() {
    let world = World::for_mapping(STRICT).await;
    let newest = |mapping| [("MAPPING", mapping), ("LATEST_BATCH_ID", ""), ("WRITE_MODE", "newest")];
    world.invoke(&newest(STRICT), &Event::of([r#"{"id":"a"}"#, r#"{"id":"a","n":1}"#, r#"{"id":"b"}"#])).await;
    let report = redrive(&world, &newest(RELAXED), &stored(&world).await, Redrive::default()).await;
    assert_eq!(report.fates, [Redriven::Done(Outcome::Superseded), Redriven::Done(Outcome::Persisted)]);
    assert_eq!(world.items().await.iter().filter(|item| item.contains_key("n")).count(), 1);
}

#[tokio::test]
async fn of_two_letters_for_one_key_the_later_one_wins_whatever_order_they_come_in() {
    let world = World::for_mapping(BY_ID).await;
    let event = Event::of([r#"{"id":"a","n":1E400}"#, r#"{"id":"a","n":2E400}"#]);
    world.invoke(&[("MAPPING", BY_ID)], &event).await;
    let mut letters = stored(&world).await;
    letters.reverse();
    let text = r#"{"key": {"partition": "id"}, "types": {"id": "S"}, "item": {"id": "{id}", "s": "{@sequence}"}}"#;
    let report = redrive(&world, &[("MAPPING", text), ("LATEST_BATCH_ID", "")], &letters, Redrive::default()).await;
    assert_eq!(report.fates, [Redriven::Done(Outcome::Persisted), Redriven::Done(Outcome::Superseded)]);
    assert_eq!(texts(&world.items().await, "s"), [sequence(1)]);
}

#[tokio::test]
async fn what_the_table_does_not_take_now_stays() {
    let world = World::new().await;
    world.invoke(&[("PERSIST_RECORDS", "1")], &Event::of([curated(1), curated(2), "poison".to_owned()])).await;
    let letters = stored(&world).await;
    world.aws.faults().add(tablefeed_local::Rule::new(Fault::error(400, "AccessDeniedException", "")).operation("BatchWriteItem"));
    let report = redrive(&world, &[], &letters, Redrive::default()).await;
    assert!(matches!(&report.fates[0], Redriven::Kept(why) if why.contains("AccessDenied")), "{:?}", report.fates);
    assert_eq!(report.fates[1], Redriven::Replaced(Reason::BadJson));
    assert!(report.systemic.is_some());
}

#[tokio::test]
async fn a_letter_that_the_queue_does_not_take_anew_stays() {
    let world = World::new().await;
    world.invoke(&[], &Event::of(["poison"])).await;
    let letters = stored(&world).await;
    let refused = Fault::error(403, "AccessDeniedException", "");
    world.aws.faults().add(tablefeed_local::Rule::new(refused).operation("SendMessageBatch"));
    let report = redrive(&world, &[], &letters, Redrive::default()).await;
    assert!(matches!(&report.fates[0], Redriven::Kept(why) if why.contains("AccessDenied")), "{:?}", report.fates);
}

#[tokio::test]
async fn whole_records_are_opened_again_and_user_records_keep_their_places() {
    let world = World::for_mapping(BY_ID).await;
    let lines = "{\"id\":\"a\"}\n{\"id\":\"b\"}";
    let packed = zstd::encode_all(lines.as_bytes(), 1).unwrap();
    let users = [("u1".to_owned(), zstd::encode_all(&br#"{"id":"c"}"#[..], 1).unwrap()), ("u2".to_owned(), packed.clone())];
    let small = [("MAPPING", BY_ID), ("MAX_DECOMPRESSED_BYTES", "5")];
    world.invoke(&small, &Event::default().record("key", &packed).record("key", aggregate(&users))).await;
    let letters = stored(&world).await;
    assert_eq!(letters.len(), 3);
    let report = redrive(&world, &[("MAPPING", BY_ID)], &letters, Redrive::default()).await;
    assert_eq!(report.fates[..2], [Redriven::Done(Outcome::Persisted), Redriven::Done(Outcome::Persisted)]);
    assert!(matches!(&report.fates[2], Redriven::Kept(why) if why.contains("identities")), "{:?}", report.fates[2]);
    assert_eq!(texts(&world.items().await, "id"), ["a", "b", "c"]);
}

#[tokio::test]
async fn a_record_read_back_gives_only_the_document_that_its_letter_is_about() {
    let world = World::for_mapping(BY_ID).await;
    let record = Event::of([r#"[{"id":"a"},{"id":"b"},{"id":"c"}]"#]);
    world.invoke(&[("MAPPING", BY_ID), ("PERSIST_RECORDS", "1")], &record).await;
    let letters: Vec<StoredLetter> = stored(&world).await;
    let whole = letters.iter().map(|letter| StoredLetter {
        content: tablefeed::write::letter::Content::Record,
        data: Some(br#"[{"id":"a"},{"id":"b"},{"id":"c"}]"#.to_vec()),
        only: Some(if letter.sub_sequence == 2 { 7 } else { letter.sub_sequence }),
        ..letter.clone()
    });
    let report = redrive(&world, &[("MAPPING", BY_ID)], &whole.collect::<Vec<_>>(), Redrive::default()).await;
    assert_eq!(report.fates[0], Redriven::Done(Outcome::Persisted));
    assert!(matches!(&report.fates[1], Redriven::Kept(why) if why.contains("does not hold")), "{:?}", report.fates[1]);
    assert_eq!(texts(&world.items().await, "id"), ["a", "b"]);
}

#[tokio::test]
async fn a_dry_run_calls_nothing_and_tells_what_would_become_of_each() {
    let world = World::new().await;
    world.invoke(&[("PERSIST_RECORDS", "1")], &Event::of([curated(1), curated(2), "poison".to_owned()])).await;
    let letters = stored(&world).await;
    let before = world.aws.recorder().calls().len();
    let report = redrive(&world, &[], &letters, Redrive { dry_run: true, ..Redrive::default() }).await;
    assert_eq!(report.fates, [Redriven::Done(Outcome::Persisted), Redriven::Replaced(Reason::BadJson)]);
    assert_eq!(world.aws.recorder().calls().len(), before);
}
