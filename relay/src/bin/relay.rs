//! The Lambda function `relay`, on a DynamoDB stream: settings and client once, then an event at a time. All the work is in the library.

use std::io::Write;
use std::panic::set_hook;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use hyper::body::Bytes;
use lambda_runtime::{Context, Diagnostic, Error, LambdaEvent, LambdaInvocation, Runtime, service_fn};
use serde::de::IgnoredAny;
use tablefeed::persist::report::event_line;
use tablefeed::settings::LogLevel;
use tablefeed_relay::function::{Function, FunctionError, Invocation, parse_settings};
use tokio::time::Instant;
use tower::util::MapRequestLayer;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    // A panic's message may quote a record, so the log gets its place only.
    set_hook(Box::new(|panic| {
        let place = panic.location().map_or_else(String::new, ToString::to_string);
        log(LogLevel::Error, &format!("panic at {place}"));
    }));
    let settings = parse_settings(|name| std::env::var(name).ok()).map_err(|error| error.to_string());
    let function = settings.and_then(|settings| Function::new(settings).map_err(|error| error.to_string()));
    let function = function.inspect_err(|error| log(LogLevel::Error, error))?;

    // The records keep the text that they came with, so the invocation's raw bytes are kept here on their way in.
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
            let handled = function.handle(&event, &described(invocation.context)).await;
            log(if handled.is_complete() { LogLevel::Info } else { LogLevel::Warn }, &handled.summary());
            handled.response.map_err(|error| diagnostic(&error))
        }
    });
    Runtime::new(handler).layer(MapRequestLayer::new(keep)).run().await
}

fn described(context: Context) -> Invocation {
    let ends = UNIX_EPOCH + Duration::from_millis(context.deadline);
    let left = ends.duration_since(SystemTime::now()).unwrap_or_default();
    Invocation { function: context.invoked_function_arn, deadline: Instant::now() + left }
}

fn diagnostic(error: &FunctionError) -> Diagnostic {
    let error_type = match error {
        FunctionError::Event(_) => "UnreadableEvent",
        FunctionError::Refused { .. } => "Refused",
    };
    let error_message = error.to_string();
    log(LogLevel::Error, &error_message);
    Diagnostic { error_type: error_type.to_owned(), error_message }
}

/// One line on standard output, which Lambda stores in the function's log. A log that is gone is no reason to stop.
fn log(level: LogLevel, message: &str) {
    writeln!(std::io::stdout().lock(), "{}", event_line(level, message)).unwrap_or_default();
}
