//! The command line as people run it: the built binary, each test in a directory of its own.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on says where")]

mod bad_input;
mod doctor;
mod emulate;
mod fake;
mod generate;
mod health;
mod ingest;
mod ingest_saturated;
mod invoke;
mod item;
mod items;
mod keeping;
mod laptop;
mod letters;
mod letters_given_up;
mod letters_hidden;
mod letters_killed;
mod letters_redrive;
mod map;
mod people;
mod profile;
mod relay;
mod relay_killed;
mod run;
mod run_killed;
mod settings_page;
mod shared;
mod status;
mod table;
mod topic;
mod webhook;
