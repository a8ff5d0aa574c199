//! Event to records to documents. Pure: bytes in, values out.
//!
//! [`kinesis`] reads the invocation's JSON into records; [`payload`] turns a record's data into bytes; [`documents`] splits the
//! bytes into JSON objects. What cannot be read becomes a [`Rejection`](crate::reason::Rejection) of one document or one record,
//! never an error of the whole.

pub mod documents;
pub mod kinesis;
pub mod payload;
