//! The Lambda function `ingest`, behind a function URL or an HTTP API: settings and clients once, then the server's own router.

use std::io::Write;
use std::panic::set_hook;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use lambda_http::{Error, Request, RequestExt};
use serde_json::Value;
use tablefeed::aws::{Clients, config_for_function};
use tablefeed::log::{LogLevel, Logging, event_line};
use tablefeed::persist::Invocation;
use tablefeed_ingest::app::{APP, Deadline, router};
use tablefeed_ingest::invoked::{INGEST_METRICS, Invoked};
use tablefeed_ingest::{App, Home, IngestSettings};
use tower::{ServiceExt, service_fn};

/// Kept for the answer's way back.
const ANSWER_MARGIN: Duration = Duration::from_millis(500);

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    // A panic's message may quote a document, so the log gets its place only.
    set_hook(Box::new(|panic| {
        let place = panic.location().map_or_else(String::new, ToString::to_string);
        log(LogLevel::Error, &format!("panic at {place}"));
    }));
    let parsed = IngestSettings::parse(|name| std::env::var(name).ok(), |path| std::fs::read_to_string(path), Home::Lambda);
    let settings = parsed.map_err(|error| error.to_string()).inspect_err(|error| log(LogLevel::Error, error))?;
    for warning in &settings.function.warnings {
        log(LogLevel::Warn, warning);
    }
    let region = |name: &str| settings.front.region.clone().filter(|_| name == "AWS_REGION");
    let config = config_for_function(|name| region(name).or_else(|| std::env::var(name).ok()), |path| std::fs::read(path));
    let config = config.inspect_err(|error| log(LogLevel::Error, error))?;
    let clients = Clients::new(&config, APP, settings.function.table.region.as_deref());
    settings.function.logging.first_lines().for_each(|line| print(&line));
    let app = Arc::new(App::open(settings, clients, log).await?);
    let router = router(app.clone());
    let cold_start = AtomicBool::new(true);
    lambda_http::run(service_fn(move |mut request: Request| {
        let (app, router, cold_start) = (app.clone(), router.clone(), cold_start.swap(false, Ordering::Relaxed));
        async move {
            let invocation = Invocation::of(&request.lambda_context(), cold_start);
            *under_way() = Some((app.function.settings().logging.clone(), invocation.clone()));
            // It must be answered before Lambda ends the invocation.
            request.extensions_mut().insert(Deadline(invocation.deadline - ANSWER_MARGIN));
            let response = router.oneshot(request).await;
            tell(&app, &invocation);
            response
        }
    }))
    .await
}

/// How the lines of the invocation that is under way are made, or of the last one; none before the first.
fn under_way() -> MutexGuard<'static, Option<(Arc<Logging>, Invocation)>> {
    static UNDER_WAY: Mutex<Option<(Arc<Logging>, Invocation)>> = Mutex::new(None);
    UNDER_WAY.lock().unwrap_or_else(PoisonError::into_inner)
}

/// What the invocation came to: a line at DEBUG, and the line of metrics.
fn tell(app: &App, invocation: &Invocation) {
    let logging = &app.function.settings().logging;
    let invoked = Invoked { counts: app.metrics.take(), cold_start: invocation.cold_start };
    if logging.sampled_level(fastrand::f64()) == LogLevel::Debug {
        print(&logging.line(invocation, LogLevel::Debug, "answered", invoked.facts()));
    }
    logging.metrics(invocation, INGEST_METRICS, &invoked).iter().for_each(|line| print(line));
}

fn log(level: LogLevel, message: &str) {
    let line = match &*under_way() {
        Some((logging, invocation)) => logging.line(invocation, level, message, Value::Null),
        None => event_line(level, message),
    };
    print(&line);
}

/// One line on standard output, which Lambda stores in the function's log. A log that is gone is no reason to stop.
fn print(line: &str) {
    writeln!(std::io::stdout().lock(), "{line}").unwrap_or_default();
}
