//! The function itself, set up here: the library's own, with clients of its own name.
//!
//! In: checked settings and a target. Out: [`Prepared`]. What is missing is created, except in the cloud, and the table's key is checked.

use std::time::SystemTime;

use tablefeed::aws::Clients;
use tablefeed::persist::{Function, Invocation};
use tablefeed::settings::Settings;
use tablefeed::table::{TableError, key_difference, live_key};
use tokio::time::Instant;

use crate::exit::BadInput;
use crate::resources;
use crate::settings::Given;
use crate::target::Target;

/// The function's app name: tells its calls from those of this program.
pub const FUNCTION_APP: &str = "tablefeed-persist";

/// The function, and clients for this program's own calls.
pub struct Prepared {
    pub clients: Clients,
    pub function: Function,
}

/// Creates what is missing, and the function. `batch_id` is written into the parameter first.
pub async fn prepare(target: &Target, given: &Given, mut settings: Settings, batch_id: Option<&str>) -> anyhow::Result<Prepared> {
    let region = settings.table.region.clone();
    let clients = target.clients(region.as_deref());
    if !target.is_cloud() {
        resources::create(&clients, given, &mut settings, batch_id).await?;
    }
    if given.value("CHECK_TABLE").as_deref() != Some("false") {
        check_key(&clients, &settings).await?;
    }
    let function = Function::new(settings, Clients::new(&target.config, FUNCTION_APP, region.as_deref()));
    Ok(Prepared { clients, function })
}

/// The function for a dry run: it calls nothing, so nothing is created or looked at.
pub fn dry(target: &Target, settings: Settings) -> Function {
    let region = settings.table.region.clone();
    Function::new(settings, Clients::new(&target.config, FUNCTION_APP, region.as_deref()))
}

/// The table as it is must have the key that the mapping writes.
async fn check_key(clients: &Clients, settings: &Settings) -> anyhow::Result<()> {
    let table = &settings.table.id;
    let live = match live_key(&clients.dynamodb, table).await {
        Ok(live) => live,
        // The function creates it.
        Err(TableError::Missing { .. }) if settings.create_table => return Ok(()),
        Err(error @ TableError::Missing { .. }) => return Err(BadInput::error(error.to_string())),
        Err(error) => return Err(error.into()),
    };
    match key_difference(table, &live, settings.mapping.key_schema()) {
        None => Ok(()),
        Some(difference) => Err(BadInput::error(format!(
            "{difference}; name another table by --set TABLE=NAME, or change the mapping's \"key\" (--set CHECK_TABLE=false leaves out this check)"
        ))),
    }
}

/// An invocation that begins now.
pub fn invocation(request_id: String, deadline: Instant) -> Invocation {
    Invocation::new(request_id, "persist", deadline, SystemTime::now())
}
