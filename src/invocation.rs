//! What an invocation is about, besides its event.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use lambda_runtime::Context;
use tokio::time::Instant;

/// One invocation.
#[derive(Debug, Clone)]
pub struct Invocation {
    pub request_id: String,
    /// The function's ARN or name.
    pub function: String,
    /// When Lambda ends the invocation.
    pub deadline: Instant,
    /// The time of day at the beginning.
    pub now: SystemTime,
    /// The root of its X-Ray trace.
    pub trace_id: Option<String>,
    /// Whether it is its process's first.
    pub cold_start: bool,
}

impl Invocation {
    /// One that is not Lambda's.
    pub fn new(request_id: impl Into<String>, function: impl Into<String>, deadline: Instant, now: SystemTime) -> Self {
        Invocation { request_id: request_id.into(), function: function.into(), deadline, now, trace_id: None, cold_start: false }
    }

    /// Lambda's, at its beginning.
    pub fn of(context: &Context, cold_start: bool) -> Self {
        let now = SystemTime::now();
        let ends = UNIX_EPOCH + Duration::from_millis(context.deadline);
        let deadline = Instant::now() + ends.duration_since(now).unwrap_or_default();
        let trace_id = context.xray_trace_id.as_deref().and_then(root);
        Invocation { trace_id, cold_start, ..Invocation::new(&context.request_id, &context.invoked_function_arn, deadline, now) }
    }
}

/// The root of a trace header, `Root=1-…;Parent=…;Sampled=1`.
fn root(header: &str) -> Option<String> {
    header.split(';').find_map(|part| part.trim().strip_prefix("Root=")).map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::root;

    #[test]
    fn the_root_of_a_trace_header_is_its_trace() {
        let id = "1-5759e988-bd862e3fe1be46a994272793";
        assert_eq!(root(&format!("Root={id};Parent=53995c3f42cd8ad8;Sampled=1")).as_deref(), Some(id));
        assert_eq!(root(&format!("Self=1-2; Root={id}")).as_deref(), Some(id));
        assert_eq!(root("Sampled=0"), None);
    }
}
