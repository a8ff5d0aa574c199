//! Where API keys come from: a setting, a file, or an SSM parameter that is read once, at the start.

use std::io;
use std::time::Duration;

use tablefeed::aws::Clients;
use tablefeed::parameter;
use tablefeed::settings::{Problem, Setting};
use tokio::time::Instant;

use crate::keys::Keys;

/// The shortest key: 16 characters of base64 are 96 bits.
const SHORTEST_KEY: usize = 16;
/// How long reading the parameter may take, throttles included.
const PATIENCE: Duration = Duration::from_secs(10);

/// The settings that give keys, for the tables of settings of those who use them.
pub const KEY_SETTINGS: [Setting; 3] = [
    Setting {
        name: "API_KEYS",
        aliases: &[],
        default: "none",
        meaning: "Keys of at least 16 characters, with commas between several; one must come as `Authorization: Bearer KEY`.",
    },
    Setting { name: "API_KEYS_FILE", aliases: &[], default: "none", meaning: "In place of API_KEYS: a file with a key a line." },
    Setting {
        name: "API_KEYS_PARAMETER",
        aliases: &[],
        default: "none",
        meaning: "In place of API_KEYS: the name of an SSM parameter (SecureString) that holds them, read at the start.",
    },
];

/// Keys, or the name of the parameter that holds them.
#[derive(Debug)]
pub enum KeySource {
    Given(Keys),
    Parameter(String),
}

/// Why there are no keys. Never shows one.
#[derive(Debug, thiserror::Error)]
pub enum KeysError {
    #[error("API_KEYS_PARAMETER: the parameter {name} cannot be read: {cause}")]
    Unreadable { name: String, cause: String },
    #[error("API_KEYS_PARAMETER: the parameter {name} {problem}")]
    Unfit { name: String, problem: String },
}

impl Default for KeySource {
    fn default() -> Self {
        KeySource::Given(Keys::default())
    }
}

impl KeySource {
    /// What the settings say; no problem shows a key.
    pub fn parse(look_up: impl Fn(&str) -> Option<String>, read_file: impl Fn(&str) -> io::Result<String>) -> Result<KeySource, Problem> {
        let problem = |name, message| Problem { name, message };
        let given = KEY_SETTINGS.iter().filter_map(|setting| Some((setting.name, look_up(setting.name)?)));
        let (name, text) = match given.collect::<Vec<_>>().as_slice() {
            [] => return Ok(KeySource::default()),
            [("API_KEYS_PARAMETER", name)] => return Ok(KeySource::Parameter(name.clone())),
            [("API_KEYS_FILE", path)] => match read_file(path) {
                Ok(text) => ("API_KEYS_FILE", text),
                Err(error) => return Err(problem("API_KEYS_FILE", format!("is {path:?}, which cannot be read: {error}"))),
            },
            [(name, text)] => (*name, text.clone()),
            [(first, _), (second, _), ..] => return Err(problem(second, format!("and {first} both give keys; keep one"))),
        };
        keys(&text).map(KeySource::Given).map_err(|message| problem(name, message))
    }

    /// Whether there is a key at all.
    pub fn any(&self) -> bool {
        match self {
            KeySource::Given(keys) => keys.any(),
            KeySource::Parameter(_) => true,
        }
    }

    /// The keys; reads the parameter, if they are in one.
    pub async fn load(self, clients: &Clients) -> Result<Keys, KeysError> {
        let name = match self {
            KeySource::Given(keys) => return Ok(keys),
            KeySource::Parameter(name) => name,
        };
        match parameter::read(&clients.ssm, &name, Instant::now() + PATIENCE).await.found {
            Ok(parameter) => keys(&parameter.value).map_err(|problem| KeysError::Unfit { name, problem }),
            Err(cause) => Err(KeysError::Unreadable { name, cause }),
        }
    }
}

fn keys(text: &str) -> Result<Keys, String> {
    let keys: Vec<String> = text.split([',', '\n', '\r']).map(|key| key.trim().to_owned()).filter(|key| !key.is_empty()).collect();
    if keys.is_empty() || keys.iter().any(|key| key.len() < SHORTEST_KEY || !key.bytes().all(|byte| byte.is_ascii_graphic())) {
        return Err(format!("must hold keys of at least {SHORTEST_KEY} printable ASCII characters each"));
    }
    Ok(Keys::new(keys))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(set: &[(&str, &str)]) -> Result<KeySource, String> {
        let look_up = |name: &str| set.iter().find(|(known, _)| *known == name).map(|(_, value)| (*value).to_owned());
        let read_file =
            |path: &str| if path == "keys" { Ok("one-of-the-file-s-keys\n\n".to_owned()) } else { Err(io::ErrorKind::NotFound.into()) };
        KeySource::parse(look_up, read_file).map_err(|problem| format!("{} {}", problem.name, problem.message))
    }

    #[test]
    fn keys_come_from_one_place_and_no_problem_shows_them() {
        assert!(!parse(&[]).unwrap().any());
        for set in [("API_KEYS", "a-key-that-is-long-enough"), ("API_KEYS_FILE", "keys"), ("API_KEYS_PARAMETER", "/keys")] {
            assert!(parse(&[set]).unwrap().any(), "{set:?}");
        }
        assert!(!parse(&[("API_KEYS", "hush")]).unwrap_err().contains("hush"));
        assert!(parse(&[("API_KEYS_FILE", "none")]).unwrap_err().starts_with("API_KEYS_FILE is \"none\""));
        let both = parse(&[("API_KEYS", "a-key-that-is-long-enough"), ("API_KEYS_PARAMETER", "/keys")]).unwrap_err();
        assert_eq!(both, "API_KEYS_PARAMETER and API_KEYS both give keys; keep one");
    }
}
