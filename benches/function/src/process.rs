//! A function under measurement: its process on a core of its own behind a Runtime API, and what Linux says that it has used.

use std::fs::{self, File};
use std::io;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use hyper::body::Bytes;

use crate::runtime_api::RuntimeApi;
use crate::starter::Starter;

/// A program that is a function: how the report calls it, and how it is started.
#[derive(Debug)]
pub struct Bootstrap {
    pub name: String,
    pub program: String,
    pub arguments: Vec<String>,
}

/// Ends with the value.
#[derive(Debug)]
pub struct Process {
    child: Child,
    api: RuntimeApi,
    /// From its start to its first question for an event.
    pub init: Duration,
}

impl Process {
    /// Starts the function, and waits until it asks for an event. What it prints goes to the file `log`.
    pub async fn start(bootstrap: &Bootstrap, endpoint: &str, bundle: Option<&Path>, starter: &Starter, log: &Path) -> io::Result<Process> {
        let api = RuntimeApi::start().await?;
        let out = File::create(log)?;
        let mut command = Command::new(&bootstrap.program);
        command.args(&bootstrap.arguments).stdin(Stdio::null()).stdout(out.try_clone()?).stderr(out);
        command.env_clear().envs(environment(endpoint)).env("AWS_LAMBDA_RUNTIME_API", &api.address);
        for name in ["PATH", "LD_LIBRARY_PATH"] {
            command.envs(std::env::var_os(name).map(|value| (name, value)));
        }
        if let Some(bundle) = bundle {
            // The one is what AWS documents, the other what the SDK's own trust store heeds.
            command.env("AWS_CA_BUNDLE", bundle).env("SSL_CERT_FILE", bundle);
        }
        let (child, begin) = starter.start(command).await?;
        let mut process = Process { child, api, init: Duration::ZERO };
        let told = |error| io::Error::other(format!("{} does not start: {error}; see {}", bootstrap.name, log.display()));
        process.init = process.api.idle().await.map_err(told)? - begin;
        Ok(process)
    }

    /// Has an event handled: how long that took, and the processor time until the process asked for another event.
    pub async fn invoke(&mut self, event: Bytes) -> io::Result<(Duration, Duration)> {
        let before = self.used()?;
        let took = self.api.invoke(event).await?;
        self.api.idle().await?;
        Ok((took, self.used()?.saturating_sub(before)))
    }

    /// Processor time of all threads that there are.
    fn used(&self) -> io::Result<Duration> {
        let mut nanoseconds = 0;
        for thread in fs::read_dir(format!("/proc/{}/task", self.child.id()))? {
            // A thread may end between the list and the look.
            let Ok(text) = fs::read_to_string(thread?.path().join("schedstat")) else { continue };
            nanoseconds += text.split(' ').next().and_then(|field| field.parse::<u64>().ok()).unwrap_or(0);
        }
        Ok(Duration::from_nanos(nanoseconds))
    }

    /// The most memory that the process has had at once, in MiB.
    pub fn peak(&self) -> io::Result<f64> {
        let status = fs::read_to_string(format!("/proc/{}/status", self.child.id()))?;
        let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap_or_default();
        line.trim().trim_end_matches(" kB").parse().map(|kib: f64| kib / 1024.0).map_err(io::Error::other)
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        self.child.kill().unwrap_or_default();
        self.child.wait().map(drop).unwrap_or_default();
    }
}

/// What Lambda sets, and what the functions read.
fn environment(endpoint: &str) -> [(&'static str, String); 15] {
    [
        ("AWS_LAMBDA_FUNCTION_NAME", "persist".to_owned()),
        ("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "1769".to_owned()),
        ("AWS_LAMBDA_FUNCTION_VERSION", "$LATEST".to_owned()),
        ("AWS_LAMBDA_INITIALIZATION_TYPE", "on-demand".to_owned()),
        ("AWS_LAMBDA_LOG_GROUP_NAME", "/aws/lambda/persist".to_owned()),
        ("AWS_LAMBDA_LOG_STREAM_NAME", "stream".to_owned()),
        ("AWS_REGION", "us-east-1".to_owned()),
        ("AWS_DEFAULT_REGION", "us-east-1".to_owned()),
        ("AWS_ACCESS_KEY_ID", "test".to_owned()),
        ("AWS_SECRET_ACCESS_KEY", "test".to_owned()),
        ("AWS_SESSION_TOKEN", "test".to_owned()),
        ("AWS_ENDPOINT_URL", endpoint.to_owned()),
        ("TABLE", "CuratedRecords".to_owned()),
        ("LATEST_BATCH_ID", "/batch".to_owned()),
        ("DLQ_URL", format!("{endpoint}/000000000000/letters")),
    ]
}
