//! Samples in, the report as Markdown out. Pure.

use std::fmt::Write as _;

use crate::samples::{LATENCIES, Measured, SIZES, Samples};
use crate::targets::{EVEN, FIGURES, Target};

/// `floor` and `ours` are among `all`.
pub fn report(all: &[Measured], floor: &Samples, ours: &Samples) -> String {
    [figures(all, floor, ours), processor(all, ours), times(all), calls(all)].join("\n")
}

fn row(text: &mut String, cells: impl IntoIterator<Item = String>) {
    let cells: Vec<String> = cells.into_iter().collect();
    writeln!(text, "| {} |", cells.join(" | ")).unwrap_or_default();
}

fn head(text: &mut String, titles: impl IntoIterator<Item = String>) {
    let titles: Vec<String> = titles.into_iter().collect();
    let line = vec!["---".to_owned(); titles.len()];
    row(text, titles);
    writeln!(text, "|{}|", line.join("|")).unwrap_or_default();
}

fn shown(value: Option<f64>) -> String {
    match value {
        None => "–".to_owned(),
        Some(value) if value.abs() < 10.0 => format!("{value:.2}"),
        Some(value) if value.abs() < 1000.0 => format!("{value:.1}"),
        Some(value) => format!("{value:.0}"),
    }
}

fn figures(all: &[Measured], floor: &Samples, ours: &Samples) -> String {
    let mut text = "First invocations: 100 records; a call takes 5 ms, but none where the processor's time is measured.\n\n".to_owned();
    head(&mut text, std::iter::once(String::new()).chain(FIGURES.iter().map(|figure| format!("{}, {}", figure.title, figure.unit))));
    for measured in all {
        let figures = FIGURES.iter().map(|figure| shown((figure.of)(&measured.samples)));
        row(&mut text, std::iter::once(measured.name.clone()).chain(figures));
    }
    let targets = FIGURES.iter().map(|figure| match figure.target {
        Target::AtMost(most) => format!("≤ {most}"),
        Target::TimesFloor(times) => format!("≤ {times} × floor = {}", shown(figure.limit(floor))),
    });
    row(&mut text, std::iter::once("**to reach**".to_owned()).chain(targets));
    let met = FIGURES.iter().map(|figure| match figure.is_met(ours, floor) {
        Some(true) => "met".to_owned(),
        Some(false) => "**missed**".to_owned(),
        None => "–".to_owned(),
    });
    row(&mut text, std::iter::once(String::new()).chain(met));
    text
}

fn processor(all: &[Measured], ours: &Samples) -> String {
    let mut text = "Processor time a record, µs, at no latency, an empty event's subtracted, by records of an event.\n\n".to_owned();
    head(&mut text, std::iter::once(String::new()).chain(SIZES.map(|records| records.to_string())));
    for Measured { name, samples } in all {
        let figures = SIZES.map(|records| shown(samples.processor_a_record(records)));
        row(&mut text, std::iter::once(name.clone()).chain(figures));
    }
    if let Some(uneven) = ours.unevenness() {
        let met = if uneven <= EVEN { "met" } else { "**missed**" };
        writeln!(text, "\nOurs from 1,000 records on: level within {uneven:.1} % (to reach: {EVEN} %): {met}.").unwrap_or_default();
    }
    text
}

fn times(all: &[Measured]) -> String {
    let mut text = "Warm invocations, ms, by how long a call takes and records of an event.\n\n".to_owned();
    head(&mut text, ["a call", ""].map(str::to_owned).into_iter().chain(SIZES.map(|records| records.to_string())));
    for latency in LATENCIES {
        for Measured { name, samples } in all {
            let figures = SIZES.map(|records| shown(samples.warm(latency, records)));
            row(&mut text, [format!("{latency} ms"), name.clone()].into_iter().chain(figures));
        }
    }
    text
}

fn calls(all: &[Measured]) -> String {
    let mut text = "What a new process asks of AWS for an event of 100 records and one of 1,000.\n\n".to_owned();
    head(&mut text, ["", "connections", "calls", "items"].map(str::to_owned));
    for Measured { name, samples } in all {
        let counts = &samples.counts;
        let calls: Vec<String> = counts.calls.iter().map(|(operation, count)| format!("{count} {operation}")).collect();
        row(&mut text, [name.clone(), counts.connections.to_string(), calls.join(", "), counts.items.to_string()]);
    }
    text
}
