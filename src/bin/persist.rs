//! The Lambda function `persist`, for Kinesis and Kafka: settings and clients once, then an event at a time. All the work is in the library.

use std::io::Write;
use std::panic::set_hook;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use bytes::Bytes;
use lambda_runtime::{Diagnostic, Error, LambdaEvent, LambdaInvocation, Runtime, service_fn};
use serde::de::IgnoredAny;
use serde_json::Value;
use tablefeed::aws::{Clients, config_for_function};
use tablefeed::log::{LogLevel, Logging, event_line};
use tablefeed::persist::{Function, FunctionError, Invocation};
use tablefeed::settings::Settings;
use tower::util::MapRequestLayer;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    // A panic's message may quote a record, so the log gets its place only.
    set_hook(Box::new(|panic| {
        let place = panic.location().map_or_else(String::new, ToString::to_string);
        print(&event_line(LogLevel::Error, &format!("panic at {place}")));
    }));
    let settings = Settings::parse(|name| std::env::var(name).ok(), |path| std::fs::read_to_string(path))
        .map_err(|error| error.to_string())
        .inspect_err(|error| print(&event_line(LogLevel::Error, error)))?;
    for warning in &settings.warnings {
        print(&event_line(LogLevel::Warn, warning));
    }
    settings.logging.first_lines().for_each(|line| print(&line));
    let config = config_for_function(|name| std::env::var(name).ok(), |path| std::fs::read(path))
        .inspect_err(|error| print(&event_line(LogLevel::Error, error)))?;
    let clients = Clients::new(&config, "tablefeed-persist", settings.table.region.as_deref());
    let function = Function::new(settings, clients);
    let cold_start = AtomicBool::new(true);

    // The handler reads the invocation's raw bytes, which are kept here on their way in: held once, and unreadable events are ours
    // to name.
    let event = Arc::new(Mutex::new(Bytes::new()));
    let keep = {
        let event = event.clone();
        move |mut invocation: LambdaInvocation| {
            *event.lock().unwrap_or_else(PoisonError::into_inner) = std::mem::replace(&mut invocation.body, Bytes::from_static(b"null"));
            invocation
        }
    };
    let handler = service_fn(|invocation: LambdaEvent<IgnoredAny>| {
        let event = std::mem::take(&mut *event.lock().unwrap_or_else(PoisonError::into_inner));
        let invocation = Invocation::of(&invocation.context, cold_start.swap(false, Ordering::Relaxed));
        let function = &function;
        async move {
            let logging = &function.settings().logging;
            let failed = |error: FunctionError| diagnostic(&error, logging, &invocation);
            let handled = function.handle(&event, &invocation).await.map_err(failed)?;
            let level = logging.sampled_level(fastrand::f64());
            if level <= LogLevel::Debug {
                handled.report.letter_lines().for_each(|line| print(&line));
            }
            if level <= handled.report.level() {
                print(&handled.report.log_line());
            }
            handled.report.metrics().iter().for_each(|line| print(line));
            handled.response.map_err(failed)
        }
    });
    Runtime::new(handler).layer(MapRequestLayer::new(keep)).run().await
}

fn diagnostic(error: &FunctionError, logging: &Logging, invocation: &Invocation) -> Diagnostic {
    let error_type = match error {
        FunctionError::Event(_) => "UnreadableEvent",
        FunctionError::NoOrder => "NoOrder",
        FunctionError::NoCheckpoint => "NoCheckpoint",
        FunctionError::Unfinished { .. } => "Unfinished",
    };
    let error_message = error.to_string();
    print(&logging.line(invocation, LogLevel::Error, &error_message, Value::Null));
    Diagnostic { error_type: error_type.to_owned(), error_message }
}

/// One line on standard output, which Lambda stores in the function's log. A log that is gone is no reason to stop.
fn print(line: &str) {
    writeln!(std::io::stdout().lock(), "{line}").unwrap_or_default();
}
