//! The relay over the wire.

mod deliver;
mod function;
mod receiver;
mod runtime;
