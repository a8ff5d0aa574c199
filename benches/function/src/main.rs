//! `bench-function FOLDER ROUNDS NAME=PROGRAM...`: what functions cost that do the job of `persist`, or nothing.
//!
//! ```text
//! core 1: Runtime API ─► core 0: one function at a time ─► core 1: the endpoint of AWS, plain or with TLS
//! ```
//! A program may have arguments, after spaces. The one that is named `floor` writes nothing; `ours` is held against the targets. Rounds of
//! the functions take turns, so that what else the machine does strikes all of them. Prints Markdown; the same and more goes to FOLDER.

mod data;
mod endpoint;
mod event;
mod http;
mod markdown;
mod measure;
mod plots;
mod process;
mod runtime_api;
mod samples;
mod starter;
mod svg;
mod targets;
mod tls;

use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use tokio::task::LocalSet;

use crate::endpoint::Endpoint;
use crate::measure::{Bench, events};
use crate::process::Bootstrap;
use crate::samples::{Measured, Samples};
use crate::starter::{Starter, hold};

const FUNCTION_CORE: usize = 0;
const HARNESS_CORE: usize = 1;
const FLOOR: &str = "floor";
const OURS: &str = "ours";

#[tokio::main(flavor = "current_thread")]
async fn main() -> io::Result<()> {
    let mut arguments = std::env::args().skip(1);
    let (folder, rounds) = (arguments.next(), arguments.next().and_then(|rounds| rounds.parse().ok()));
    let functions: Option<Vec<Bootstrap>> = arguments.map(|argument| bootstrap(&argument)).collect();
    match (folder, rounds, functions) {
        (Some(folder), Some(rounds), Some(functions)) if rounds > 0 && !functions.is_empty() => {
            LocalSet::new().run_until(run(folder.into(), rounds, &functions)).await
        }
        _ => Err(io::Error::other("usage: bench-function FOLDER ROUNDS NAME=PROGRAM...; make bench-function knows them")),
    }
}

fn bootstrap(argument: &str) -> Option<Bootstrap> {
    let (name, command) = argument.split_once('=')?;
    let mut words = command.split_whitespace().map(str::to_owned);
    Some(Bootstrap { name: name.to_owned(), program: words.next()?, arguments: words.collect() })
}

async fn run(folder: PathBuf, rounds: usize, functions: &[Bootstrap]) -> io::Result<()> {
    hold(HARNESS_CORE)?;
    std::fs::create_dir_all(&folder)?;
    let bundle = std::path::absolute(folder.join("certificate.pem"))?;
    let tls = tls::acceptor(&bundle)?;
    let (plain, tls) = (Endpoint::start(None).await?, Endpoint::start(Some(tls)).await?);
    let bench = Bench { plain, tls, bundle, starter: Starter::on(FUNCTION_CORE), folder: folder.clone(), events: events() };
    let mut all: Vec<Measured> = Vec::new();
    for function in functions {
        let binary = std::fs::metadata(&function.program)?.len();
        all.push(Measured { name: function.name.clone(), samples: Samples { binary, ..Samples::default() } });
    }
    for round in 1..=rounds {
        for (function, measured) in functions.iter().zip(&mut all) {
            writeln!(io::stderr(), "round {round} of {rounds}: {}", function.name)?;
            bench.round(function, function.name != FLOOR, &mut measured.samples).await?;
        }
    }
    report(&folder, &all)
}

fn report(folder: &Path, all: &[Measured]) -> io::Result<()> {
    let nothing = Samples::default();
    let of = |name| all.iter().find(|measured| measured.name == name).map_or(&nothing, |measured| &measured.samples);
    let report = markdown::report(all, of(FLOOR), of(OURS));
    std::fs::write(folder.join("report.md"), &report)?;
    std::fs::write(folder.join("report.json"), format!("{:#}\n", data::data(all, of(FLOOR), of(OURS))))?;
    for (name, plot) in plots::plots(all) {
        std::fs::write(folder.join(name), plot)?;
    }
    writeln!(io::stdout(), "{report}")
}
