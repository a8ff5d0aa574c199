//! The relay over the wire: the real delivery to a local receiver, the function behind Lambda's event source mapping, and the control.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on says where")]

mod control;
mod deliver;
mod function;
mod receiver;
mod runtime;
