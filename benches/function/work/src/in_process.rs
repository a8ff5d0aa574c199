//! The function without a network: its clients' requests are signed, then answered and counted in the process.
//!
//! What is counted of it is the same in every run: no port, no other process, no time but the function's own.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, SystemTime};

use aws_smithy_runtime_api::client::http::{HttpConnector, HttpConnectorFuture, SharedHttpConnector, http_client_fn};
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
use aws_smithy_runtime_api::http::StatusCode;
use tablefeed::aws::{Clients, config_for_endpoint};
use tablefeed::persist::{Function, FunctionError, Handled, Invocation};
use tablefeed::settings::{Settings, SettingsError};
use tokio::time::Instant;

/// An endpoint that says yes at once.
#[derive(Debug, Clone, Default)]
pub struct Answers {
    parameters: Arc<AtomicUsize>,
    writes: Arc<AtomicUsize>,
    others: Arc<AtomicUsize>,
}

impl Answers {
    /// How often a parameter was read, a batch was written, and anything else was called.
    pub fn calls(&self) -> [usize; 3] {
        [&self.parameters, &self.writes, &self.others].map(|count| count.load(Ordering::Relaxed))
    }

    pub fn clients(&self) -> Clients {
        let connector = SharedHttpConnector::new(self.clone());
        let http = http_client_fn(move |_, _| connector.clone());
        let config = config_for_endpoint("http://127.0.0.1:1").to_builder().http_client(http).build();
        Clients::new(&config, "tablefeed-bench", None)
    }

    /// With `changes` to settings that are enough for the built-in mapping.
    pub fn function(&self, changes: &[(&str, &str)]) -> Result<Function, SettingsError> {
        let here = [("TABLE", "Table"), ("LATEST_BATCH_ID", "/batch"), ("DLQ_URL", "http://127.0.0.1:1/000000000000/letters")];
        let value = |name: &str| changes.iter().chain(&here).find(|(known, _)| *known == name).map(|(_, value)| (*value).to_owned());
        let settings = Settings::parse(value, |path| std::fs::read_to_string(path))?;
        Ok(Function::new(settings, self.clients()))
    }
}

impl HttpConnector for Answers {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let target = request.headers().get("x-amz-target").unwrap_or_default();
        let (count, body) = match target.rsplit('.').next() {
            Some("GetParameter") => (&self.parameters, r#"{"Parameter":{"Name":"/batch","Type":"String","Value":"batch-1","Version":1}}"#),
            Some("BatchWriteItem") => {
                (&self.writes, r#"{"ConsumedCapacity":[{"CapacityUnits":25.0,"TableName":"Table"}],"UnprocessedItems":{}}"#)
            }
            _ => (&self.others, "{}"),
        };
        count.fetch_add(1, Ordering::Relaxed);
        let ok = StatusCode::try_from(200).map(|status| HttpResponse::new(status, body.into()));
        HttpConnectorFuture::ready(ok.map_err(|error| aws_smithy_runtime_api::client::result::ConnectorError::other(error.into(), None)))
    }
}

/// One event, with a minute's time.
pub async fn invoke(function: &Function, event: &[u8]) -> Result<Handled, FunctionError> {
    let (request_id, arn) = ("8476a536-e9f4-11e8-9739-2dfe598c3fcd", "arn:aws:lambda:us-east-1:123456789012:function:persist");
    let invocation = Invocation::new(request_id, arn, Instant::now() + Duration::from_secs(60), SystemTime::now());
    function.handle(event, &invocation).await
}
