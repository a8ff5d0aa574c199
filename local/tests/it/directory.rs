//! What is kept between runs, and who owns it meanwhile.

use std::fs;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use aws_sdk_ssm::types::ParameterType;
use tablefeed_local::{Config, Embedded, Error, Fault, Local, Rule, Storage, open};
use tempfile::tempdir;

use crate::clients::{clients, ids, puts, table};

async fn start(dir: &Path) -> Result<Embedded, Error> {
    Embedded::start(Config { storage: Storage::Dir(dir.to_owned()), port: 0 }).await
}

#[tokio::test]
async fn tables_parameters_queues_and_messages_outlive_a_restart() {
    let dir = tempdir().unwrap();
    let first = start(dir.path()).await.unwrap();
    let before = clients(first.endpoint());
    table(&before.dynamodb).await;
    before.dynamodb.batch_write_item().set_request_items(Some(puts(&["a"]))).send().await.unwrap();
    before.ssm.put_parameter().name("p").value("v").r#type(ParameterType::String).send().await.unwrap();
    let url = before.sqs.create_queue().queue_name("q").send().await.unwrap().queue_url.unwrap();
    before.sqs.send_message().queue_url(&url).message_body("m").send().await.unwrap();
    first.stop().await;
    assert!(!dir.path().join("endpoint").exists());

    let second = start(dir.path()).await.unwrap();
    let after = clients(second.endpoint());
    assert_eq!(ids(&after.dynamodb).await, ["a"]);
    assert_eq!(after.ssm.get_parameter().name("p").send().await.unwrap().parameter.unwrap().value(), Some("v"));
    // The URL is the first run's: its port is another's by now.
    let got = after.sqs.receive_message().queue_url(&url).send().await.unwrap();
    assert_eq!(got.messages()[0].body(), Some("m"));
    second.stop().await;
}

#[tokio::test]
async fn the_second_to_open_a_directory_attaches_to_the_first() {
    let dir = tempdir().unwrap();
    let owner = open(dir.path(), 0).await.unwrap();
    assert!(matches!(owner, Local::Owned(_)));
    let guest = open(dir.path(), 0).await.unwrap();
    assert!(matches!(&guest, Local::Attached(endpoint) if endpoint == owner.endpoint()));
    assert!(matches!(start(dir.path()).await, Err(Error::Locked { .. })));
    guest.stop().await;
    clients(owner.endpoint()).sqs.list_queues().send().await.unwrap();
    owner.stop().await;
    assert!(matches!(open(dir.path(), 0).await.unwrap(), Local::Owned(_)));
}

#[tokio::test]
async fn of_many_who_open_at_once_one_owns_and_all_others_attach() {
    let dir = Arc::new(tempdir().unwrap());
    let openers: Vec<_> = (0..6)
        .map(|_| {
            let dir = Arc::clone(&dir);
            tokio::spawn(async move { open(dir.path(), 0).await.unwrap() })
        })
        .collect();
    let mut locals = Vec::new();
    for opener in openers {
        locals.push(opener.await.unwrap());
    }
    assert_eq!(locals.iter().filter(|local| matches!(local, Local::Owned(_))).count(), 1);
    assert!(locals.iter().all(|local| local.endpoint() == locals[0].endpoint()));
}

#[tokio::test]
async fn a_stale_endpoint_is_ignored_and_overwritten() {
    let (stale, other) = (tempdir().unwrap(), tempdir().unwrap());
    // Its port even answers, but for another directory.
    let elsewhere = open(other.path(), 0).await.unwrap();
    fs::write(stale.path().join("endpoint"), elsewhere.endpoint()).unwrap();
    fs::write(stale.path().join("lock"), "").unwrap();
    let owner = open(stale.path(), 0).await.unwrap();
    assert!(matches!(owner, Local::Owned(_)));
    assert_eq!(fs::read_to_string(stale.path().join("endpoint")).unwrap().trim(), owner.endpoint());
}

#[tokio::test]
async fn a_guest_waits_until_the_owner_has_said_where_it_is() {
    let dir = tempdir().unwrap();
    let owner = start(dir.path()).await.unwrap();
    let file = dir.path().join("endpoint");
    let announced = fs::read_to_string(&file).unwrap();
    fs::remove_file(&file).unwrap();
    let guest = open(dir.path(), 0);
    let late = async {
        tokio::task::yield_now().await;
        fs::write(&file, &announced).unwrap();
    };
    let (guest, ()) = tokio::join!(guest, late);
    assert_eq!(guest.unwrap().endpoint(), owner.endpoint());
}

#[tokio::test]
async fn a_port_in_use_and_an_unusable_directory_are_named() {
    let taken = Embedded::start(Config::default()).await.unwrap();
    let port = taken.endpoint().rsplit(':').next().unwrap().parse().unwrap();
    let error = Embedded::start(Config { port, ..Config::default() }).await.err().unwrap();
    assert!(matches!(error, Error::PortInUse { .. }) && error.to_string().contains(&port.to_string()));
    let dir = tempdir().unwrap();
    let file = dir.path().join("file");
    fs::write(&file, "").unwrap();
    let error = start(&file).await.err().unwrap();
    assert!(matches!(error, Error::Directory { .. }) && error.to_string().contains("file"), "{error}");
    fs::write(dir.path().join("queues.db"), "not a database, but long enough to be taken for one").unwrap();
    assert!(matches!(start(dir.path()).await, Err(Error::Store { .. })));
}

#[tokio::test]
async fn a_server_that_is_only_dropped_gives_its_directory_up_too() {
    let dir = tempdir().unwrap();
    drop(start(dir.path()).await.unwrap());
    assert!(matches!(open(dir.path(), 0).await.unwrap(), Local::Owned(_)));
}

#[tokio::test]
async fn a_call_that_runs_is_answered_before_the_server_stops() {
    let dir = tempdir().unwrap();
    let server = start(dir.path()).await.unwrap();
    server.faults().add(Rule::new(Fault::Delay(Duration::from_millis(100))));
    let running = tokio::spawn(clients(server.endpoint()).sqs.create_queue().queue_name("q").send());
    while server.recorder().count(None, "CreateQueue") == 0 {
        tokio::task::yield_now().await;
    }
    server.stop().await;
    running.await.unwrap().unwrap();
}
