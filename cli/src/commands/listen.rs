//! `tablefeed listen`: a URL on this machine that subscribes itself at a relay and prints what arrives.

use std::net::Ipv4Addr;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;
use clap::Args;
use tablefeed_relay::subscription::Secret;
use tablefeed_server::Limits;
use tokio::net::TcpListener;
use uuid::Uuid;

use crate::exit::{BadInput, Exit};
use crate::listen::client::Subscriptions;
use crate::listen::server::{Listener, routes};
use crate::output;
use crate::stop::Stop;

const LIMITS: Limits = Limits { connections: 64, drain: Duration::from_secs(2) };

const EXAMPLES: &str = "Examples:
  tablefeed listen --subscribe Orders
  tablefeed listen --subscribe Orders --answer 500,500,204 --delay 2s
  tablefeed listen --subscribe Orders --relay http://127.0.0.1:3001 --json";

/// Subscribe to a table's changes at a relay, and print what arrives, until Ctrl-C
///
/// One line a record: what happened, the item's key, and the item; of a removed item, as it was. Signatures are verified. The subscription is
/// removed when the command ends.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub struct Listen {
    /// The table
    #[arg(long, value_name = "TABLE")]
    subscribe: String,
    /// The relay's URL; RELAY_API_KEY in the environment is sent along
    #[arg(long, value_name = "URL", default_value = "http://127.0.0.1:3000")]
    relay: String,
    /// Port of 127.0.0.1; 0 takes any free one
    #[arg(long, default_value_t = 0)]
    port: u16,
    /// The signing secret, whsec_…; one is made up unless given
    #[arg(long)]
    secret: Option<String>,
    /// Statuses to answer with, one a request; the last one stays
    #[arg(long, value_name = "STATUS", value_delimiter = ',', default_value = "204", value_parser = clap::value_parser!(u16).range(200..=599))]
    answer: Vec<u16>,
    /// How long to wait before each answer, such as 2s or 500ms
    #[arg(long, value_name = "TIME", default_value = "0s", value_parser = duration)]
    delay: Duration,
    /// Print each body as it came
    #[arg(long)]
    json: bool,
}

impl Listen {
    pub async fn run(self) -> anyhow::Result<Exit> {
        let mut stop = Stop::listen()?;
        let secret = match &self.secret {
            Some(text) => Secret::parse(text).map_err(|error| BadInput::error(format!("--secret: {error}")))?,
            None => Secret([Uuid::new_v4(), Uuid::new_v4()].iter().flat_map(|id| id.into_bytes()).collect()),
        };
        let socket =
            TcpListener::bind((Ipv4Addr::LOCALHOST, self.port)).await.with_context(|| format!("cannot listen on {}", self.port))?;
        let url = format!("http://{}/", socket.local_addr()?);
        let relay = Subscriptions::new(&self.relay, std::env::var("RELAY_API_KEY").ok())?;
        let listener = Arc::new(Listener::new(secret.clone(), self.answer.clone(), self.delay, self.json));
        let served = async {
            let ended = async {
                tokio::select! {
                    () = stop.wait() => {}
                    () = listener.unheard() => {}
                }
            };
            tablefeed_server::serve(socket, routes(listener.clone()), LIMITS, ended).await;
        };
        let mut serving = std::pin::pin!(served);
        let secret = secret.text();
        // It answers already while it subscribes: what was changed before may come at once.
        let id = tokio::select! {
            () = &mut serving => return Ok(Exit::Done),
            id = relay.add(&self.subscribe, &url, &secret) => id?,
        };
        output::note(&format!("{url} gets the changes of {}, subscription {id}; Ctrl-C ends it", self.subscribe));
        serving.await;
        if let Err(error) = relay.remove(&id).await {
            output::note(&format!("the subscription {id} stays: {error}"));
        }
        Ok(Exit::Done)
    }
}

/// A number with its unit: `2s`, `500ms`.
fn duration(text: &str) -> Result<Duration, String> {
    let wrong = || format!("{text:?} is no time such as 2s or 500ms");
    let (number, unit) = text.strip_suffix("ms").map_or_else(|| (text.strip_suffix('s'), 1000), |number| (Some(number), 1));
    let number: u64 = number.ok_or_else(wrong)?.parse().map_err(|_| wrong())?;
    number.checked_mul(unit).map(Duration::from_millis).ok_or_else(wrong)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_has_a_unit() {
        assert_eq!((duration("2s"), duration("500ms")), (Ok(Duration::from_secs(2)), Ok(Duration::from_millis(500))));
        for wrong in ["2", "s", "-1s", "1m", ""] {
            assert!(duration(wrong).is_err(), "{wrong}");
        }
    }
}
