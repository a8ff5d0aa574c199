//! One call of CloudWatch, `GetMetricData`: signed and sent by the SDK's own parts, as JSON. The service's own crate would bring a second HTTP stack,
//! CBOR and compression for it.

use std::time::SystemTime;

use anyhow::{Context as _, anyhow};
use aws_config::SdkConfig;
use aws_credential_types::Credentials;
use aws_credential_types::provider::ProvideCredentials as _;
use aws_sigv4::http_request::{SignableBody, SignableRequest, SigningSettings, sign};
use aws_sigv4::sign::v4;
use aws_smithy_runtime::client::orchestrator::operation::Operation;
use aws_smithy_runtime_api::box_error::BoxError;
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse, OrchestratorError};
use aws_smithy_types::body::SdkBody;
use serde_json::Value;

const SIGNING_NAME: &str = "monitoring";
const HEADERS: [(&str, &str); 2] =
    [("content-type", "application/x-amz-json-1.0"), ("x-amz-target", "GraniteServiceVersion20100801.GetMetricData")];

/// What the service answered, or said was wrong.
#[derive(Debug)]
struct Answer {
    ok: bool,
    body: Value,
}

pub async fn get_metric_data(config: &SdkConfig, query: &Value) -> anyhow::Result<Value> {
    let region = config.region().context("no region is known")?.as_ref();
    let url = config.endpoint_url().map_or_else(|| endpoint(region), str::to_owned);
    let credentials = config.credentials_provider().context("no credentials are known")?.provide_credentials().await?;
    let request = signed(&url, region, credentials, &query.to_string()).map_err(|error| anyhow!(error))?;
    let mut operation = Operation::builder().service_name("CloudWatch").operation_name("GetMetricData").endpoint_url(&url);
    if let Some(timeouts) = config.timeout_config() {
        operation = operation.timeout_config(timeouts.clone());
    }
    if let Some(sleep) = config.sleep_impl() {
        operation = operation.sleep_impl(sleep);
    }
    let operation = operation.http_client(config.http_client().context("there is no HTTP client")?).no_auth().no_retry();
    let operation = operation
        .serializer(|request: HttpRequest| Ok(request))
        .deserializer(|response: &HttpResponse| Ok::<_, OrchestratorError<std::fmt::Error>>(answer(response)))
        .build();
    let Answer { ok, body } = operation.invoke(request).await?;
    if ok { Ok(body) } else { Err(anyhow!(refusal(&body))) }
}

fn signed(url: &str, region: &str, credentials: Credentials, body: &str) -> Result<HttpRequest, BoxError> {
    let identity = credentials.into();
    let params = v4::SigningParams::builder().identity(&identity).region(region).name(SIGNING_NAME);
    let params = params.time(SystemTime::now()).settings(SigningSettings::default()).build()?.into();
    let signable = SignableRequest::new("POST", url, HEADERS.into_iter(), SignableBody::Bytes(body.as_bytes()))?;
    let (instructions, _) = sign(signable, &params)?.into_parts();
    let mut request = HttpRequest::new(SdkBody::from(body));
    request.set_method("POST")?;
    request.set_uri("/")?;
    for (name, value) in HEADERS.into_iter().chain(instructions.headers()) {
        request.headers_mut().try_insert(name.to_owned(), value.to_owned())?;
    }
    Ok(request)
}

fn endpoint(region: &str) -> String {
    let domain = if region.starts_with("cn-") { "amazonaws.com.cn" } else { "amazonaws.com" };
    format!("https://{SIGNING_NAME}.{region}.{domain}/")
}

fn answer(response: &HttpResponse) -> Answer {
    let body = response.body().bytes().and_then(|bytes| serde_json::from_slice(bytes).ok()).unwrap_or_default();
    Answer { ok: response.status().is_success(), body }
}

/// The error's name, and what it says.
fn refusal(body: &Value) -> String {
    let name = body["__type"].as_str().and_then(|name| name.rsplit('#').next()).unwrap_or("no such service is here");
    let message = body["message"].as_str().or(body["Message"].as_str()).map(|message| format!(": {message}"));
    format!("{name}{}", message.unwrap_or_default())
}
