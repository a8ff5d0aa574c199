//! Streams: there.

use super::{Trouble, each_feed, named};
use crate::doctor::deployment::{Deployment, Seen, Unseen};

pub fn missing(deployment: &Deployment) -> Seen<Vec<Trouble>> {
    each_feed(deployment, |feed| match feed.stream() {
        Err(Unseen::Absent) => Ok(Some(Trouble {
            what: format!("{} reads a stream that does not exist", named(feed)),
            fix: format!("{} lambda delete-event-source-mapping --uuid {}", deployment.aws, feed.id),
        })),
        other => other.map(|_| None),
    })
}
