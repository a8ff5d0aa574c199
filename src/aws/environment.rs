//! A function's configuration from what Lambda puts into its environment, and nothing else: no files, no other sources.
//!
//! The SDK's default chain finds the same, but looks into sources that a function does not have, and is a tenth of the binary. Honoured
//! are the variables of the AWS SDKs' reference guide for region, credentials, endpoints and certificates.

use std::fmt;
use std::io;

use aws_config::{BehaviorVersion, Region, SdkConfig};
use aws_credential_types::Credentials;
use aws_credential_types::provider::SharedCredentialsProvider;
use aws_sdk_dynamodb::config::StalledStreamProtectionConfig;
use aws_types::service_config::{LoadServiceConfig, ServiceConfigKey};

use super::{http_client, trust};

const ENDPOINT: &str = "AWS_ENDPOINT_URL";

/// Region, credentials, endpoints and certificates as the environment has them. The error names every variable that is missing or
/// cannot be used. `look_up` finds a variable, `read` a file.
pub fn config_for_function(
    look_up: impl Fn(&str) -> Option<String>,
    read: impl Fn(&str) -> io::Result<Vec<u8>>,
) -> Result<SdkConfig, String> {
    let look_up = |name: &str| look_up(name).filter(|value| !value.is_empty());
    let mut problems = Vec::new();
    let mut required = |names: &[&str]| {
        let value = names.iter().find_map(|name| look_up(name));
        value.unwrap_or_else(|| {
            problems.push(format!("{} is missing; Lambda sets it", names.join(" or ")));
            String::new()
        })
    };
    let region = required(&["AWS_REGION", "AWS_DEFAULT_REGION"]);
    let (key, secret) = (required(&["AWS_ACCESS_KEY_ID"]), required(&["AWS_SECRET_ACCESS_KEY"]));
    let mut flag = |name: &str| match look_up(name).as_deref().map(str::to_ascii_lowercase).as_deref() {
        None | Some("false") => None,
        Some("true") => Some(true),
        Some(_) => {
            problems.push(format!("{name} is neither true nor false"));
            None
        }
    };
    let (fips, dual_stack) = (flag("AWS_USE_FIPS_ENDPOINT"), flag("AWS_USE_DUALSTACK_ENDPOINT"));
    let ignores_endpoints = flag("AWS_IGNORE_CONFIGURED_ENDPOINT_URLS").is_some();
    let trusted = match trust::chosen(look_up("AWS_CA_BUNDLE"), read, trust::amazon()) {
        Ok(trusted) if problems.is_empty() => trusted,
        trusted => {
            problems.extend(trusted.err());
            return Err(problems.join("; "));
        }
    };
    let endpoints = if ignores_endpoints { Endpoints::default() } else { Endpoints::of(&look_up) };
    let credentials = Credentials::new(key, secret, look_up("AWS_SESSION_TOKEN"), None, "environment");
    let mut config = SdkConfig::builder()
        .behavior_version(BehaviorVersion::latest())
        .http_client(http_client(trusted))
        .region(Region::new(region))
        .credentials_provider(SharedCredentialsProvider::new(credentials))
        // An attempt's time-out bounds its body too.
        .stalled_stream_protection(StalledStreamProtectionConfig::disabled())
        .service_config(endpoints);
    config.set_use_fips(fips).set_use_dual_stack(dual_stack);
    Ok(config.build())
}

/// Endpoints by the last part of their variable's name; the empty one is every service's.
#[derive(Default)]
struct Endpoints(Vec<(&'static str, String)>);

impl Endpoints {
    fn of(look_up: &impl Fn(&str) -> Option<String>) -> Endpoints {
        let names = ["_DYNAMODB", "_DYNAMODB_STREAMS", "_SQS", "_SSM", ""];
        Endpoints(names.into_iter().filter_map(|name| Some((name, look_up(&format!("{ENDPOINT}{name}"))?))).collect())
    }
}

impl LoadServiceConfig for Endpoints {
    fn load_config(&self, key: ServiceConfigKey<'_>) -> Option<String> {
        let service = key.service_id().replace(' ', "_");
        let of_service = |name: &str| name.is_empty() || name.strip_prefix('_').is_some_and(|name| name.eq_ignore_ascii_case(&service));
        let found = self.0.iter().find(|(name, _)| key.env() == ENDPOINT && of_service(name))?;
        Some(found.1.clone())
    }
}

impl fmt::Debug for Endpoints {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_map().entries(self.0.iter().map(|(name, url)| (name, url))).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LAMBDA: [(&str, &str); 3] = [("AWS_REGION", "eu-west-1"), ("AWS_ACCESS_KEY_ID", "key"), ("AWS_SECRET_ACCESS_KEY", "secret")];

    fn config(more: &[(&str, &str)]) -> Result<SdkConfig, String> {
        let look_up = |wanted: &str| {
            let found = more.iter().chain(&LAMBDA).find(|(name, _)| *name == wanted);
            found.map(|(_, value)| (*value).to_owned())
        };
        config_for_function(look_up, |path| Err(io::Error::other(format!("no {path} here"))))
    }

    fn endpoint(config: &SdkConfig, service: &str) -> Option<String> {
        let key = ServiceConfigKey::builder().service_id(service).env(ENDPOINT).profile("endpoint_url").build().unwrap();
        config.service_config().unwrap().load_config(key)
    }

    #[test]
    fn what_lambda_sets_is_enough() {
        let config = config(&[]).unwrap();
        assert_eq!(config.region().unwrap().as_ref(), "eu-west-1");
        assert_eq!((endpoint(&config, "SQS"), config.use_fips(), config.use_dual_stack()), (None, None, None));
    }

    #[test]
    fn a_services_own_endpoint_goes_before_the_one_of_all() {
        let all = [("AWS_ENDPOINT_URL", "http://a"), ("AWS_ENDPOINT_URL_DYNAMODB", "http://d"), ("AWS_ENDPOINT_URL_SSM", "")];
        let found = config(&all).unwrap();
        let endpoints = ["DynamoDB", "DynamoDB Streams", "SSM"].map(|service| endpoint(&found, service).unwrap());
        assert_eq!(endpoints, ["http://d", "http://a", "http://a"]);
        let ignored = config(&[&all[..], &[("AWS_IGNORE_CONFIGURED_ENDPOINT_URLS", "True")]].concat()).unwrap();
        assert_eq!(endpoint(&ignored, "DynamoDB"), None);
    }

    #[test]
    fn every_problem_is_named_at_once() {
        let error =
            config(&[("AWS_REGION", ""), ("AWS_SECRET_ACCESS_KEY", ""), ("AWS_USE_FIPS_ENDPOINT", "1"), ("AWS_CA_BUNDLE", "/nowhere.pem")]);
        assert_eq!(
            error.unwrap_err(),
            "AWS_REGION or AWS_DEFAULT_REGION is missing; Lambda sets it; AWS_SECRET_ACCESS_KEY is missing; Lambda sets it; \
             AWS_USE_FIPS_ENDPOINT is neither true nor false; AWS_CA_BUNDLE: /nowhere.pem: no /nowhere.pem here"
        );
    }

    #[test]
    fn fips_and_dual_stack_are_asked_for_by_name() {
        let config = config(&[("AWS_USE_FIPS_ENDPOINT", "true"), ("AWS_USE_DUALSTACK_ENDPOINT", "TRUE")]).unwrap();
        assert_eq!((config.use_fips(), config.use_dual_stack()), (Some(true), Some(true)));
    }
}
