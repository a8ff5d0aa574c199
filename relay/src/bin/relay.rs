//! The Lambda function `relay`, on a DynamoDB stream: settings and client once, then an event at a time. All the work is in the library.

use std::io::Write;
use std::panic::set_hook;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use hyper::body::Bytes;
use lambda_runtime::{Diagnostic, Error, LambdaEvent, LambdaInvocation, Runtime, service_fn};
use serde::de::IgnoredAny;
use serde_json::Value;
use tablefeed::log::{LogLevel, Logging, event_line};
use tablefeed_relay::function::{Function, FunctionError, FunctionSettings, Invocation, RELAY_METRICS, parse_settings};
use tower::util::MapRequestLayer;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    // A panic's message may quote a record, so the log gets its place only.
    set_hook(Box::new(|panic| {
        let place = panic.location().map_or_else(String::new, ToString::to_string);
        print(&event_line(LogLevel::Error, &format!("panic at {place}")));
    }));
    let settings = parse_settings(|name| std::env::var(name).ok()).map_err(|error| error.to_string());
    let FunctionSettings { declaration, logging } = settings.inspect_err(|error| print(&event_line(LogLevel::Error, error)))?;
    logging.first_lines().for_each(|line| print(&line));
    let function = Function::new(declaration).map_err(|error| error.to_string());
    let function = function.inspect_err(|error| print(&event_line(LogLevel::Error, error)))?;
    let cold_start = AtomicBool::new(true);

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
        let invocation = Invocation::of(&invocation.context, cold_start.swap(false, Ordering::Relaxed));
        let (function, logging) = (&function, &logging);
        async move {
            let handled = function.handle(&event, &invocation).await;
            let level = if handled.is_complete() { LogLevel::Info } else { LogLevel::Warn };
            if logging.sampled_level(fastrand::f64()) <= level {
                print(&logging.line(&invocation, level, &handled.summary(), Value::Null));
            }
            logging.metrics(&invocation, RELAY_METRICS, &handled).iter().for_each(|line| print(line));
            handled.response.map_err(|error| diagnostic(&error, logging, &invocation))
        }
    });
    Runtime::new(handler).layer(MapRequestLayer::new(keep)).run().await
}

fn diagnostic(error: &FunctionError, logging: &Logging, invocation: &Invocation) -> Diagnostic {
    let error_type = match error {
        FunctionError::Event(_) => "UnreadableEvent",
        FunctionError::Refused { .. } => "Refused",
    };
    let error_message = error.to_string();
    print(&logging.line(invocation, LogLevel::Error, &error_message, Value::Null));
    Diagnostic { error_type: error_type.to_owned(), error_message }
}

/// One line on standard output, which Lambda stores in the function's log. A log that is gone is no reason to stop.
fn print(line: &str) {
    writeln!(std::io::stdout().lock(), "{line}").unwrap_or_default();
}
