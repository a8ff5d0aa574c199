//! The text of a file as its profiles. Pure. Everything that is wrong is told at once, each with its line.

use std::collections::BTreeMap;
use std::path::Path;

use tablefeed::mapping::Mappings;
use tablefeed::mapping::suggest::hint;
use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::{OPTIONS, PLACES, SET};

/// What one table of the file gives.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Profile {
    pub options: BTreeMap<String, String>,
    pub settings: BTreeMap<String, String>,
}

#[derive(Debug, Default, PartialEq, Eq)]
pub struct Profiles {
    /// Beneath each of the others.
    pub default: Profile,
    pub named: BTreeMap<String, Profile>,
}

/// `base` is the directory that paths start from: the file's own. The error has a line for each problem.
pub fn parse(text: &str, base: &Path) -> Result<Profiles, Vec<String>> {
    let mut reader = Reader { text, base, problems: Vec::new() };
    let document = match DeTable::parse(text) {
        Ok(document) => document.into_inner(),
        Err(error) => {
            reader.problem(error.span().map_or(0, |span| span.start), error.message());
            return Err(reader.told());
        }
    };
    let mut profiles = Profiles::default();
    for (key, value) in &document {
        match (key.get_ref().as_ref(), value.get_ref()) {
            ("default", DeValue::Table(table)) => profiles.default = reader.profile(table),
            ("profile", DeValue::Table(table)) => {
                for (name, value) in table {
                    match value.get_ref() {
                        DeValue::Table(table) => profiles.named.extend([(name.get_ref().to_string(), reader.profile(table))]),
                        other => reader.mistaken(name, "a table, as in [profile.NAME]", other),
                    }
                }
            }
            (name @ ("default" | "profile"), other) => {
                reader.mistaken(key, if name == "default" { "a table, [default]" } else { "for tables, as in [profile.NAME]" }, other);
            }
            (name, _) => reader.problem(key.span().start, &format!("`{name}` is unknown here{}", hint(name, &["default", "profile"]))),
        }
    }
    if reader.problems.is_empty() { Ok(profiles) } else { Err(reader.told()) }
}

struct Reader<'t> {
    text: &'t str,
    base: &'t Path,
    /// Each with its line.
    problems: Vec<(usize, String)>,
}

impl Reader<'_> {
    fn problem(&mut self, at: usize, message: &str) {
        let line = self.text[..at].matches('\n').count() + 1;
        self.problems.push((line, message.to_owned()));
    }

    /// The problems from top to bottom.
    fn told(mut self) -> Vec<String> {
        self.problems.sort();
        self.problems.into_iter().map(|(line, message)| format!("line {line}: {message}")).collect()
    }

    fn mistaken(&mut self, key: &Spanned<impl AsRef<str>>, wanted: &str, value: &DeValue) {
        let (name, found) = (key.get_ref().as_ref(), value.type_str());
        self.problem(key.span().start, &format!("`{name}` must be {wanted}, and is of the type {found}"));
    }

    fn profile(&mut self, table: &DeTable) -> Profile {
        let mut profile = Profile::default();
        for (key, value) in table {
            let name = key.get_ref().as_ref();
            match (name, value.get_ref()) {
                (SET, DeValue::Table(table)) => profile.settings = self.settings(table),
                (SET, other) => self.mistaken(key, "a table of settings", other),
                ("aws", DeValue::Boolean(true)) => profile.options.extend([(name.to_owned(), "true".to_owned())]),
                ("aws", DeValue::Boolean(false)) => {
                    self.problem(key.span().start, "`aws` can only be true: `dir` chooses the embedded AWS");
                }
                ("aws", other) => self.mistaken(key, "true", other),
                (_, DeValue::String(text)) if OPTIONS.contains(&name) => {
                    let value = if name == "dir" { self.base.join(text.as_ref()).display().to_string() } else { text.to_string() };
                    profile.options.insert(name.to_owned(), value);
                }
                (_, other) if OPTIONS.contains(&name) => self.mistaken(key, "a text", other),
                _ => {
                    let known: Vec<&str> = OPTIONS.into_iter().chain([SET]).collect();
                    self.problem(key.span().start, &format!("`{name}` is nothing that a profile gives{}", hint(name, &known)));
                }
            }
        }
        let mut places = table.keys().filter(|key| PLACES.contains(&key.get_ref().as_ref()));
        if let (Some(one), Some(other)) = (places.next(), places.next()) {
            let message = format!("`{}` and `{}` are different places: keep one", one.get_ref(), other.get_ref());
            self.problem(other.span().start, &message);
        }
        profile
    }

    fn settings(&mut self, table: &DeTable) -> BTreeMap<String, String> {
        let mut settings = BTreeMap::new();
        for (key, value) in table {
            let name = key.get_ref().as_ref();
            let value = match value.get_ref() {
                DeValue::String(text) if name == "MAPPING" => self.mapping(text),
                DeValue::String(text) => text.to_string(),
                DeValue::Integer(number) => number.to_string(),
                DeValue::Boolean(value) => value.to_string(),
                other => {
                    self.mistaken(key, "a text, a whole number, true or false", other);
                    continue;
                }
            };
            settings.insert(name.to_owned(), value);
        }
        settings
    }

    /// A mapping's file stands where the profiles' file says.
    fn mapping(&self, text: &str) -> String {
        let is_file = !text.trim_start().starts_with(['{', '[']) && !Mappings::BUILT_IN.contains(&text);
        if is_file { self.base.join(text).display().to_string() } else { text.to_owned() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn problems(text: &str) -> Vec<String> {
        parse(text, Path::new("")).unwrap_err()
    }

    #[test]
    fn tables_give_options_and_settings_and_paths_start_at_the_file() {
        let text = r#"
            [default]
            dir = "state"
            [profile.prod]
            aws = true
            region = "eu-west-1"
            set.MAPPING = "maps/orders.json"
            set.PERSIST_RECORDS = 100
            set.CHECK_TABLE = false
            [profile.other.set]
            MAPPING = "document"
        "#;
        let profiles = parse(text, Path::new("..")).unwrap();
        let texts = |values: &[(&str, &str)]| values.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        assert_eq!(profiles.default.options, texts(&[("dir", "../state")]));
        let prod = &profiles.named["prod"];
        assert_eq!(prod.options, texts(&[("aws", "true"), ("region", "eu-west-1")]));
        assert_eq!(prod.settings, texts(&[("MAPPING", "../maps/orders.json"), ("PERSIST_RECORDS", "100"), ("CHECK_TABLE", "false")]));
        assert_eq!(profiles.named["other"].settings, texts(&[("MAPPING", "document")]));
        assert_eq!(
            parse("[default.set]\nMAPPING = '{\"rest\": \"keep\"}'", Path::new("..")).unwrap().default.settings["MAPPING"],
            r#"{"rest": "keep"}"#
        );
        assert_eq!(parse("", Path::new("")).unwrap(), Profiles::default());
    }

    #[test]
    fn everything_that_is_wrong_is_told_with_its_line() {
        let text = "[default]\nregin = 'x'\nqueue = 5\naws = false\n[profile.a]\naws = true\ndir = '.'\nset.X = 1.5\n[profile]\nb = 1\n[profil.c]\n";
        let expected = [
            "line 2: `regin` is nothing that a profile gives: did you mean `region`?",
            "line 3: `queue` must be a text, and is of the type integer",
            "line 4: `aws` can only be true: `dir` chooses the embedded AWS",
            "line 7: `aws` and `dir` are different places: keep one",
            "line 8: `X` must be a text, a whole number, true or false, and is of the type float",
            "line 10: `b` must be a table, as in [profile.NAME], and is of the type integer",
            "line 11: `profil` is unknown here: did you mean `profile`?",
        ];
        assert_eq!(problems(text), expected);
        assert_eq!(problems("default = 1"), ["line 1: `default` must be a table, [default], and is of the type integer"]);
        assert!(problems("\n[default\n")[0].starts_with("line 2: "));
    }
}
