//! Order: kept for a key whose documents come by one shard, one event at a time, or that the table compares.

use super::{Trouble, set_variables};
use crate::doctor::deployment::{Deployment, Seen};

pub fn not_kept(deployment: &Deployment) -> Seen<Vec<Trouble>> {
    let mapping = &deployment.settings()?.mapping;
    let feeds = deployment.feeds()?;
    let newest = mapping.order_attribute().is_some();
    if mapping.keyed_by_identity() || mapping.keyed_by_partition_key() || (newest && !mapping.ordered_by_place_alone()) {
        return Ok(Vec::new());
    }
    let mut shards = 0;
    for feed in feeds {
        shards += feed.stream()?.shards;
    }
    // Events of one shard that run at the same time hold different partition keys, as different shards do.
    let lanes = if newest { shards } else { feeds.iter().map(|feed| feed.parallelization).max().unwrap_or(1) * shards };
    if lanes <= 1 {
        return Ok(Vec::new());
    }
    let key = &mapping.key_schema().partition.name;
    Ok(vec![Trouble {
        what: format!(
            "documents choose the key `{key}`, and come by {lanes} ways at once: their order is kept only if the producer's partition key \
             is made of that key alone"
        ),
        fix: set_variables(deployment, &[("WRITE_MODE", Some("newest")), ("ORDER_BY", Some("FIELD"))]),
    }])
}
