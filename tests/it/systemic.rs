//! Failure table: nobody's record is at fault. No letters; the checkpoint is the first unfinished record; not a function error.

use std::time::Duration;

use tablefeed::table::Definition;
use tablefeed_local::{Fault, Rule};

use crate::event::{Event, curated, sequence};
use crate::world::{BY_ID, PARAMETER, Seen, TABLE, World};

fn three() -> Event {
    Event::of((0..3).map(curated))
}

/// Nothing was written and nothing was sent; everything is delivered again.
async fn stopped(world: &World, seen: &Seen, cause: &str) {
    assert!(seen.systemic().contains(cause), "{} should say {cause:?}", seen.systemic());
    assert_eq!((seen.outcomes(), seen.checkpoint()), (vec![("retry", 3)], Some(sequence(0))), "{cause}");
    assert!(world.letters().await.is_empty(), "{cause}");
    let report = &seen.handled.report;
    assert!(report.log_line().contains("\"level\":\"ERROR\"") && report.log_line().contains("systemic_failure"));
    assert!(report.metrics().unwrap().contains("\"SystemicFailure\":1"));
}

#[tokio::test]
async fn a_missing_parameter() {
    let world = World::new().await;
    let seen = world.invoke(&[("LATEST_BATCH_ID", "/no/such")], &three()).await;
    stopped(&world, &seen, "parameter /no/such cannot be read: ParameterNotFound").await;
    assert!(world.items().await.is_empty());
}

#[tokio::test]
async fn a_missing_table() {
    let world = World::empty().await;
    let seen = world.invoke(&[], &three()).await;
    stopped(&world, &seen, "ResourceNotFoundException").await;
}

#[tokio::test]
async fn denied_access_and_expired_credentials_of_either_service() {
    for operation in ["GetParameter", "BatchWriteItem"] {
        for code in ["AccessDeniedException", "ExpiredTokenException", "UnrecognizedClientException"] {
            let world = World::new().await;
            world.fault_of(operation, Fault::error(400, code, "no"));
            let seen = world.invoke(&[], &three()).await;
            stopped(&world, &seen, code).await;
        }
    }
}

#[tokio::test]
async fn a_table_whose_key_is_not_the_mappings() {
    let world = World::for_mapping(r#"{"key": {"partition": "other"}, "types": {"other": "S"}}"#).await;
    let seen = world.invoke(&[], &three()).await;
    stopped(&world, &seen, "the table's key is not the mapping's").await;
}

#[tokio::test]
async fn ten_items_tried_singly_and_all_refused_with_one_error() {
    let world = World::new().await;
    world.fault_of("BatchWriteItem", Fault::error(400, "ValidationException", "the table is odd"));
    let seen = world.invoke(&[], &Event::of((0..25).map(curated))).await;
    assert!(seen.systemic().contains("refuses every item"), "{}", seen.systemic());
    assert_eq!((seen.outcomes(), seen.checkpoint()), (vec![("retry", 25)], Some(sequence(0))));
    assert!(world.letters().await.is_empty());
}

#[tokio::test]
async fn nine_items_tried_singly_and_all_refused_are_letters() {
    let world = World::new().await;
    world.fault_of("BatchWriteItem", Fault::error(400, "ValidationException", "the table is odd"));
    let seen = world.invoke(&[], &Event::of((0..9).map(curated))).await;
    assert_eq!((seen.outcomes(), seen.checkpoint()), (vec![("failed", 9)], None));
}

#[tokio::test]
async fn a_batch_id_that_cannot_be_the_attribute_that_it_fills() {
    let world = World::new().await;
    world.set_batch(&"x".repeat(3000)).await;
    let seen = world.invoke(&[], &three()).await;
    stopped(&world, &seen, "the batch id cannot be used").await;
}

#[tokio::test]
async fn throttles_of_the_parameter_store_are_retried_first() {
    let world = World::new().await;
    world.fault(Rule::new(Fault::error(400, "ThrottlingException", "Rate exceeded")).operation("GetParameter").times(3));
    let seen = world.invoke(&[], &three()).await;
    assert_eq!((seen.outcomes(), world.calls("GetParameter")), (vec![("persisted", 3)], 4));
}

#[tokio::test]
async fn throttles_that_last_until_the_margin_are_systemic() {
    let world = World::new().await;
    world.fault_of("GetParameter", Fault::error(400, "ThrottlingException", "Rate exceeded"));
    let seen = world.invoke_within(&[], &three(), Duration::from_secs(3)).await;
    stopped(&world, &seen, &format!("{PARAMETER} cannot be read: throttled")).await;
    assert!(world.calls("GetParameter") > 2);
}

#[tokio::test]
async fn nothing_unfinished_is_success_and_letters_before_the_checkpoint_are_sent() {
    let world = World::new().await;
    world.fault_of("GetParameter", Fault::error(400, "AccessDeniedException", "no"));
    let filtered = curated(1).replace("waze/", "other/");
    let seen = world.invoke(&[], &Event::of([filtered.as_str(), "poison"])).await;
    assert_eq!((seen.outcomes(), seen.checkpoint()), (vec![("filtered", 1), ("rejected", 1)], None));
    assert!(!seen.systemic().is_empty());
    let seen = world.invoke(&[], &Event::of(["poison", &curated(1), "poison"])).await;
    assert_eq!((seen.outcomes(), seen.checkpoint()), (vec![("rejected", 1), ("retry", 2)], Some(sequence(1))));
}

#[tokio::test]
async fn without_credentials_nothing_is_anybodys_fault() {
    let world = World::new().await;
    let config = tablefeed::aws::config_for_endpoint(world.aws.endpoint()).to_builder();
    let config = config.credentials_provider(NoCredentials::shared()).build();
    let function = tablefeed::persist::Function::new(
        world.settings(&[]).unwrap(),
        tablefeed::aws::Clients::new(&config, crate::world::FUNCTION, None),
    );
    let handled = crate::world::invoke(&function, &three().bytes(), Duration::from_secs(60)).await.unwrap();
    let seen = Seen::of(handled);
    stopped(&world, &seen, "cannot be read").await;
}

/// Credentials that cannot be had.
#[derive(Debug)]
struct NoCredentials;

impl NoCredentials {
    fn shared() -> aws_credential_types::provider::SharedCredentialsProvider {
        aws_credential_types::provider::SharedCredentialsProvider::new(NoCredentials)
    }
}

impl aws_credential_types::provider::ProvideCredentials for NoCredentials {
    fn provide_credentials<'a>(&'a self) -> aws_credential_types::provider::future::ProvideCredentials<'a>
    where
        Self: 'a,
    {
        let error = aws_credential_types::provider::error::CredentialsError::not_loaded("none here");
        aws_credential_types::provider::future::ProvideCredentials::ready(Err(error))
    }
}

#[tokio::test]
async fn the_table_named_by_its_arn_is_the_table() {
    let world = World::empty().await;
    world.create_table(&Definition::of_mapping(TABLE, &tablefeed::mapping::Mappings::compile(BY_ID).unwrap())).await;
    let arn = format!("arn:aws:dynamodb:us-east-1:000000000000:table/{TABLE}");
    let seen = world.invoke(&[("TABLE", &arn), ("MAPPING", BY_ID)], &Event::of([r#"{"id":"a"}"#])).await;
    assert_eq!((seen.outcomes(), seen.systemic()), (vec![("persisted", 1)], ""));
}

#[tokio::test]
async fn a_batch_id_that_was_read_before_is_not_used_when_it_cannot_be_read_now() {
    let world = World::new().await;
    let function = world.function(&[]);
    let time = Duration::from_secs(60);
    crate::world::invoke(&function, &three().bytes(), time).await.unwrap();
    let before = world.calls("BatchWriteItem");
    world.fault_of("GetParameter", Fault::error(400, "AccessDeniedException", "no"));
    let seen = Seen::of(crate::world::invoke(&function, &Event::of([curated(7), "{}".to_owned()]).bytes(), time).await.unwrap());
    assert!(seen.systemic().contains("AccessDeniedException"));
    assert_eq!((world.calls("BatchWriteItem"), seen.checkpoint()), (before, Some(crate::event::sequence(0))));
}
