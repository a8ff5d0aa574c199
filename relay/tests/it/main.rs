//! The relay over the wire.
