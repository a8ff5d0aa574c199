//! Reads a deployment. In: where it is, and which function, or the settings of a run on a laptop. Out: [`Deployment`], every part of it seen, or
//! with the reason why not. Nothing is changed, and a call that fails ends nothing but its part.

mod feeds;
mod function;
mod parts;
mod sample;
mod settings;

use std::time::{Duration, SystemTime};

use aws_config::SdkConfig;
use aws_config::retry::RetryConfig;
use aws_config::timeout::TimeoutConfig;
use aws_sdk_dynamodb::config::http::HttpResponse;
use aws_sdk_dynamodb::error::{ProvideErrorMetadata, SdkError};
use tablefeed::aws::ATTEMPT_TIMEOUT;

use super::deployment::{Deployment, Function, Seen, Unseen};
use crate::resources::failed;
use crate::settings::Given;
use crate::target::{Target, TargetArgs};

/// What is to be read.
#[derive(Debug)]
pub struct Order<'o> {
    /// The function; without one, a run on the embedded AWS with these settings.
    pub function: Option<&'o str>,
    pub given: &'o Given,
    /// What is in the file that the function's `MAPPING` names.
    pub mapping: Option<&'o str>,
    pub stale_after: Duration,
}

/// Reads all of it.
pub async fn read(target: &Target, args: &TargetArgs, order: &Order<'_>) -> Deployment {
    let config = patient(&target.config);
    let function = match order.function {
        None => Err(Unseen::NotPart),
        Some(name) => function::function(&aws_sdk_lambda::Client::new(&config), name).await,
    };
    let settings::Read { problems, settings } = match &function {
        Ok(function) => settings::of_function(function, order.mapping),
        Err(Unseen::NotPart) => settings::given(order.given),
        Err(unseen) => settings::Read { problems: Vec::new(), settings: Err(unseen.clone()) },
    };
    let feeds = match &function {
        Ok(Function { name, .. }) => feeds::feeds(&config, name).await,
        Err(unseen) => Err(unseen.clone()),
    };
    let settings_seen = settings.as_ref().map_err(Unseen::clone);
    let table = parts::table(target, settings_seen.clone()).await;
    let queue = parts::queue(target, settings_seen.clone()).await;
    let parameter = parts::parameter(target, settings_seen).await;
    Deployment {
        function,
        problems,
        settings,
        feeds,
        table,
        queue,
        parameter,
        now: SystemTime::now(),
        stale_after: order.stale_after,
        aws: aws_command(args),
        again: args.again(),
    }
}

/// For calls that a person waits for: repeated, if they fail in passing.
pub fn patient(config: &SdkConfig) -> SdkConfig {
    let timeouts = TimeoutConfig::builder().connect_timeout(ATTEMPT_TIMEOUT).operation_attempt_timeout(2 * ATTEMPT_TIMEOUT).build();
    config.to_builder().retry_config(RetryConfig::standard()).timeout_config(timeouts).build()
}

/// How the AWS CLI is called for the same place. The embedded AWS listens where `tablefeed emulate` puts it.
fn aws_command(args: &TargetArgs) -> String {
    let account = args.account.again("profile");
    match &args.endpoint_url {
        Some(url) => format!("aws --endpoint-url {url}{account}"),
        None if args.aws => format!("aws{account}"),
        None => "aws --endpoint-url http://127.0.0.1:8000".to_owned(),
    }
}

/// A call that failed.
fn unseen<E: ProvideErrorMetadata + std::error::Error + 'static>(what: &str, error: &SdkError<E, HttpResponse>) -> Unseen {
    Unseen::Failed(failed(what, error).to_string())
}

/// The answer, unless it says that there is no such thing.
fn found<T, E: ProvideErrorMetadata + std::error::Error + 'static>(
    what: &str,
    answer: Result<T, SdkError<E, HttpResponse>>,
    absent: impl Fn(&E) -> bool,
) -> Seen<T> {
    answer.map_err(|error| if error.as_service_error().is_some_and(absent) { Unseen::Absent } else { unseen(what, &error) })
}
