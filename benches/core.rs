//! How long 1,000 documents take in each stage of the core, and how often they ask for memory on the way.
//!
//! Events that carry them in each way that is read, and mappings that show the time. `cargo bench -p tablefeed --bench core`

#![allow(clippy::unwrap_used, clippy::panic, clippy::print_stdout, reason = "a bench fails by panicking and prints its figures")]

#[path = "core/events.rs"]
mod events;
#[path = "function/work/src/in_process.rs"]
#[allow(dead_code, reason = "what counts whole invocations is not used here")]
mod in_process;
#[path = "core/stages.rs"]
mod stages;

use std::hint::black_box;
use std::time::Duration;

use allocation_counter::measure;
use criterion::{BatchSize, Criterion, Throughput, criterion_group, criterion_main};
use events::{DOCUMENTS, KINDS, event};
use in_process::Answers;
use stages::{Case, cases, decode, planned, trees};
use tokio::runtime::{Builder, Runtime};

fn allocations(runtime: &Runtime) {
    let kinds = KINDS.map(|(kind, _)| format!("decode, {kind}")).join(" | ");
    println!(
        "Allocations for {DOCUMENTS} documents\n\n| mapping | {kinds} | map | plan | write |\n|---{}|",
        "|---".repeat(KINDS.len() + 3)
    );
    for case in cases() {
        let texts: Vec<String> = (0..DOCUMENTS).map(case.document).collect();
        let decoded = KINDS.map(|(_, data)| {
            let event = event(&data(&texts));
            measure(|| assert_eq!(decode(&event), DOCUMENTS)).count_total.to_string()
        });
        let (documents, answers) = (trees(&texts), Answers::default());
        let items = case.map(&documents);
        let (mapped, planning) = (measure(|| drop(case.map(&documents))), measure(|| drop(planned(&items))));
        let plan = planned(&items);
        let written = measure(|| case.write(runtime, &answers, plan, &items));
        assert_eq!(answers.calls(), [0, DOCUMENTS / 25, 0]);
        let rest = [mapped, planning, written].map(|stage| stage.count_total.to_string()).join(" | ");
        println!("| {} | {} | {rest} |", case.name, decoded.join(" | "));
    }
    println!();
}

fn times(criterion: &mut Criterion) {
    let runtime = Builder::new_current_thread().enable_all().build().unwrap();
    allocations(&runtime);
    for case in cases() {
        let mut group = criterion.benchmark_group(case.name);
        group.throughput(Throughput::Elements(DOCUMENTS as u64)).sample_size(20);
        group.warm_up_time(Duration::from_millis(300)).measurement_time(Duration::from_secs(1));
        let texts: Vec<String> = (0..DOCUMENTS).map(case.document).collect();
        for (kind, data) in KINDS {
            let event = event(&data(&texts));
            group.bench_function(format!("decode, {kind}"), |bencher| bencher.iter(|| decode(black_box(&event))));
        }
        let documents = trees(&texts);
        let items = case.map(&documents);
        group.bench_function("map", |bencher| bencher.iter(|| case.map(black_box(&documents))));
        group.bench_function("plan", |bencher| bencher.iter(|| planned(black_box(&items))));
        let answers = Answers::default();
        let write = |plan| Case::write(&case, &runtime, &answers, plan, &items);
        group.bench_function("serialise, sign", |bencher| bencher.iter_batched(|| planned(&items), write, BatchSize::SmallInput));
        group.finish();
    }
}

criterion_group!(benches, times);
criterion_main!(benches);
