//! The table before the first write: created if it is missing and that is wanted, and held against the mapping's key if that is.
//!
//! In: what the settings ask for. Out: nothing, or why nothing can be written, which is no record's fault. Once it went well it costs
//! nothing any more.

use std::sync::atomic::{AtomicBool, Ordering};

use aws_sdk_dynamodb::Client;
use tokio::time::{Instant, timeout_at};

use crate::settings::Settings;
use crate::table::{Definition, create_if_missing, key_difference, live_key};

/// Whether the table is known to be as the settings want it.
#[derive(Debug, Default)]
pub struct TableReady(AtomicBool);

impl TableReady {
    /// Creates and checks the table as far as `settings` ask for it, until `until`.
    pub async fn ensure(&self, client: &Client, settings: &Settings, until: Instant) -> Result<(), String> {
        if self.0.load(Ordering::Relaxed) || !(settings.create_table || settings.check_table) {
            return Ok(());
        }
        let made = timeout_at(until, make(client, settings)).await;
        made.map_err(|_| format!("table {} was not ready in time; it may still be CREATING", settings.table.id))??;
        self.0.store(true, Ordering::Relaxed);
        Ok(())
    }
}

async fn make(client: &Client, settings: &Settings) -> Result<(), String> {
    let table = settings.table.id.as_str();
    if settings.create_table {
        // Races with other functions are harmless: whoever comes second finds the table.
        let definition = Definition::of_mapping(table, &settings.mapping);
        create_if_missing(client, &definition).await.map_err(|error| error.to_string())?;
    }
    if settings.check_table {
        let live = live_key(client, table).await.map_err(|error| error.to_string())?;
        if let Some(difference) = key_difference(table, &live, settings.mapping.key_schema()) {
            return Err(format!("{difference}; name another TABLE, or change the mapping's key"));
        }
    }
    Ok(())
}
