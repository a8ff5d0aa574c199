//! The Lambda function `persist`, for Kinesis and Kafka: settings and clients once, then an event at a time. All the work is in the library.

use std::io::Write;
use std::panic::set_hook;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use bytes::Bytes;
use lambda_runtime::{Context, Diagnostic, Error, LambdaEvent, LambdaInvocation, Runtime, service_fn};
use serde::de::IgnoredAny;
use tablefeed::aws::{Clients, config_for_function};
use tablefeed::persist::report::event_line;
use tablefeed::persist::{Function, FunctionError, Invocation};
use tablefeed::settings::{LogLevel, Settings};
use tokio::time::Instant;
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
    let config = config_for_function(|name| std::env::var(name).ok(), |path| std::fs::read(path))
        .inspect_err(|error| print(&event_line(LogLevel::Error, error)))?;
    let clients = Clients::new(&config, "tablefeed-persist", settings.table.region.as_deref());
    let function = Function::new(settings, clients);

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
        let function = &function;
        async move {
            let handled = function.handle(&event, &described(invocation.context)).await.map_err(|error| diagnostic(&error))?;
            let level = function.settings().log_level;
            if level <= LogLevel::Debug {
                handled.report.letter_lines().for_each(|line| print(&line));
            }
            if level <= handled.report.level() {
                print(&handled.report.log_line());
            }
            print(&handled.report.metrics());
            handled.response.map_err(|error| diagnostic(&error))
        }
    });
    Runtime::new(handler).layer(MapRequestLayer::new(keep)).run().await
}

fn described(context: Context) -> Invocation {
    let now = SystemTime::now();
    let deadline = UNIX_EPOCH + Duration::from_millis(context.deadline);
    Invocation {
        request_id: context.request_id,
        function: context.invoked_function_arn,
        deadline: Instant::now() + deadline.duration_since(now).unwrap_or_default(),
        now,
    }
}

fn diagnostic(error: &FunctionError) -> Diagnostic {
    let error_type = match error {
        FunctionError::Event(_) => "UnreadableEvent",
        FunctionError::NoOrder => "NoOrder",
        FunctionError::NoCheckpoint => "NoCheckpoint",
        FunctionError::Unfinished { .. } => "Unfinished",
    };
    let error_message = error.to_string();
    print(&event_line(LogLevel::Error, &error_message));
    Diagnostic { error_type: error_type.to_owned(), error_message }
}

/// One line on standard output, which Lambda stores in the function's log. A log that is gone is no reason to stop.
fn print(line: &str) {
    writeln!(std::io::stdout().lock(), "{line}").unwrap_or_default();
}
