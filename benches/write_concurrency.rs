//! How long 1,000 records take by `WRITE_CONCURRENCY`, at several round-trip times: the basis of its default.
//!
//! The table is a stub on loopback that accepts everything after a fixed time, so only the function's own part is seen.
//! `cargo bench --workspace --bench write_concurrency`

#![allow(clippy::unwrap_used, clippy::print_stdout, reason = "a bench fails by panicking and prints its table")]

use std::convert::Infallible;
use std::time::{Duration, SystemTime};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use http_body_util::{BodyExt, Full};
use hyper::body::{Bytes, Incoming};
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::TokioIo;
use serde_json::json;
use tablefeed::aws::{Clients, config_for_endpoint};
use tablefeed::persist::{Function, Invocation};
use tablefeed::settings::Settings;
use tablefeed::write::outcome::Outcome;
use tokio::net::TcpListener;
use tokio::time::{Instant, sleep};

const RECORDS: u64 = 1000;
const CONCURRENCIES: [usize; 7] = [1, 4, 8, 16, 32, 40, 64];
const ROUND_TRIPS_MS: [u64; 3] = [1, 5, 20];
const RUNS: usize = 7;

fn main() {
    let servers = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
    let function = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    println!("Milliseconds for {RECORDS} records, median of {RUNS} warm invocations\n");
    println!("| round trip | {} |", CONCURRENCIES.map(|concurrency| concurrency.to_string()).join(" | "));
    println!("|---|{}", "---|".repeat(CONCURRENCIES.len()));
    for round_trip in ROUND_TRIPS_MS {
        let listener = servers.block_on(TcpListener::bind("127.0.0.1:0")).unwrap();
        let endpoint = format!("http://{}", listener.local_addr().unwrap());
        servers.spawn(serve(listener, Duration::from_millis(round_trip)));
        let medians = CONCURRENCIES.map(|concurrency| format!("{:.1}", function.block_on(median(&endpoint, concurrency))));
        println!("| {round_trip} ms | {} |", medians.join(" | "));
    }
}

async fn serve(listener: TcpListener, round_trip: Duration) {
    loop {
        let (stream, _) = listener.accept().await.unwrap();
        stream.set_nodelay(true).unwrap();
        let service = service_fn(move |request| accept(request, round_trip));
        tokio::spawn(async move { hyper::server::conn::http1::Builder::new().serve_connection(TokioIo::new(stream), service).await });
    }
}

async fn accept(request: Request<Incoming>, round_trip: Duration) -> Result<Response<Full<Bytes>>, Infallible> {
    let parameter = request.headers()["x-amz-target"] == "AmazonSSM.GetParameter";
    request.into_body().collect().await.unwrap();
    sleep(round_trip).await;
    let body = if parameter { r#"{"Parameter":{"Name":"p","Value":"batch-1"}}"# } else { r#"{"UnprocessedItems":{}}"# };
    Ok(Response::new(Full::from(body)))
}

async fn median(endpoint: &str, concurrency: usize) -> f64 {
    let concurrency = concurrency.to_string();
    let settings = |name: &str| match name {
        "TABLE" => Some("Table".to_owned()),
        "LATEST_BATCH_ID" => Some("p".to_owned()),
        "DLQ_URL" => Some(format!("{endpoint}/0/letters")),
        "WRITE_CONCURRENCY" => Some(concurrency.clone()),
        _ => None,
    };
    let settings = Settings::parse(settings, |path| std::fs::read_to_string(path)).unwrap();
    let function = Function::new(settings, Clients::new(&config_for_endpoint(endpoint), "tablefeed-bench", None));
    let event = event();
    let mut times = Vec::new();
    for run in 0..=RUNS {
        let begin = Instant::now();
        let invocation = Invocation::new("bench", "persist", begin + Duration::from_secs(60), SystemTime::now());
        let handled = function.handle(&event, &invocation).await.unwrap();
        assert_eq!(handled.report.outcomes.of(Outcome::Persisted), RECORDS);
        if run > 0 {
            times.push(begin.elapsed().as_secs_f64() * 1e3);
        }
    }
    times.sort_by(f64::total_cmp);
    times[RUNS / 2]
}

fn event() -> Vec<u8> {
    let records: Vec<_> = (0..RECORDS)
        .map(|number| {
            let document = json!({"bucket-name": "curated", "s3-key": format!("waze/{number}"), "table-name": "alert", "state": "MD",
                                  "month": "01", "year": "2018", "num-records": "7", "is-historical": "False"});
            let sequence = format!("495903382714902566085596925383615710959215759{number:011}");
            json!({"kinesis": {"partitionKey": "key", "sequenceNumber": sequence, "data": STANDARD.encode(document.to_string()),
                               "approximateArrivalTimestamp": 1_545_084_650.987},
                   "eventSource": "aws:kinesis", "eventID": format!("shardId-000000000000:{sequence}"),
                   "eventSourceARN": "arn:aws:kinesis:us-east-1:123456789012:stream/bench"})
        })
        .collect();
    json!({"Records": records}).to_string().into_bytes()
}
