//! The function's settings for a run on a laptop: defaults, and what `--set` changes. Never the environment, so that a run can be repeated.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::io;

use tablefeed::settings::{SETTINGS, Settings};

use crate::exit::BadInput;
use crate::output;
use crate::resources::{CURATED_TABLE, PARAMETER};

/// Passes for a queue's URL until the queue's own is known.
pub const ANY_QUEUE: &str = "http://127.0.0.1/000000000000/tablefeed-letters";

/// How near a name must be to be suggested, from 0 to 1.
const NEAR: f64 = 0.8;

/// Names and values as the function will look them up.
#[derive(Debug)]
pub struct Given {
    set: BTreeMap<String, String>,
    defaults: Vec<(&'static str, &'static str)>,
}

impl Given {
    /// `sets` are texts NAME=VALUE; of two with one name the last wins. In the cloud nothing has a default here.
    pub fn new(sets: &[String], cloud: bool) -> anyhow::Result<Given> {
        let mut set = BTreeMap::new();
        for text in sets {
            let (name, value) = text.split_once('=').ok_or_else(|| BadInput::error(format!("--set {text:?}: it must be NAME=VALUE")))?;
            set.insert(name.to_owned(), value.to_owned());
        }
        let mut given = Given { set, defaults: Vec::new() };
        if !cloud {
            given.defaults = vec![("LATEST_BATCH_ID", PARAMETER), ("DLQ_URL", ANY_QUEUE)];
            // A topic names the table otherwise.
            if !given.is_set("INPUT") {
                given.defaults.push(("TABLE", given.default_table()));
            }
        }
        Ok(given)
    }

    /// The settings, checked; every bad one, and every unknown name, in one error.
    pub fn settings(&self) -> anyhow::Result<Settings> {
        let mut problems = self.unknown();
        let parsed = Settings::parse(|name| self.look_up(name), |path| std::fs::read_to_string(path));
        match parsed {
            Ok(settings) if problems.is_empty() => return Ok(settings),
            Ok(_) => {}
            Err(error) => problems.extend(error.problems.iter().map(|problem| format!("{} {}", problem.name, problem.message))),
        }
        let count = problems.len();
        let head = format!(
            "{count} setting{} cannot be used; change {} by --set NAME=VALUE",
            if count == 1 { "" } else { "s" },
            if count == 1 { "it" } else { "them" }
        );
        Err(BadInput::error(std::iter::once(head).chain(problems).collect::<Vec<_>>().join("\n  ")))
    }

    /// The settings, with their warnings told.
    pub fn checked(&self) -> anyhow::Result<Settings> {
        let settings = self.settings()?;
        for warning in &settings.warnings {
            output::note(&format!("warning: {warning}"));
        }
        Ok(settings)
    }

    /// The option that leads `tablefeed letters` to a queue that `--set` gives.
    pub fn queue_option(&self) -> String {
        self.value("DLQ_URL").filter(|_| self.is_set("DLQ_URL")).map_or(String::new(), |url| format!(" --queue {url}"))
    }

    /// The value under a setting's name or one of its aliases, if it is not empty.
    pub fn value(&self, name: &str) -> Option<String> {
        names(name).find_map(|name| self.set.get(name)).cloned().or_else(|| self.default(name)).filter(|value| !value.is_empty())
    }

    /// Whether `--set` gives this setting, by any of its names.
    pub fn is_set(&self, name: &str) -> bool {
        names(name).any(|name| self.set.contains_key(name))
    }

    /// Whether the function uses the mapping that the curated-record table is made for.
    pub fn is_curated(&self) -> bool {
        self.value("PARTITION_KEY").is_none() && self.value("MAPPING").is_none_or(|mapping| mapping == "curated")
    }

    fn default_table(&self) -> &'static str {
        match self.value("MAPPING").as_deref() {
            _ if self.is_curated() => CURATED_TABLE,
            Some("document") => "Documents",
            _ => "Items",
        }
    }

    /// What [`Settings::parse`] is told; a default makes way for an alias that is set.
    pub fn look_up(&self, name: &str) -> Option<String> {
        self.set.get(name).cloned().or_else(|| self.default(name).filter(|_| !self.is_set(name)))
    }

    fn default(&self, name: &str) -> Option<String> {
        self.defaults.iter().find(|(known, _)| *known == name).map(|(_, value)| (*value).to_owned())
    }

    /// A complaint for each name that is no setting.
    fn unknown(&self) -> Vec<String> {
        let known = looked_up();
        let unknown = self.set.keys().filter(|name| !known.contains(name.as_str()));
        unknown.map(|name| format!("{name} is no setting{}", suggestion(name))).collect()
    }
}

/// A setting's name and its aliases.
fn names(name: &str) -> impl Iterator<Item = &str> {
    let aliases = SETTINGS.iter().find(|setting| setting.name == name).map_or(&[][..], |setting| setting.aliases);
    std::iter::once(name).chain(aliases.iter().copied())
}

/// Every name that `parse` asks for.
fn looked_up() -> BTreeSet<String> {
    let asked = RefCell::new(BTreeSet::new());
    let look_up = |name: &str| {
        asked.borrow_mut().insert(name.to_owned());
        None
    };
    // Nothing is set, so the required ones are missing; only the asking matters.
    Settings::parse(look_up, |_| Err(io::ErrorKind::NotFound.into())).err();
    asked.into_inner()
}

fn suggestion(name: &str) -> String {
    let likeness = |known: &str| strsim::jaro_winkler(&name.to_ascii_uppercase(), &known.to_ascii_uppercase());
    let known = SETTINGS.iter().flat_map(|setting| std::iter::once(&setting.name).chain(setting.aliases));
    let nearest = known
        .map(|known| (likeness(known), known))
        .filter(|(likeness, _)| *likeness >= NEAR)
        .max_by(|one, other| one.0.total_cmp(&other.0));
    nearest.map_or_else(
        || format!("; there is {}", SETTINGS.iter().map(|setting| setting.name).collect::<Vec<_>>().join(", ")),
        |(_, known)| format!("; did you mean {known}?"),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn given(sets: &[&str]) -> Given {
        Given::new(&sets.iter().map(|set| (*set).to_owned()).collect::<Vec<_>>(), false).unwrap()
    }

    #[test]
    fn a_default_makes_way_for_an_alias() {
        let given = given(&["table_name=Mine", "MAPPING=document"]);
        assert_eq!(given.look_up("TABLE"), None);
        assert_eq!(given.value("TABLE").as_deref(), Some("Mine"));
        assert_eq!(self::given(&["MAPPING=document"]).look_up("TABLE").as_deref(), Some("Documents"));
        assert_eq!(self::given(&["MAPPING={}"]).look_up("TABLE").as_deref(), Some("Items"));
        assert_eq!(self::given(&["input=topic"]).look_up("TABLE"), None);
        assert_eq!(self::given(&["param_partition_key=id"]).look_up("TABLE").as_deref(), Some("Items"));
    }

    #[test]
    fn unknown_names_are_told_with_a_suggestion() {
        let given = given(&["PERSIST_RECORD=1", "WRITE_MODE=newest", "AWS_LAMBDA_LOG_LEVEL=DEBUG", "zzz=1"]);
        let unknown = given.unknown();
        assert_eq!(unknown.len(), 2);
        assert_eq!(unknown[0], "PERSIST_RECORD is no setting; did you mean PERSIST_RECORDS?");
        assert!(unknown[1].starts_with("zzz is no setting; there is TABLE, "));
    }
}
