//! Event to records to documents. Pure: bytes in, values out.
//!
//! [`event`] reads the invocation's JSON into records ([`kinesis`], [`kafka`]), which are alike from there on ([`record`]); [`payload`] turns a record's data into bytes; [`parts`] opens aggregates
//! ([`kpl`]) and compressed bytes ([`compression`]); [`documents`] splits what they held into JSON objects. What cannot be read
//! becomes a [`Rejection`](crate::reason::Rejection) of one document, one user record or one record, never an error of the whole.

pub mod compression;
pub mod documents;
pub mod event;
pub mod kafka;
pub mod kinesis;
pub mod kpl;
pub mod parts;
pub mod payload;
mod protobuf;
pub mod record;
