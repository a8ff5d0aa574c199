//! How often memory is asked for on the way from a document's text to its item. Counted, not timed; in a program of its own, as the
//! counting allocator is the whole program's.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

mod mapped;

use allocation_counter::measure;
use mapped::cases;

/// By mapping: for the document's tree, then for the item, its key and its text among them.
const MOST: [(&str, u64, u64); 3] = [("curated", 7, 16), ("document", 13, 9), ("derived keys", 2, 9)];

#[test]
fn a_document_becomes_an_item_with_few_allocations() {
    for (case, (name, most_read, most_mapped)) in cases().iter().zip(MOST) {
        let mut document = None;
        let read = measure(|| document = Some(case.document()));
        let document = document.unwrap();
        let mut item = None;
        let mapped = measure(|| item = Some(case.item(&document)));
        let item = item.unwrap();
        assert_eq!(case.name, name);
        assert!((1..=most_read).contains(&read.count_total), "{name}: {} allocations for the tree, not {most_read}", read.count_total);
        assert!((1..=most_mapped).contains(&mapped.count_total), "{name}: {} for the item, not {most_mapped}", mapped.count_total);
        assert_eq!(mapped.count_current, 2, "{name}: the item keeps its key and its text alone, {}", item.json);
    }
}

#[test]
fn a_field_more_costs_no_allocation_but_those_of_the_texts_own_growth() {
    let mapped = |fields: usize| {
        let members: Vec<String> = (0..fields).map(|number| format!(r#""field-{number}":{{"n":{number}.50,"s":"text"}}"#)).collect();
        let text = format!(r#"{{"id":"a",{}}}"#, members.join(","));
        let document = tablefeed::json::parse(&text).unwrap();
        let [_, document_mapping, _] = cases();
        measure(|| drop(document_mapping.item(&document))).count_total
    };
    let (few, many) = (mapped(10), mapped(10 << 6));
    assert!(many <= few + 7, "{few} allocations for 10 fields, {many} for 64 times as many; the text doubles 6 times");
}
