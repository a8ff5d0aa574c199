//! `bench-ingest GUNICORN`: how fast documents are taken by HTTP, one a request, against a table that answers at once.
//!
//! ```text
//! core 1: load, 64 connections ─► core 0: one server at a time ─► core 1: the stub of a table
//! ```
//! Runs of the servers take turns, so that what else the machine does strikes all of them. Prints Markdown; medians of the runs.

mod floor;
mod load;
mod report;
mod server;
mod stub;
mod wire;

use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::time::Duration;

use tokio::net::TcpListener;

use crate::report::{Contender, Run, markdown, percentile};
use crate::server::Server;

const SERVER_CORE: usize = 0;
const LOAD_CORE: usize = 1;
const CONNECTIONS: usize = 64;
const RUNS: usize = 5;
const WARM: Duration = Duration::from_secs(2);
const LENGTH: Duration = Duration::from_secs(5);
/// Of gunicorn's one worker, so that others go on while one waits for the table.
const THREADS: &str = "4";

#[tokio::main(flavor = "current_thread")]
async fn main() -> io::Result<()> {
    match std::env::args().nth(1).as_deref() {
        Some("stub") => stub::serve(listen().await?).await,
        Some("floor") => {
            floor::serve(listen().await?).await;
            Ok(())
        }
        Some(gunicorn) => bench(Path::new(gunicorn)).await,
        None => Err(io::Error::other("say where gunicorn is; make bench-ingest does")),
    }
}

/// A listener whose address is told.
async fn listen() -> io::Result<TcpListener> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    writeln!(io::stdout(), "{}", listener.local_addr()?)?;
    Ok(listener)
}

async fn bench(gunicorn: &Path) -> io::Result<()> {
    let own = std::env::current_exe()?;
    let stub = Server::start(LOAD_CORE, &own, &["stub"], &[])?;
    let endpoint = format!("http://{}", stub.address);
    let mut contenders = [
        Contender { name: "tablefeed ingest", runs: Vec::new() },
        Contender { name: "Flask, boto3, gunicorn", runs: Vec::new() },
        Contender { name: "floor: a handler that writes nothing", runs: Vec::new() },
    ];
    for run in 0..RUNS {
        for (place, contender) in contenders.iter_mut().enumerate() {
            let server = match place {
                0 => Server::start(
                    SERVER_CORE,
                    &own.with_file_name("tablefeed"),
                    &["ingest", "--port", "0", "--endpoint-url", &endpoint],
                    &[],
                )?,
                1 => flask(gunicorn, &endpoint).await?,
                _ => Server::start(SERVER_CORE, &own, &["floor"], &[])?,
            };
            let measured = measure(&server).await?;
            writeln!(io::stderr(), "{}, run {}: {measured:?}", contender.name, run + 1)?;
            contender.runs.push(measured);
        }
    }
    writeln!(io::stdout(), "{}", markdown(&contenders))
}

/// gunicorn takes a listener's port only by number and says nothing on standard output: a worker's first line does it.
async fn flask(gunicorn: &Path, endpoint: &str) -> io::Result<Server> {
    let here = PathBuf::from(env!("CARGO_MANIFEST_DIR"));
    let port = TcpListener::bind("127.0.0.1:0").await?.local_addr()?.port();
    let (bind, folder) = (format!("127.0.0.1:{port}"), here.display().to_string());
    let config = format!("{folder}/gunicorn_config.py");
    let arguments = [
        "--bind",
        &bind,
        "--chdir",
        &folder,
        "--config",
        &config,
        "--workers",
        "1",
        "--threads",
        THREADS,
        "--no-control-socket",
        "flask_app:app",
    ];
    Server::start(SERVER_CORE, gunicorn, &arguments, &[("STUB", endpoint), ("THREADS", THREADS), ("PYTHONDONTWRITEBYTECODE", "1")])
}

async fn measure(server: &Server) -> io::Result<Run> {
    let before = server.used()?;
    let mut all = load::run(&server.address, CONNECTIONS, WARM).await.micros.len();
    let mut answers = load::run(&server.address, CONNECTIONS, LENGTH).await;
    all += answers.micros.len();
    let used = server.used()?.saturating_sub(before);
    let count = |count: usize| f64::from(u32::try_from(count).unwrap_or(u32::MAX));
    Ok(Run {
        rate: count(answers.micros.len()) / LENGTH.as_secs_f64(),
        p99: percentile(&mut answers.micros, 99),
        cost: used.as_secs_f64() * 1e6 / count(all.max(1)),
        failed: answers.failed,
    })
}
