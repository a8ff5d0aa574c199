//! The file: found, read, and the profile that is chosen put over its default.

use std::collections::BTreeMap;
use std::env;
use std::fs;
use std::path::{Path, PathBuf};

use tablefeed::mapping::suggest::hint;

use super::PLACES;
use super::parse::{Profile, parse};
use crate::exit::BadInput;

const NAME: &str = "tablefeed.toml";

/// What the file gives to a command, each value with the table that it is from.
#[derive(Debug, Default)]
pub struct Given {
    /// The file, if there is one.
    pub file: Option<PathBuf>,
    /// Every profile in it.
    pub profiles: Vec<String>,
    pub options: BTreeMap<String, Said>,
    pub settings: BTreeMap<String, Said>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Said {
    pub value: String,
    /// Such as `[profile.prod]`.
    pub table: String,
}

/// `file`, or the nearest tablefeed.toml; and of it `profile` over the default.
pub fn read(file: Option<&Path>, profile: Option<&str>) -> anyhow::Result<Given> {
    let Some(path) = file.map(Path::to_owned).or_else(nearest) else {
        return match profile {
            Some(name) => Err(BadInput::error(format!("there is no profile {name}: no {NAME} is here, nor in a directory above"))),
            None => Ok(Given::default()),
        };
    };
    let text = fs::read_to_string(&path).map_err(|error| BadInput::error(format!("cannot read {}: {error}", path.display())))?;
    let base = path.parent().unwrap_or(Path::new(""));
    let mut profiles = parse(&text, base).map_err(|problems| {
        let separate = problems.join(&format!("\n  {}, ", path.display()));
        BadInput::error(format!("{}, {separate}", path.display()))
    })?;
    let mut given = Given { profiles: profiles.named.keys().cloned().collect(), ..Given::default() };
    given.put("[default]", profiles.default);
    if let Some(name) = profile {
        let named = profiles.named.remove(name).ok_or_else(|| {
            let known: Vec<&str> = given.profiles.iter().map(String::as_str).collect();
            let hint = if known.is_empty() { ": it has none".to_owned() } else { hint(name, &known) };
            BadInput::error(format!("{} has no profile {name}{hint}", path.display()))
        })?;
        given.put(&format!("[profile.{name}]"), named);
    }
    given.file = Some(path);
    Ok(given)
}

/// The file here, or in the nearest directory above that has one; as a path from here.
fn nearest() -> Option<PathBuf> {
    let here = env::current_dir().ok()?;
    let mut path = PathBuf::from(NAME);
    for dir in here.ancestors() {
        if dir.join(NAME).is_file() {
            return Some(path);
        }
        path = Path::new("..").join(path);
    }
    None
}

impl Given {
    /// Puts a table over what is there. A place takes every other place's place.
    fn put(&mut self, table: &str, profile: Profile) {
        if PLACES.iter().any(|place| profile.options.contains_key(*place)) {
            self.options.retain(|name, _| !PLACES.contains(&name.as_str()));
        }
        let said = |(name, value)| (name, Said { value, table: table.to_owned() });
        self.options.extend(profile.options.into_iter().map(said));
        self.settings.extend(profile.settings.into_iter().map(said));
    }
}
