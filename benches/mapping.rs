//! How long a document takes from its text to its item, and how often it asks for memory on the way.
//!
//! The built-in mappings and keys that show the time. `cargo bench --workspace --bench mapping`

#![allow(clippy::unwrap_used, clippy::panic, clippy::print_stdout, reason = "a bench fails by panicking and prints its figures")]

#[path = "../tests/mapped/mod.rs"]
mod mapped;

use std::hint::black_box;

use allocation_counter::measure;
use criterion::{Criterion, Throughput, criterion_group, criterion_main};

fn allocations() {
    println!("Allocations for a document\n\n| mapping | reading it | mapping it | bytes of both |\n|---|---|---|---|");
    for case in mapped::cases() {
        let document = case.document();
        let read = measure(|| drop(black_box(case.document())));
        let mapped = measure(|| drop(black_box(case.item(&document))));
        let bytes = read.bytes_total + mapped.bytes_total;
        println!("| {} | {} | {} | {bytes} |", case.name, read.count_total, mapped.count_total);
    }
    println!();
}

fn times(criterion: &mut Criterion) {
    allocations();
    for case in mapped::cases() {
        let document = case.document();
        let mut group = criterion.benchmark_group(case.name);
        group.throughput(Throughput::Bytes(case.text.len() as u64));
        group.bench_function("read", |bencher| bencher.iter(|| case.document()));
        group.bench_function("map", |bencher| bencher.iter(|| case.item(black_box(&document))));
        group.finish();
    }
}

criterion_group!(benches, times);
criterion_main!(benches);
