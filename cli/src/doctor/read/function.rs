//! The function's configuration.

use aws_sdk_lambda::Client;

use super::found;
use crate::doctor::deployment::{Function, Seen, Unseen};

/// `name` is the function's name or ARN.
pub async fn function(client: &Client, name: &str) -> Seen<Function> {
    let answer = client.get_function_configuration().function_name(name).send().await;
    let what = format!("the function {name} cannot be read");
    let read = found(&what, answer, |error| error.is_resource_not_found_exception())?;
    let environment = read.environment.as_ref();
    if let Some(error) = environment.and_then(|environment| environment.error()) {
        let why = error.message().or(error.error_code()).unwrap_or("no reason is told");
        return Err(Unseen::Failed(format!("the variables of {name} cannot be read: {why}")));
    }
    let variables = environment.and_then(|environment| environment.variables()).cloned().unwrap_or_default();
    Ok(Function {
        name: read.function_name.unwrap_or_else(|| name.to_owned()),
        timeout_seconds: read.timeout.and_then(|seconds| u64::try_from(seconds).ok()).unwrap_or(3),
        memory_mib: read.memory_size.and_then(|size| u64::try_from(size).ok()).unwrap_or(128),
        variables: variables.into_iter().collect(),
    })
}
