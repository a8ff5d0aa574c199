//! The relay over the wire.

mod embedded;
mod history;
mod http;
mod receiver;
mod sim;
