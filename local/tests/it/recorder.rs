use aws_sdk_ssm::types::ParameterType;
use tablefeed_local::Service;

use crate::clients::{APP, memory, puts, table};

#[tokio::test]
async fn each_call_is_recorded_with_its_caller_and_status() {
    let (embedded, clients) = memory().await;
    clients.ssm.put_parameter().name("p").value("v").r#type(ParameterType::String).send().await.unwrap();
    clients.ssm.get_parameter().name("none").send().await.unwrap_err();
    let calls = embedded.recorder().calls();
    assert_eq!(
        calls.iter().map(|call| (call.operation.as_str(), call.status)).collect::<Vec<_>>(),
        [("PutParameter", 200), ("GetParameter", 400)]
    );
    assert!(calls.iter().all(|call| call.service == Service::Ssm && call.app.as_deref() == Some(APP) && call.request.is_empty()));
    assert_eq!(embedded.recorder().count(Some(APP), "GetParameter"), 1);
    assert_eq!(embedded.recorder().count(Some("another"), "GetParameter"), 0);
    assert_eq!(embedded.recorder().iam_actions(Some(APP)), ["ssm:GetParameter", "ssm:PutParameter"]);
}

#[tokio::test]
async fn bodies_and_their_items_are_kept_when_asked_for() {
    let (embedded, clients) = memory().await;
    table(&clients.dynamodb).await;
    embedded.recorder().keep_bodies(true);
    clients.dynamodb.batch_write_item().set_request_items(Some(puts(&["a", "b", "c"]))).send().await.unwrap();
    let call = embedded.recorder().calls().pop().unwrap();
    assert_eq!(call.items, Some(3));
    assert!(String::from_utf8(call.request.to_vec()).unwrap().contains(r#"{"S":"b"}"#));
    embedded.recorder().clear();
    assert!(embedded.recorder().calls().is_empty());
}
