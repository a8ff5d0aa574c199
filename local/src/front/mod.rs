//! The advertised port: one request in; an answer out, or, when a fault says so, none.
//!
//! - `connection`: accepts connections and ends them, gracefully when the server stops.
//! - `faulty`: the answers of the faults that take the call apart or spoil its answer.

mod connection;
mod faulty;

use std::path::PathBuf;
use std::sync::Arc;

use http_body_util::{BodyExt as _, LengthLimitError, Limited};
use hyper::body::{Bytes, Incoming};
use hyper::http::request::Parts;
use hyper::{HeaderMap, Method, Request, Response, StatusCode};
use tokio::sync::watch;
use tokio::time::sleep;

use crate::body::Answer;
use crate::directory::Directory;
use crate::engine::Engine;
use crate::faults::{Fault, Faults, Seen};
use crate::recorder::Recorder;
use crate::reply::{ApiError, ApiResult, Reply};
use crate::store::Store;
use crate::target::{self, Service};
use crate::{shard, sqs, ssm};

pub(crate) use connection::serve;
use faulty::amended;

/// DynamoDB's limit of a request; the others' are lower and counted differently.
const MAX_BODY: usize = 16 * 1024 * 1024;

/// What every connection shares. The directory is given up when the last connection is gone.
pub(crate) struct Front {
    pub endpoint: String,
    pub directory: Option<Directory>,
    pub engine: Engine,
    pub store: Arc<Store>,
    pub recorder: Recorder,
    pub faults: Faults,
}

/// A call and what is needed to pass it on.
struct Inbound {
    service: Service,
    operation: String,
    parts: Parts,
    body: Bytes,
}

/// The connection is to be dropped without an answer.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Unanswered {
    #[error("the caller went away")]
    Gone,
    #[error("dropped on purpose")]
    OnPurpose,
}

impl Front {
    /// What `GET /` says, by which another process knows the owner of a directory.
    pub(crate) fn identity(directory: Option<PathBuf>) -> String {
        format!("tablefeed {}\n", directory.map_or_else(|| "memory".to_owned(), |path| path.display().to_string()))
    }

    async fn handle(&self, request: Request<Incoming>, stop: watch::Receiver<()>) -> Result<Response<Answer>, Unanswered> {
        let (parts, body) = request.into_parts();
        if parts.method == Method::GET {
            let directory = self.directory.as_ref().map(|directory| directory.path().to_owned());
            return Ok(Response::new(Answer::whole(Bytes::from(Front::identity(directory)))));
        }
        let wanted = parts.headers.get("x-amz-target").and_then(|value| value.to_str().ok()).unwrap_or_default().to_owned();
        let Some((service, operation)) = target::parse(&wanted) else {
            return Ok(ApiError::unknown_operation(&wanted).into_reply(Service::DynamoDb).into_response(Service::DynamoDb));
        };
        let body = match Limited::new(body, MAX_BODY).collect().await {
            Ok(body) => body.to_bytes(),
            Err(error) if error.is::<LengthLimitError>() => {
                let message = format!("The request is longer than {MAX_BODY} bytes");
                let error = ApiError { status: StatusCode::PAYLOAD_TOO_LARGE, ..ApiError::new("RequestEntityTooLarge", message) };
                return Ok(error.into_reply(service).into_response(service));
            }
            Err(_) => return Err(Unanswered::Gone),
        };
        let app = app(&parts.headers).map(str::to_owned);
        let call = Inbound { service, operation: operation.to_owned(), parts, body };
        let number = self.recorder.begin(service, operation, app.as_deref(), &call.body);
        let response = self.answer(call, app.as_deref(), stop).await?;
        self.recorder.finish(number, response.status().as_u16());
        Ok(response)
    }

    async fn answer(&self, call: Inbound, app: Option<&str>, mut stop: watch::Receiver<()>) -> Result<Response<Answer>, Unanswered> {
        let seen = Seen { service: call.service, operation: &call.operation, app, body: &call.body };
        let plan = self.faults.plan(&seen);
        if !plan.delay.is_zero() {
            sleep(plan.delay).await;
        }
        let Some(fault) = plan.fault else { return self.pass(&call, call.body.clone()).await };
        if let Some(error) = fault.as_error() {
            return Ok(error.into_reply(call.service).into_response(call.service));
        }
        match fault {
            Fault::Unprocessed(select) => self.partly_unprocessed(&call, &select).await,
            Fault::FailEntries { containing, code, sender_fault, message } => {
                let verdict = faulty::Verdict { code, sender_fault, message };
                self.partly_failed(&call, &containing, &verdict).await
            }
            Fault::LostAnswer => {
                self.pass(&call, call.body.clone()).await?;
                Err(Unanswered::OnPurpose)
            }
            Fault::Cut => faulty::cut(self.pass(&call, call.body.clone()).await?).await,
            Fault::Hang => {
                // Either way the server is stopping: told to, or its owner is gone.
                stop.changed().await.ok();
                Err(Unanswered::OnPurpose)
            }
            _ => Err(Unanswered::OnPurpose),
        }
    }

    /// The call as it would go without faults, with this body.
    async fn pass(&self, call: &Inbound, body: Bytes) -> Result<Response<Answer>, Unanswered> {
        let service = call.service;
        Ok(match service {
            Service::DynamoDb => self.engine.call(service, &call.parts, body).await,
            Service::DynamoDbStreams => {
                let body = shard::for_engine(&body).unwrap_or(body);
                let response = self.engine.call(service, &call.parts, body).await;
                // The only answer that names shards; others hold a table's items, and none of them is touched.
                if call.operation == "DescribeStream" { amended(response, shard::for_caller).await? } else { response }
            }
            Service::Ssm | Service::Sqs => {
                let (store, endpoint, operation) = (Arc::clone(&self.store), self.endpoint.clone(), call.operation.clone());
                let answered = tokio::task::spawn_blocking(move || -> ApiResult<Reply> {
                    match service {
                        Service::Ssm => ssm::answer(&store, &operation, &body),
                        _ => sqs::answer(&store, &endpoint, &operation, &body),
                    }
                });
                let result = answered.await.unwrap_or_else(|error| Err(ApiError::internal(error.to_string())));
                result.unwrap_or_else(|error| error.into_reply(service)).into_response(service)
            }
        })
    }
}

/// The app name in an SDK's user agent: its token `app/NAME`.
fn app(headers: &HeaderMap) -> Option<&str> {
    ["x-amz-user-agent", "user-agent"].into_iter().find_map(|name| {
        let agent = headers.get(name)?.to_str().ok()?;
        agent.split_ascii_whitespace().find_map(|token| token.strip_prefix("app/"))
    })
}
