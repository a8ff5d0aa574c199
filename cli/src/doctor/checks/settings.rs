//! The function's settings, as it would parse them at its start.

use std::collections::BTreeSet;

use tablefeed::settings::SETTINGS;

use super::{Trouble, set_variable};
use crate::doctor::deployment::{Deployment, Seen};

/// Names that the function reads, and that are no settings of its own.
const READ_BESIDE: &[&str] = &["AWS_LAMBDA_LOG_LEVEL", "POWERTOOLS_LOG_LEVEL"];
/// Letters that may be wrong in a mistyped name, which must not be too short for that.
const MOST_SLIPS: usize = 2;
const SHORTEST: usize = 6;

pub fn bad(deployment: &Deployment) -> Seen<Vec<Trouble>> {
    if deployment.problems.is_empty() {
        // Also if a mapping's file could not be read.
        deployment.settings()?;
    }
    let trouble = |problem: &tablefeed::settings::Problem| Trouble {
        what: format!("{} {}", problem.name, problem.message),
        fix: if problem.message.starts_with("is missing") {
            set_variable(deployment, &[problem.name], Some("VALUE"))
        } else {
            set_variable(deployment, &given_names(deployment, problem.name), None)
        },
    };
    Ok(deployment.problems.iter().map(trouble).collect())
}

/// The setting's name and those of its aliases that are set; the name alone if that cannot be told.
fn given_names<'n>(deployment: &Deployment, name: &'n str) -> Vec<&'n str> {
    let aliases = SETTINGS.iter().find(|setting| setting.name == name).map_or(&[][..], |setting| setting.aliases);
    let variables: BTreeSet<&str> = deployment.function.iter().flat_map(|function| function.variables.keys().map(String::as_str)).collect();
    let given: Vec<&str> = std::iter::once(name).chain(aliases.iter().copied()).filter(|name| variables.contains(name)).collect();
    if given.is_empty() { vec![name] } else { given }
}

/// What the function warns of at its start, apart from what has a check of its own.
pub fn risky(deployment: &Deployment) -> Seen<Vec<Trouble>> {
    let warnings = deployment.settings()?.warnings.iter().filter(|warning| !warning.starts_with("PERSIST_RECORDS="));
    let trouble = |warning: &String| {
        let name = warning.split(['=', ' ']).next().unwrap_or_default();
        let known = SETTINGS.iter().find(|setting| setting.name == name).map_or("MAPPING", |setting| setting.name);
        let given = given_names(deployment, known);
        // A mapping that was not meant so is to be written anew, not taken away.
        let value = (known == "MAPPING" || known.ends_with("_KEY") && known != "DRILL_PANIC_PARTITION_KEY").then_some("VALUE");
        Trouble { what: warning.clone(), fix: set_variable(deployment, &given, value) }
    };
    Ok(warnings.map(trouble).collect())
}

/// A mistyped name.
pub fn unknown(deployment: &Deployment) -> Seen<Vec<Trouble>> {
    let names = || SETTINGS.iter().flat_map(|setting| std::iter::once(setting.name).chain(setting.aliases.iter().copied()));
    let trouble = |name: &String| {
        let known = names().find(|known| known == name).is_some() || READ_BESIDE.contains(&name.as_str());
        let upper = name.to_ascii_uppercase();
        let near = |known: &&str| upper.len() >= SHORTEST && strsim::damerau_levenshtein(&upper, &known.to_ascii_uppercase()) <= MOST_SLIPS;
        let nearest = names().find(near).filter(|_| !known)?;
        Some(Trouble { what: format!("{name} is no setting; did you mean {nearest}?"), fix: set_variable(deployment, &[name], None) })
    };
    Ok(deployment.function()?.variables.keys().filter_map(trouble).collect())
}

pub fn dry_run(deployment: &Deployment) -> Seen<Vec<Trouble>> {
    persist_records(deployment, 0, "PERSIST_RECORDS=0: the function writes nothing")
}

pub fn one_record(deployment: &Deployment) -> Seen<Vec<Trouble>> {
    persist_records(deployment, 1, "PERSIST_RECORDS=1: the function writes one item an invocation, and the others are over the limit")
}

fn persist_records(deployment: &Deployment, count: u64, what: &str) -> Seen<Vec<Trouble>> {
    if deployment.settings()?.persist_records != Some(count) {
        return Ok(Vec::new());
    }
    Ok(vec![Trouble { what: what.to_owned(), fix: set_variable(deployment, &["PERSIST_RECORDS"], None) }])
}
