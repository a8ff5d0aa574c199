//! The run over a topic: the consumer, what it tells, and the signals that end it.

use std::pin::pin;
use std::sync::Arc;
use std::time::Instant;

use tablefeed::persist::{Function, Handled};
use tablefeed_topic::{Options, Stop as Halt, Told, TopicError};
use tokio::sync::{mpsc, watch};

use super::account::Account;
use crate::exit::BadInput;
use crate::progress::Progress;
use crate::stop::Stop;
use crate::summary::Summary;

/// Feeds until the end or a signal; after the first signal events in flight end, a second one waits for nothing.
pub async fn feed(options: Options, function: Function, progress: &Progress, stop: &mut Stop) -> anyhow::Result<Account> {
    let mut listener = Listener {
        account: Account {
            topic: options.topic.clone(),
            group: options.group.clone(),
            deliveries: Summary::new(&function.settings().table.id),
            retries: 0,
            done: 0,
            partitions: 0,
            begun: Instant::now(),
            ended: None,
        },
        progress,
        cause: None,
    };
    progress.stage("joining the group");
    let (tell, mut told) = mpsc::unbounded_channel();
    let (halt, halted) = watch::channel(Halt::Go);
    let mut running = pin!(tablefeed_topic::run(options, Arc::new(function), halted, tell));
    let ended = loop {
        tokio::select! {
            ended = &mut running => break ended.map_err(in_exit_codes)?,
            Some(told) = told.recv() => listener.hear(told)?,
            () = stop.wait() => halt.send_modify(|halt| *halt = if *halt == Halt::Go { Halt::Drain } else { Halt::Now }),
        }
    };
    while let Ok(told) = told.try_recv() {
        listener.hear(told)?;
    }
    Ok(Account { ended: Some(ended), ..listener.account })
}

/// An error as the exit codes tell errors apart.
fn in_exit_codes(error: TopicError) -> anyhow::Error {
    match error {
        TopicError::Function(error) => error.into(),
        error if error.is_input() => BadInput::error(error.to_string()),
        error => error.into(),
    }
}

struct Listener<'p> {
    account: Account,
    progress: &'p Progress,
    /// The last cause that was told.
    cause: Option<String>,
}

impl Listener<'_> {
    fn hear(&mut self, told: Told) -> serde_json::Result<()> {
        match told {
            Told::Partitions(partitions) => self.account.partitions = partitions,
            Told::Trouble(trouble) => self.tell(format!("Kafka: {trouble}")),
            Told::Delivered { handled, took, again, done } => {
                self.account.retries += u64::from(again);
                self.account.done += done as u64;
                match &handled {
                    Some(handled) => self.account.deliveries.add(handled, took)?,
                    None => self.account.deliveries.invocations += 1,
                }
                if let Some(cause) = cause(handled.as_deref(), done) {
                    self.tell(format!("retrying: {cause}"));
                }
            }
        }
        self.progress.stage(self.account.live());
        Ok(())
    }

    /// Once, until the cause is another one.
    fn tell(&mut self, cause: String) {
        if self.cause.as_ref() != Some(&cause) {
            self.progress.note(&cause);
            self.cause = Some(cause);
        }
    }
}

/// Why records are delivered again.
fn cause(handled: Option<&Handled>, done: usize) -> Option<String> {
    if done > 0 {
        return None;
    }
    let Some(Handled { report, .. }) = handled else { return Some("the function's time ran out".to_owned()) };
    let known = report.systemic.clone().or_else(|| report.queue_refusal.clone());
    Some(known.unwrap_or_else(|| "the function left records unfinished; table or queue do not take them now".to_owned()))
}
