//! The commands, one file each: arguments in, an [`Exit`](crate::exit::Exit) or an error out.

pub mod completions;
pub mod config;
pub mod doctor;
pub mod emulate;
pub mod health;
pub mod ingest;
pub mod invoke;
pub mod item;
pub mod items;
pub mod letters;
pub mod listen;
pub mod man;
pub mod map;
pub mod mapping;
pub mod relay;
pub mod run;
pub mod status;
pub mod table;
