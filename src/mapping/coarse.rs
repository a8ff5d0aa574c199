//! Keys that are the same for many documents because they show too little of a time.
//!
//! In: a compiled mapping. Out: a warning with its remedy. A key that holds anything else of a document or its record is the
//! declaration's own business.

use std::cell::Cell;

use super::item::Mapping;
use super::key::KeySchema;
use super::reference::{Reference, Source};
use super::time::Precision;

/// Says that the key shows too little of the time, if it is made of the time and of nothing else that differs by document.
pub(super) fn warning(mapping: &Mapping, key: &KeySchema) -> Option<String> {
    let shown: Cell<Option<Precision>> = Cell::new(None);
    let differs = |reference: &Reference| {
        reference.sources.iter().any(|source| match source {
            Source::Time(format) => {
                let precision = format.as_ref().map_or(Precision::ALL, |format| format.precision());
                shown.set(Some(shown.get().unwrap_or_default().and(precision)));
                false
            }
            Source::Batch | Source::Shard => false,
            _ => true,
        })
    };
    for name in key.names() {
        let attribute = mapping.attributes.iter().find(|attribute| *attribute.name == *name)?;
        if attribute.value.any_reference(&differs) {
            return None;
        }
    }
    let inexact = shown.get().is_some_and(|shown| !shown.is_exact());
    inexact.then(|| {
        let names: Vec<String> = key.names().map(|name| format!("`{name}`")).collect();
        format!(
            "the key {} shows too little of the time to tell documents apart, so that many replace each other; add `{{@id}}` behind it in a \
             mapping, or a sort key that differs",
            names.join(" + ")
        )
    })
}
