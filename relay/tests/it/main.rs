//! The relay over the wire.

mod embedded;
mod http;
mod receiver;
