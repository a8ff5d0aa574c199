//! The Lambda function `ingest`, behind a function URL or an HTTP API: settings and clients once, then the server's own router.

use std::io::Write;
use std::panic::set_hook;
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use lambda_http::{Error, Request, RequestExt};
use tablefeed::aws::{Clients, config_for_function};
use tablefeed::persist::report::event_line;
use tablefeed::settings::LogLevel;
use tablefeed_ingest::app::{APP, Deadline, router};
use tablefeed_ingest::{App, Home, IngestSettings};
use tokio::time::Instant;
use tower::ServiceExt;

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
    let app = Arc::new(App::open(settings, clients, log).await?);
    lambda_http::run(router(app).map_request(with_deadline)).await
}

/// The request, which must be answered before Lambda ends the invocation.
fn with_deadline(mut request: Request) -> Request {
    if let Some(context) = request.lambda_context_ref() {
        let ends = UNIX_EPOCH + Duration::from_millis(context.deadline);
        let left = ends.duration_since(SystemTime::now()).unwrap_or_default();
        request.extensions_mut().insert(Deadline(Instant::now() + left.saturating_sub(ANSWER_MARGIN)));
    }
    request
}

/// One line on standard output, which Lambda stores in the function's log. A log that is gone is no reason to stop.
fn log(level: LogLevel, message: &str) {
    writeln!(std::io::stdout().lock(), "{}", event_line(level, message)).unwrap_or_default();
}
