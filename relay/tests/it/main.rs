//! The relay over the wire: control, the real delivery to a local receiver, and the function behind Lambda's event source mapping.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on says where")]

mod control;
mod deliver;
mod embedded;
mod faults;
mod function;
mod history;
mod http;
mod receiver;
mod runtime;
mod sim;
mod taker;
mod template;
