use aws_sdk_ssm::error::ProvideErrorMetadata as _;
use aws_sdk_ssm::types::ParameterType;

use crate::clients::memory;

#[tokio::test]
async fn a_parameter_that_was_put_is_got_with_its_version_and_arn() {
    let (_embedded, clients) = memory().await;
    let put = clients.ssm.put_parameter().name("/batch/latest").value("b-1").r#type(ParameterType::String).send().await.unwrap();
    assert_eq!(put.version, 1);
    let put = clients.ssm.put_parameter().name("/batch/latest").value("b-2").overwrite(true).send().await.unwrap();
    assert_eq!(put.version, 2);
    let got = clients.ssm.get_parameter().name("/batch/latest").with_decryption(true).send().await.unwrap().parameter.unwrap();
    assert_eq!((got.name(), got.value(), got.version), (Some("/batch/latest"), Some("b-2"), 2));
    assert_eq!(got.r#type, Some(ParameterType::String));
    assert_eq!(got.arn(), Some("arn:aws:ssm:us-east-1:000000000000:parameter/batch/latest"));
    assert!(got.last_modified_date.unwrap().secs() > 1_700_000_000);
    let by_arn = clients.ssm.get_parameter().name(got.arn().unwrap()).send().await.unwrap().parameter.unwrap();
    assert_eq!(by_arn.value(), Some("b-2"));
}

#[tokio::test]
async fn a_secure_string_without_decryption_is_not_its_value() {
    let (_embedded, clients) = memory().await;
    clients.ssm.put_parameter().name("secret").value("s").r#type(ParameterType::SecureString).send().await.unwrap();
    let value = |with| {
        let call = clients.ssm.get_parameter().name("secret").with_decryption(with);
        async move { call.send().await.unwrap().parameter.unwrap().value.unwrap() }
    };
    assert_eq!(value(true).await, "s");
    assert_ne!(value(false).await, "s");
}

#[tokio::test]
async fn what_parameter_store_refuses_is_refused() {
    let (_embedded, clients) = memory().await;
    let missing = clients.ssm.get_parameter().name("none").send().await.unwrap_err().into_service_error();
    assert!(missing.is_parameter_not_found());
    let put = |name: &str, value: String, overwrite| {
        clients.ssm.put_parameter().name(name).value(value).r#type(ParameterType::String).overwrite(overwrite).send()
    };
    put("p", "x".repeat(4096), false).await.unwrap();
    assert!(put("p", "again".into(), false).await.unwrap_err().into_service_error().is_parameter_already_exists());
    assert_eq!(put("q", "x".repeat(4097), false).await.unwrap_err().code(), Some("ValidationException"));
    assert_eq!(put("q", String::new(), false).await.unwrap_err().code(), Some("ValidationException"));
    assert_eq!(put("not a name", "x".into(), false).await.unwrap_err().code(), Some("ValidationException"));
    let untyped = clients.ssm.put_parameter().name("q").value("x").send().await.unwrap_err();
    assert_eq!(untyped.code(), Some("ValidationException"));
    let retyped = clients.ssm.put_parameter().name("p").value("x").r#type(ParameterType::SecureString).overwrite(true).send().await;
    assert!(retyped.unwrap_err().into_service_error().is_hierarchy_type_mismatch_exception());
}

#[tokio::test]
async fn an_operation_that_is_not_served_is_named() {
    let (_embedded, clients) = memory().await;
    let error = clients.ssm.describe_parameters().send().await.unwrap_err();
    assert_eq!(error.code(), Some("UnknownOperationException"));
    assert!(error.message().unwrap().contains("AmazonSSM.DescribeParameters"));
}
