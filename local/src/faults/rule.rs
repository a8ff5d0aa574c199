//! Which calls a fault is for.

use hyper::body::Bytes;

use super::fault::Fault;
use crate::target::Service;

/// A fault and the calls that it is for: every call unless narrowed, each time unless counted.
#[derive(Debug, Clone)]
pub struct Rule {
    pub(super) fault: Fault,
    service: Option<Service>,
    operation: Option<String>,
    app: Option<String>,
    body: Option<String>,
    pub(super) skip: u64,
    pub(super) times: Option<u64>,
}

/// A call as the rules see it.
pub(crate) struct Seen<'a> {
    pub service: Service,
    pub operation: &'a str,
    pub app: Option<&'a str>,
    pub body: &'a Bytes,
}

impl Rule {
    pub fn new(fault: Fault) -> Rule {
        Rule { fault, service: None, operation: None, app: None, body: None, skip: 0, times: None }
    }

    #[must_use]
    pub fn service(self, service: Service) -> Rule {
        Rule { service: Some(service), ..self }
    }

    #[must_use]
    pub fn operation(self, operation: &str) -> Rule {
        Rule { operation: Some(operation.to_owned()), ..self }
    }

    /// Calls of clients with this app name only.
    #[must_use]
    pub fn app(self, app: &str) -> Rule {
        Rule { app: Some(app.to_owned()), ..self }
    }

    /// Calls whose body holds this text only; JSON inside a JSON text matches as if it were not escaped.
    #[must_use]
    pub fn body(self, text: &str) -> Rule {
        Rule { body: Some(text.to_owned()), ..self }
    }

    /// Lets the first calls that it is for pass.
    #[must_use]
    pub fn skip(self, calls: u64) -> Rule {
        Rule { skip: calls, ..self }
    }

    /// Strikes so often, then never again.
    #[must_use]
    pub fn times(self, times: u64) -> Rule {
        Rule { times: Some(times), ..self }
    }

    pub(super) fn is_for(&self, call: &Seen<'_>) -> bool {
        self.service.is_none_or(|service| service == call.service)
            && self.operation.as_deref().is_none_or(|operation| operation == call.operation)
            && self.app.as_deref().is_none_or(|app| Some(app) == call.app)
            && self.body.as_deref().is_none_or(|text| std::str::from_utf8(call.body).is_ok_and(|body| contains(body, text)))
            && self.fault.concerns(call)
    }
}

/// Whether JSON holds a text, as it stands or inside one of its strings.
pub(super) fn contains(json: &str, text: &str) -> bool {
    json.contains(text) || (json.contains('\\') && json.replace("\\\"", "\"").contains(text))
}
