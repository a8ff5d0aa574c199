//! Where a command finds AWS: the embedded one, another server, or the cloud.
//!
//! In: `--dir`, `--endpoint-url` or `--aws`, and the account. Out: [`Target`], which makes clients. An embedded AWS that this process owns ends with it.

use std::path::PathBuf;
use std::time::Duration;

use anyhow::Context as _;
use aws_config::retry::RetryConfig;
use aws_config::{ConfigLoader, Region, SdkConfig};
use aws_sdk_dynamodb::config::Credentials;
use clap::Args;
use clap::builder::NonEmptyStringValueParser;
use tablefeed::aws::{Clients, config_for_endpoint, default_chain, lazily};
use tablefeed_local::{Local, Recorder};
use tokio::net::TcpStream;
use tokio::time::timeout;

use crate::exit::BadInput;

/// Tells this program's own calls from those of the function.
const APP: &str = "tablefeed-cli";
const REGION: &str = "us-east-1";
/// How long a server may take until it accepts a connection.
const CONNECT: Duration = Duration::from_secs(5);
pub const DEFAULT_DIR: &str = ".tablefeed";

#[derive(Debug, Args)]
#[command(next_help_heading = "Where")]
pub struct TargetArgs {
    /// Directory with the state of the embedded AWS; shared with a running `tablefeed emulate`
    #[arg(long, value_name = "DIR", default_value = DEFAULT_DIR, conflicts_with_all = ["endpoint_url", "aws"])]
    pub dir: PathBuf,
    /// Another server that speaks AWS
    #[arg(long, value_name = "URL", conflicts_with = "aws")]
    pub endpoint_url: Option<String>,
    /// The cloud: region and credentials as the AWS CLI finds them
    #[arg(long)]
    pub aws: bool,
    #[command(flatten)]
    pub account: AccountArgs,
}

/// Whose AWS; without these as the AWS CLI finds it.
#[derive(Debug, Args)]
#[command(next_help_heading = "Where")]
pub struct AccountArgs {
    /// The region, with --aws or --endpoint-url
    #[arg(long, value_name = "REGION", value_parser = NonEmptyStringValueParser::new())]
    region: Option<String>,
    /// The profile in the AWS CLI's files, with --aws or --endpoint-url
    #[arg(long, value_name = "NAME", value_parser = NonEmptyStringValueParser::new())]
    aws_profile: Option<String>,
}

impl AccountArgs {
    /// These options again, for this program or, with `profile` in place of `aws-profile`, for the AWS CLI.
    pub fn again(&self, profile: &str) -> String {
        let options = [("region", &self.region), (profile, &self.aws_profile)];
        options.into_iter().filter_map(|(name, value)| Some(format!(" --{name} {}", quoted(value.as_ref()?)))).collect()
    }

    /// The SDK's chain, with these in front.
    fn chain(&self) -> anyhow::Result<ConfigLoader> {
        let mut loader = default_chain().map_err(BadInput::error)?;
        if let Some(region) = &self.region {
            loader = loader.region(Region::new(region.clone()));
        }
        if let Some(profile) = &self.aws_profile {
            loader = loader.profile_name(profile);
        }
        Ok(loader)
    }
}

impl TargetArgs {
    /// The cloud's parameter is not this program's to write.
    pub fn check_batch_id(&self, batch_id: Option<&str>) -> anyhow::Result<()> {
        if !self.aws || batch_id.is_none() {
            return Ok(());
        }
        Err(BadInput::error(
            "--batch-id writes the parameter, which --aws leaves as it is: write it yourself with `aws ssm put-parameter --overwrite`",
        ))
    }

    /// Whether they mean the embedded AWS.
    pub fn is_embedded(&self) -> bool {
        !self.aws && self.endpoint_url.is_none()
    }

    /// These options again, for a command that is to look at the same place.
    pub fn again(&self) -> String {
        let account = self.account.again("aws-profile");
        match &self.endpoint_url {
            _ if self.aws => format!(" --aws{account}"),
            Some(url) => format!(" --endpoint-url {}{account}", quoted(url)),
            None if self.dir == std::path::Path::new(DEFAULT_DIR) => String::new(),
            None => format!(" --dir {}", quoted(&self.dir.display().to_string())),
        }
    }
}

/// AWS, or what stands for it.
pub struct Target {
    pub config: SdkConfig,
    local: Option<Local>,
    cloud: bool,
}

impl Target {
    pub async fn open(args: &TargetArgs) -> anyhow::Result<Target> {
        if args.aws {
            return Ok(Target { config: args.account.chain()?.load().await, local: None, cloud: true });
        }
        if let Some(url) = &args.endpoint_url {
            reach(url).await?;
            return Ok(Target { config: config_of_server(url, &args.account).await?, local: None, cloud: false });
        }
        if args.account.region.is_some() || args.account.aws_profile.is_some() {
            return Err(BadInput::error(
                "the embedded AWS has no regions and accounts: add --aws or --endpoint-url, or leave --region and --aws-profile out",
            ));
        }
        Ok(Target::embedded(tablefeed_local::open(&args.dir, 0).await?))
    }

    pub fn embedded(local: Local) -> Target {
        let config = config_for_endpoint(local.endpoint());
        Target { config, local: Some(local), cloud: false }
    }

    /// Whether this is the cloud, where nothing is created and nothing is scanned unasked.
    pub fn is_cloud(&self) -> bool {
        self.cloud
    }

    /// Whether this is the embedded AWS, this process's own or another's.
    pub fn is_embedded(&self) -> bool {
        self.local.is_some()
    }

    /// What was called, if this process serves it.
    pub fn recorder(&self) -> Option<&Recorder> {
        match &self.local {
            Some(Local::Owned(embedded)) => Some(embedded.recorder()),
            _ => None,
        }
    }

    /// Clients for this program's own calls. Unlike the function's they repeat a call that failed, for nobody counts them.
    pub fn clients(&self, table_region: Option<&str>) -> Clients {
        let plain = Clients::new(&self.config, APP, table_region);
        let again = RetryConfig::standard();
        Clients {
            dynamodb: aws_sdk_dynamodb::Client::from_conf(plain.dynamodb.config().to_builder().retry_config(again.clone()).build()),
            ssm: aws_sdk_ssm::Client::from_conf(plain.ssm.config().to_builder().retry_config(again.clone()).build()),
            sqs: lazily(move || aws_sdk_sqs::Client::from_conf(plain.sqs.config().to_builder().retry_config(again).build())),
        }
    }

    pub async fn close(self) {
        if let Some(local) = self.local {
            local.stop().await;
        }
    }
}

/// Runs `work` with the target's clients, and closes the target whatever comes of it.
pub async fn with_clients<T>(args: &TargetArgs, work: impl AsyncFnOnce(&Clients) -> anyhow::Result<T>) -> anyhow::Result<T> {
    let target = Target::open(args).await?;
    let done = work(&target.clients(None)).await;
    target.close().await;
    done
}

/// Region and credentials of the environment; where it has none, those that every emulator takes.
async fn config_of_server(url: &str, account: &AccountArgs) -> anyhow::Result<SdkConfig> {
    let any_set = |names: &[&str]| names.iter().any(|name| std::env::var_os(name).is_some_and(|value| !value.is_empty()));
    let mut loader = account.chain()?.endpoint_url(url);
    if account.region.is_none() && account.aws_profile.is_none() && !any_set(&["AWS_REGION", "AWS_DEFAULT_REGION", "AWS_PROFILE"]) {
        loader = loader.region(Region::from_static(REGION));
    }
    if account.aws_profile.is_none() && !any_set(&["AWS_ACCESS_KEY_ID", "AWS_PROFILE"]) {
        loader = loader.credentials_provider(test_credentials());
    }
    Ok(loader.load().await)
}

/// As a shell takes it.
fn quoted(text: &str) -> String {
    if text.contains([' ', '\'', '"', '$']) { format!("{text:?}") } else { text.to_owned() }
}

fn test_credentials() -> Credentials {
    Credentials::new("test", "test", None, None, "tablefeed")
}

/// Says so at once, and clearly, if nothing listens there.
async fn reach(url: &str) -> anyhow::Result<()> {
    let bad = || BadInput::error(format!("--endpoint-url is {url:?}; it must be a URL such as http://127.0.0.1:8000"));
    let (rest, port) = match (url.strip_prefix("http://"), url.strip_prefix("https://")) {
        (Some(rest), _) => (rest, 80),
        (_, Some(rest)) => (rest, 443),
        _ => return Err(bad()),
    };
    let authority = rest.split('/').next().unwrap_or_default();
    if authority.is_empty() {
        return Err(bad());
    }
    let has_port = authority.rsplit_once(':').is_some_and(|(_, port)| port.parse::<u16>().is_ok());
    let address = if has_port { authority.to_owned() } else { format!("{authority}:{port}") };
    let what = || format!("nothing answers at {url}: start the server there, or leave --endpoint-url out to use the embedded AWS");
    timeout(CONNECT, TcpStream::connect(&address)).await.with_context(what)?.with_context(what)?;
    Ok(())
}
