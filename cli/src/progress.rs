//! What is going on, on a terminal and only when it takes longer than a second.

use std::borrow::Cow;
use std::time::Duration;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use tokio::task::JoinHandle;

use crate::output;

const QUIET: Duration = Duration::from_secs(1);
const TICK: Duration = Duration::from_millis(100);

/// A line on standard error that goes away when this is dropped. Where there is no terminal it never appears.
pub struct Progress {
    bar: ProgressBar,
    appearing: JoinHandle<()>,
}

impl Progress {
    /// `steps` is how many invocations, or letters, there will be.
    pub fn begin(steps: u64) -> Progress {
        let bar = ProgressBar::with_draw_target(Some(steps), ProgressDrawTarget::hidden());
        let template = if steps > 1 { "{spinner} {msg} {wide_bar} {pos}/{len} {elapsed}" } else { "{spinner} {msg} {elapsed}" };
        if let Ok(style) = ProgressStyle::with_template(template) {
            bar.set_style(style);
        }
        let shown = bar.clone();
        let appearing = tokio::spawn(async move {
            tokio::time::sleep(QUIET).await;
            shown.set_draw_target(ProgressDrawTarget::stderr());
            shown.enable_steady_tick(TICK);
        });
        Progress { bar, appearing }
    }

    pub fn stage(&self, stage: impl Into<Cow<'static, str>>) {
        self.bar.set_message(stage);
    }

    /// A line that stays, above this one.
    pub fn note(&self, text: &str) {
        self.bar.suspend(|| output::note(text));
    }

    pub fn step(&self) {
        self.steps(1);
    }

    pub fn steps(&self, count: usize) {
        self.bar.inc(count as u64);
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        self.appearing.abort();
        self.bar.finish_and_clear();
    }
}
