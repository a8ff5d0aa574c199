//! What `letters redrive` hides while it works: from whom, how long, and what it makes of what others hide.

use std::process::{Child, Command, Stdio};
use std::time::Duration;

use serde_json::{Value, json};
use tablefeed_local::{Fault, Rule};

use crate::letters_redrive::{PUT_RIGHT, letters, numbers, redrive};
use crate::shared::Shared;

/// A redrive of `count` letters that all can be stored, working on them: it has taken every one, and the table keeps it waiting for `wait`.
async fn working(shared: &Shared, count: u64, wait: Duration, arguments: &[&str]) -> Child {
    letters(&shared.laptop, count);
    shared.embedded.faults().add(Rule::new(Fault::Delay(wait)).operation("BatchWriteItem"));
    let right = PUT_RIGHT.replace("{ok}", "{ok?}");
    let mut command = shared.laptop.command(&[&["letters", "redrive", "--json", "--set", &right], arguments].concat());
    let process = command.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
    while shared.embedded.recorder().count(Some("tablefeed-persist"), "BatchWriteItem") == 0 {
        tokio::task::yield_now().await;
    }
    process
}

#[tokio::test(flavor = "multi_thread")]
async fn hidden_letters_are_not_taken_for_none() {
    let shared = Shared::new().await;
    letters(&shared.laptop, 13);
    assert_eq!(shared.receive(600).await.len(), 10);
    let right = PUT_RIGHT.replace("{ok}", "{ok?}");
    let said = shared.laptop.run(&["letters", "redrive", "--set", &right, "--hide-seconds", "77"]);
    assert_eq!(said.exit, 3, "{said:?}");
    assert!(said.out.contains("10 messages hidden") && said.out.contains("run again in 77 s"), "{said:?}");
    assert_eq!(numbers(&shared.laptop).len(), 3);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_stays_is_in_sight_again_at_once() {
    let shared = Shared::new().await;
    letters(&shared.laptop, 3);
    redrive(&shared.laptop, &["--set", PUT_RIGHT, "--reason", "internal"], 0);
    assert_eq!(shared.receive(0).await.len(), 3);
}

#[tokio::test(flavor = "multi_thread")]
async fn letters_stay_hidden_as_long_as_they_are_worked_on() {
    let shared = Shared::new().await;
    let mut process = working(&shared, 25, Duration::from_millis(2500), &["--hide-seconds", "1"]).await;
    while process.try_wait().unwrap().is_none() {
        assert_eq!(shared.receive(0).await, []);
    }
    assert_eq!((process.wait().unwrap().code(), numbers(&shared.laptop).len()), (Some(0), 25));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_signal_shows_letters_again_at_once() {
    let shared = Shared::new().await;
    let process = working(&shared, 4, Duration::from_secs(600), &["--hide-seconds", "600"]).await;
    assert_eq!(shared.receive(0).await, []);
    assert!(Command::new("kill").arg(process.id().to_string()).status().unwrap().success());
    let ended = process.wait_with_output().unwrap();
    let account: Value = serde_json::from_slice(&ended.stdout).unwrap();
    assert_eq!((ended.status.code(), &account["end"], &account["deleted"]), (Some(3), &json!("stopped"), &json!(0)));
    assert_eq!(shared.receive(0).await.len(), 4);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_message_that_is_not_deleted_is_left_and_the_next_run_deletes_it() {
    let shared = Shared::new().await;
    letters(&shared.laptop, 13);
    let right = PUT_RIGHT.replace("{ok}", "{ok?}");
    let refused = Fault::FailEntries {
        containing: "\"Id\":\"2\"".to_owned(),
        code: "InternalError".to_owned(),
        sender_fault: false,
        message: "not now".to_owned(),
    };
    let rule = shared.embedded.faults().add(Rule::new(refused).operation("DeleteMessageBatch"));
    let account = redrive(&shared.laptop, &["--set", &right], 3);
    assert_eq!(shared.embedded.faults().fired(rule), 2);
    assert_eq!(
        (&account["done"], &account["deleted"], &account["refused_deletes"], &account["left"]),
        (&json!(13), &json!(11), &json!(2), &json!(2))
    );
    shared.embedded.faults().clear();
    let account = redrive(&shared.laptop, &["--set", &right], 0);
    assert_eq!((&account["messages"], &account["deleted"], numbers(&shared.laptop).len()), (&json!(2), &json!(2), 13));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cause_that_is_no_letters_fault_keeps_them_all() {
    let shared = Shared::new().await;
    letters(&shared.laptop, 600);
    let denied = Fault::error(400, "AccessDeniedException", "no");
    shared.embedded.faults().add(Rule::new(denied).operation("BatchWriteItem"));
    let account = redrive(&shared.laptop, &["--set", &PUT_RIGHT.replace("{ok}", "{ok?}")], 3);
    assert_eq!((&account["deleted"], &account["done"]), (&json!(0), &json!(0)));
    assert!(account["systemic_failure"].as_str().unwrap().contains("AccessDenied"), "{account}");
    assert_eq!(shared.laptop.json(&["letters", "--json"]).len(), 600);
}
