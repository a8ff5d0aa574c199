//! Event filters: Lambda reads `data` as JSON for them, and drops what is none.

use super::{Trouble, each_feed, named, update_feed};
use crate::doctor::deployment::{Deployment, Sample, Seen, Unseen};

pub fn drops(deployment: &Deployment) -> Seen<Vec<Trouble>> {
    each_feed(deployment, |feed| {
        let sample = feed.sample.as_ref().map_err(Unseen::clone)?;
        Ok(lost(sample).map(|lost| Trouble {
            what: format!("{} filters by data, and {lost} of {} records looked at are no JSON", named(feed), sample.records),
            // An empty list takes the filters away; a mapping's `where` does their work.
            fix: update_feed(deployment, feed, "--filter-criteria '{\"Filters\":[]}'"),
        }))
    })
}

fn lost(sample: &Sample) -> Option<String> {
    let kinds = [(sample.compressed, "compressed"), (sample.aggregated, "aggregated"), (sample.other, "other")];
    let told: Vec<String> = kinds.iter().filter(|(count, _)| *count > 0).map(|(count, kind)| format!("{count} {kind}")).collect();
    (!told.is_empty()).then(|| told.join(", "))
}
