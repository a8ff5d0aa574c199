//! What goes wrong on purpose: rules that the front asks, in their order, about each call.
//!
//! - `rule`: [`Rule`], which calls a fault is for.
//! - `fault`: [`Fault`], what happens to them.
//! - `batch_write`, `entries`: batches taken apart, for the faults that strike some of their items.

pub(crate) mod batch_write;
pub(crate) mod entries;
mod fault;
mod rule;

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

pub use fault::{Fault, Select};
pub use rule::Rule;
pub(crate) use rule::Seen;

/// The rules in force. Thread-safe; shared by the front and whoever sets them.
#[derive(Debug, Default)]
pub struct Faults(Mutex<Rules>);

#[derive(Debug, Default)]
struct Rules {
    armed: Vec<Armed>,
    next: usize,
}

/// Names an added rule.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct RuleId(usize);

#[derive(Debug)]
struct Armed {
    id: RuleId,
    rule: Rule,
    /// Calls that it was for, those skipped included.
    matched: u64,
    fired: u64,
}

/// What is to happen to one call.
#[derive(Debug, Default)]
pub(crate) struct Plan {
    pub delay: Duration,
    pub fault: Option<Fault>,
}

impl Faults {
    /// Puts a rule behind those there are.
    pub fn add(&self, rule: Rule) -> RuleId {
        let mut rules = self.rules();
        let id = RuleId(rules.next);
        rules.next += 1;
        rules.armed.push(Armed { id, rule, matched: 0, fired: 0 });
        id
    }

    /// How often a rule has struck; 0 once it is removed.
    pub fn fired(&self, id: RuleId) -> u64 {
        self.rules().armed.iter().find(|armed| armed.id == id).map_or(0, |armed| armed.fired)
    }

    /// Takes one rule back.
    pub fn remove(&self, id: RuleId) {
        self.rules().armed.retain(|armed| armed.id != id);
    }

    /// Takes every rule back.
    pub fn clear(&self) {
        self.rules().armed.clear();
    }

    /// The first rule that strikes decides; delays before it add up.
    pub(crate) fn plan(&self, call: &Seen<'_>) -> Plan {
        let mut plan = Plan::default();
        for armed in &mut self.rules().armed {
            if !armed.strikes(call) {
                continue;
            }
            match &armed.rule.fault {
                Fault::Delay(delay) => plan.delay += *delay,
                fault => {
                    plan.fault = Some(fault.clone());
                    break;
                }
            }
        }
        plan
    }

    fn rules(&self) -> MutexGuard<'_, Rules> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Armed {
    fn strikes(&mut self, call: &Seen<'_>) -> bool {
        if self.rule.times.is_some_and(|times| self.fired >= times) || !self.rule.is_for(call) {
            return false;
        }
        self.matched += 1;
        let strikes = self.matched > self.rule.skip;
        self.fired += u64::from(strikes);
        strikes
    }
}
