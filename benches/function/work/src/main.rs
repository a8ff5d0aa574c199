//! `bench-function-work RECORDS TIMES`: the function, without a network, handles an event of so many records so many times.
//!
//! To be run under callgrind: what it takes more for more times is what an invocation takes.

#[path = "../../src/event.rs"]
mod event;
mod in_process;

use std::io;

use in_process::{Answers, invoke};
use tablefeed::write::outcome::Outcome;

#[tokio::main(flavor = "current_thread")]
async fn main() -> io::Result<()> {
    let numbers: Vec<usize> = std::env::args().skip(1).filter_map(|argument| argument.parse().ok()).collect();
    let [records, times] = numbers[..] else { return Err(io::Error::other("usage: bench-function-work RECORDS TIMES")) };
    let answers = Answers::default();
    let function = answers.function(&[]).map_err(io::Error::other)?;
    let event = event::of(records);
    for _ in 0..times {
        let handled = invoke(&function, &event).await.map_err(io::Error::other)?;
        if usize::try_from(handled.report.outcomes.of(Outcome::Persisted)) != Ok(records) {
            return Err(io::Error::other(handled.report.log_line()));
        }
    }
    if answers.calls() != [times, times * records.div_ceil(25), 0] {
        return Err(io::Error::other(format!("{:?} calls", answers.calls())));
    }
    Ok(())
}
