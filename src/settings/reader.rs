//! Values out of the look-up, and every problem with them, so that all are named in one error.

use std::io;

use super::names::SETTINGS;
use super::values::parse_table;
use super::{Problem, TableName};
use crate::mapping::{Mappings, ShortForm};

/// Looks settings up and collects what is wrong with them.
pub(super) struct Reader<L> {
    pub look_up: L,
    pub problems: Vec<Problem>,
}

impl<L: Fn(&str) -> Option<String>> Reader<L> {
    pub fn problem(&mut self, name: &'static str, message: impl Into<String>) {
        self.problems.push(Problem { name, message: message.into() });
    }

    pub fn value(&self, name: &str) -> Option<String> {
        (self.look_up)(name).filter(|value| !value.is_empty())
    }

    /// The value under the setting's name or an alias; two that differ are a problem.
    pub fn text(&mut self, name: &'static str) -> Option<String> {
        let aliases = SETTINGS.iter().find(|setting| setting.name == name).map_or(&[][..], |setting| setting.aliases);
        let mut found: Option<(&str, String)> = None;
        for candidate in std::iter::once(&name).chain(aliases) {
            let Some(value) = self.value(candidate) else { continue };
            match &found {
                None => found = Some((candidate, value)),
                Some((first, other)) if *other != value => {
                    self.problem(name, format!("is given twice and differs: {first} and {candidate}; keep one"));
                    return None;
                }
                Some(_) => {}
            }
        }
        found.map(|(_, value)| value)
    }

    pub fn parsed<T>(&mut self, name: &'static str, parse: impl Fn(&str) -> Result<T, String>) -> Option<T> {
        let text = self.text(name)?;
        match parse(&text) {
            Ok(value) => Some(value),
            Err(message) => {
                self.problem(name, message);
                None
            }
        }
    }

    pub fn required<T>(&mut self, name: &'static str, parse: impl Fn(&str) -> Result<T, String>) -> Option<T> {
        let before = self.problems.len();
        let value = self.parsed(name, parse);
        if value.is_none() && self.problems.len() == before {
            let meaning = SETTINGS.iter().find(|setting| setting.name == name).map_or("", |setting| setting.meaning);
            self.problem(name, format!("is missing: {}", meaning.trim_end_matches('.')));
        }
        value
    }

    /// `TABLE`, or what `TABLE_PREFIX` and `INPUT` make.
    pub fn table(&mut self) -> Option<TableName> {
        let (table, prefix, input) = (self.text("TABLE"), self.text("TABLE_PREFIX"), self.text("INPUT"));
        if prefix.is_some() && (table.is_some() || input.is_none()) {
            self.problem("TABLE_PREFIX", "is set, but means something with INPUT and without TABLE only");
        }
        let (name, text) = match (table, input) {
            (Some(table), _) => ("TABLE", table),
            (None, Some(input)) => ("INPUT", prefix.unwrap_or_default() + &input),
            (None, None) => {
                self.problem("TABLE", "is missing: the table's name or ARN; INPUT can name it, too");
                return None;
            }
        };
        parse_table(&text).map_err(|message| self.problem(name, message)).ok()
    }

    pub fn flag(&mut self, name: &'static str) -> bool {
        self.one_of(name, &[("true", true), ("false", false)]).unwrap_or(false)
    }

    pub fn number(&mut self, name: &'static str, range: std::ops::RangeInclusive<u64>, expected: &str) -> Option<u64> {
        self.parsed(name, |text| match text.parse() {
            Ok(number) if range.contains(&number) => Ok(number),
            _ => Err(format!("is {text:?}; it must be {expected}")),
        })
    }

    pub fn one_of<T: Copy>(&mut self, name: &'static str, values: &[(&str, T)]) -> Option<T> {
        self.parsed(name, |text| {
            values.iter().find(|(word, _)| *word == text).map(|(_, value)| *value).ok_or_else(|| {
                let words: Vec<&str> = values.iter().map(|(word, _)| *word).collect();
                format!("is {text:?}; it must be {}", words.join(" or "))
            })
        })
    }

    /// The mapping as the write mode needs it, and whether only the newest documents are written.
    pub fn write_mode(&mut self, mapping: Option<Mappings>) -> (Option<Mappings>, bool) {
        let newest = self.one_of("WRITE_MODE", &[("put", false), ("newest", true)]).unwrap_or(false);
        let (by, attribute) = (self.text("ORDER_BY"), self.text("ORDER_ATTRIBUTE"));
        if !newest {
            for (name, _) in [("ORDER_BY", &by), ("ORDER_ATTRIBUTE", &attribute)].into_iter().filter(|(_, value)| value.is_some()) {
                self.problem(name, "is set, but means something with WRITE_MODE=newest only");
            }
            return (mapping, false);
        }
        let ordered = mapping.map(|mapping| mapping.ordered(by.as_deref(), attribute.as_deref().unwrap_or("_order")));
        match ordered.transpose() {
            Ok(mapping) => (mapping, true),
            Err((name, message)) => {
                self.problem(name, message);
                (None, true)
            }
        }
    }

    /// The mapping that `MAPPING` names, or that the keys alone declare.
    pub fn mapping(&mut self, batch_configured: bool, read_file: impl Fn(&str) -> io::Result<String>) -> Option<Mappings> {
        let before = self.problems.len();
        let partition = self.text("PARTITION_KEY");
        if partition.is_some() && self.value("MAPPING").is_some() {
            self.problem("PARTITION_KEY", "and MAPPING both say what items become; keep one");
        }
        let more = ["SORT_KEY", "TIME_FIELD", "TIME_UNIT", "TIME_ZONE"].map(|name| (name, self.text(name)));
        if self.problems.len() > before {
            return None;
        }
        let Some(partition) = partition else {
            for (name, _) in more.iter().filter(|(_, value)| value.is_some()) {
                let instead = if *name == "SORT_KEY" { "`key`" } else { "`time`" };
                self.problem(name, format!("is set, but means something with PARTITION_KEY only; a mapping says it under {instead}"));
            }
            return self.declared(batch_configured, read_file);
        };
        let [sort, time_field, time_unit, time_zone] = more.each_ref().map(|(_, value)| value.as_deref());
        let mapping = Mappings::derived(ShortForm { partition: &partition, sort, time_field, time_unit, time_zone });
        mapping.map_err(|problems| problems.into_iter().for_each(|(name, message)| self.problem(name, message))).ok()
    }

    /// Settings of the time that change nothing, as nothing shows the time.
    pub fn idle_time_settings(&self, mapping: &Mappings) -> Vec<String> {
        let set = ["TIME_FIELD", "TIME_UNIT", "TIME_ZONE"].into_iter().filter(|name| !mapping.names_time() && self.value(name).is_some());
        set.map(|name| format!("{name} changes nothing: neither key has a strftime pattern")).collect()
    }

    fn reading(&mut self, fields: (Option<String>, Option<String>)) -> Option<Mappings> {
        let (Some(label), Some(unit)) = fields else {
            self.problem("MAPPING", "is reading, which needs INPUT_LABEL and INPUT_UNIT: the fields that hold a number and its unit");
            return None;
        };
        Mappings::reading(&label, &unit).map_err(|error| self.problem("INPUT_LABEL", format!("cannot be used: {}", error.message))).ok()
    }

    fn declared(&mut self, batch_configured: bool, read_file: impl Fn(&str) -> io::Result<String>) -> Option<Mappings> {
        let text = self.text("MAPPING").unwrap_or_else(|| "curated".to_owned());
        let fields = (self.text("INPUT_LABEL"), self.text("INPUT_UNIT"));
        if text == "reading" {
            return self.reading(fields);
        }
        for (name, _) in [("INPUT_LABEL", fields.0), ("INPUT_UNIT", fields.1)].iter().filter(|(_, value)| value.is_some()) {
            self.problem(name, "is set, but means something with MAPPING=reading only");
        }
        if let Some(mapping) = Mappings::built_in(&text, batch_configured) {
            return Some(mapping);
        }
        let inline = text.trim_start().starts_with(['{', '[']);
        let (place, declaration) = if inline {
            (String::new(), text)
        } else {
            match read_file(&text) {
                Ok(declaration) => (format!("{text}: "), declaration),
                Err(error) => {
                    let built_in = Mappings::BUILT_IN.join(", ");
                    self.problem(
                        "MAPPING",
                        format!("is {text:?}, which is no built-in ({built_in}), no JSON, and no file that can be read ({error})"),
                    );
                    return None;
                }
            }
        };
        match Mappings::compile(&declaration) {
            Ok(mapping) => Some(mapping),
            Err(error) => {
                self.problem("MAPPING", format!("does not compile: {place}{error}"));
                None
            }
        }
    }
}
