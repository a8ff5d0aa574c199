//! The settings: of a function's variables, or of a run on a laptop, parsed as the function parses them.

use std::cell::RefCell;
use std::io;

use tablefeed::settings::{Problem, SETTINGS, Settings};

use crate::doctor::deployment::{Function, Seen, Unseen};
use crate::settings::Given;

pub struct Read {
    pub problems: Vec<Problem>,
    /// With what is wrong left out, if that is enough to go on.
    pub settings: Seen<Settings>,
}

/// `file` is what is in the file that the function's `MAPPING` may name.
pub fn of_function(function: &Function, file: Option<&str>) -> Read {
    let unread = RefCell::new(None);
    let read_file = |path: &str| {
        if let Some(text) = file {
            return Ok(text.to_owned());
        }
        // Anything else is a built-in's name, mistyped.
        unread.replace(Some(path.to_owned()).filter(|path| path.contains(['/', '.'])));
        Err(io::ErrorKind::NotFound.into())
    };
    let mut read = parsed(|name| function.variables.get(name).cloned(), read_file);
    if let Some(path) = unread.take() {
        read.problems.retain(|problem| problem.name != "MAPPING");
        read.settings = Err(Unseen::Failed(format!("MAPPING is the file {path} beside the function; give it by --mapping FILE")));
    }
    read
}

pub fn given(given: &Given) -> Read {
    parsed(|name| given.look_up(name), |path| std::fs::read_to_string(path))
}

fn parsed(look_up: impl Fn(&str) -> Option<String>, read_file: impl Fn(&str) -> io::Result<String>) -> Read {
    let problems = match Settings::parse(&look_up, &read_file) {
        Ok(settings) => return Read { problems: Vec::new(), settings: Ok(settings) },
        Err(error) => error.problems,
    };
    let is_bad = |name: &str| {
        problems.iter().any(|problem| {
            let aliases = SETTINGS.iter().find(|setting| setting.name == problem.name).map_or(&[][..], |setting| setting.aliases);
            problem.name == name || aliases.contains(&name)
        })
    };
    let settings = Settings::parse(|name| if is_bad(name) { None } else { look_up(name) }, &read_file);
    Read { settings: settings.map_err(|_| Unseen::Failed("the function's settings cannot be used".to_owned())), problems }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn function(variables: &[(&str, &str)]) -> Function {
        let base = [("TABLE", "Items"), ("DLQ_URL", "http://127.0.0.1/1/letters"), ("LATEST_BATCH_ID", "/batch")];
        let variables = base.iter().chain(variables).map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        Function { variables, ..Function::default() }
    }

    #[test]
    fn a_bad_setting_is_told_and_the_rest_is_looked_at() {
        let read = of_function(&function(&[("WRITE_CONCURRENCY", "0")]), None);
        assert_eq!(read.problems[0].name, "WRITE_CONCURRENCY");
        assert_eq!(read.settings.unwrap().table.id, "Items");
    }

    #[test]
    fn a_mapping_in_a_layer_is_not_known_and_a_mistyped_name_is_a_problem() {
        let read = of_function(&function(&[("MAPPING", "/opt/mapping.json")]), None);
        assert!(read.problems.is_empty());
        assert!(matches!(read.settings, Err(Unseen::Failed(why)) if why.contains("--mapping FILE")));
        assert_eq!(of_function(&function(&[("MAPPING", "curatd")]), None).problems[0].name, "MAPPING");
    }
}
