//! The one place that builds AWS clients: HTTP, TLS, time-outs, and no retries.
//!
//! In: an [`SdkConfig`], from the environment or made by hand. Out: [`Clients`]. The SDK's own retries are off, because every
//! call is retried by [`crate::write::drive`] or [`crate::persist::batch_id`], which know the deadline: one layer a call.

mod environment;
mod trust;
mod user_agent;

use std::sync::{Arc, LazyLock};
use std::time::Duration;

use aws_config::retry::RetryConfig;
use aws_config::timeout::TimeoutConfig;
use aws_config::{AppName, BehaviorVersion, ConfigLoader, Region, SdkConfig};
use aws_credential_types::Credentials;
use aws_credential_types::provider::SharedCredentialsProvider;
use aws_sdk_dynamodb::config::SharedHttpClient;
use aws_smithy_http_client::tls::{Provider, TlsContext, TrustStore, rustls_provider::CryptoMode};

pub use environment::config_for_function;
use user_agent::UserAgent;

/// One try of a call. A table that hangs now and then costs one such time-out instead of the invocation.
pub const ATTEMPT_TIMEOUT: Duration = Duration::from_secs(3);
const CONNECT_TIMEOUT: Duration = Duration::from_secs(2);

/// A client that is made when it is first used.
pub type Lazy<C> = Arc<LazyLock<C, Box<dyn FnOnce() -> C + Send>>>;

/// What `make` makes, when it is first used.
pub fn lazily<C>(make: impl FnOnce() -> C + Send + 'static) -> Lazy<C> {
    Arc::new(LazyLock::new(Box::new(make)))
}

/// The clients of the function.
#[derive(Debug, Clone)]
pub struct Clients {
    pub dynamodb: aws_sdk_dynamodb::Client,
    /// Made at the first letter: it costs a cold start a tenth of its time, and most have none.
    pub sqs: Lazy<aws_sdk_sqs::Client>,
    pub ssm: aws_sdk_ssm::Client,
}

/// The SDK's default chain (environment, profile, role), for a command line or a server. It trusts the system's certificates, or those
/// of `AWS_CA_BUNDLE`.
pub fn default_chain() -> Result<ConfigLoader, String> {
    let bundle = std::env::var("AWS_CA_BUNDLE").ok().filter(|path| !path.is_empty());
    let trusted = trust::chosen(bundle, |path| std::fs::read(path), TrustStore::default())?;
    Ok(aws_config::defaults(BehaviorVersion::latest()).http_client(http_client(trusted)))
}

/// For a server on this machine: its endpoint, a region, and credentials that open nothing.
pub fn config_for_endpoint(endpoint_url: &str) -> SdkConfig {
    let credentials = Credentials::new("test", "test", None, None, "static");
    SdkConfig::builder()
        .behavior_version(BehaviorVersion::latest())
        .http_client(http_client(TrustStore::empty()))
        .endpoint_url(endpoint_url)
        .region(Region::from_static("us-east-1"))
        .credentials_provider(SharedCredentialsProvider::new(credentials))
        .build()
}

/// An HTTP client over rustls with ring, which every client shares.
fn http_client(trusted: TrustStore) -> SharedHttpClient {
    let context = TlsContext::builder().with_trust_store(trusted).build().unwrap_or_default(); // nothing fails here
    aws_smithy_http_client::Builder::new().tls_provider(Provider::Rustls(CryptoMode::Ring)).tls_context(context).build_https()
}

impl Clients {
    /// Clients that share `config`'s HTTP connections. `app` names the caller in the user agent; `table_region` is the region
    /// of a table that is given by ARN.
    pub fn new(config: &SdkConfig, app: &'static str, table_region: Option<&str>) -> Clients {
        let config = config
            .to_builder()
            .retry_config(RetryConfig::disabled())
            .timeout_config(TimeoutConfig::builder().connect_timeout(CONNECT_TIMEOUT).operation_attempt_timeout(ATTEMPT_TIMEOUT).build());
        let config = match AppName::new(app) {
            Ok(app) => config.app_name(app).build(),
            Err(_) => config.build(),
        };
        let mut table = aws_sdk_dynamodb::config::Builder::from(&config).interceptor(UserAgent::of(app));
        if let Some(region) = table_region {
            table = table.region(Region::new(region.to_owned()));
        }
        Clients {
            dynamodb: aws_sdk_dynamodb::Client::from_conf(table.build()),
            ssm: aws_sdk_ssm::Client::new(&config),
            sqs: lazily(move || aws_sdk_sqs::Client::new(&config)),
        }
    }
}
