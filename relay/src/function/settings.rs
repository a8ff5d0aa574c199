//! The settings of the function: a look-up of names in, a declaration out, or one error that names every bad setting.

use serde_json::{Map, Value, json};
use tablefeed::settings::{Logging, Problem, Setting, SettingsError, logging_settings};

use crate::subscription::{Declaration, FieldError};

const LOGGING: [Setting; 5] = logging_settings("relay");

/// The settings, checked.
#[derive(Debug)]
pub struct FunctionSettings {
    pub declaration: Declaration,
    pub logging: Logging,
}

/// In the order in which the docs show them. A value that is empty counts as not set.
pub const FUNCTION_SETTINGS: &[Setting] = &[
    Setting { name: "URL", aliases: &[], default: "required", meaning: "The http or https URL that records are POSTed to." },
    Setting {
        name: "SECRET",
        aliases: &[],
        default: "none",
        meaning: "A signing secret, `whsec_` and the base64 of 24 to 64 bytes; with commas between several, while one replaces another.",
    },
    Setting { name: "HEADERS", aliases: &[], default: "none", meaning: "Headers to send, as a JSON object of texts." },
    Setting { name: "WHERE", aliases: &[], default: "all", meaning: "Which records are delivered: a pattern over the record, as JSON." },
    Setting { name: "EVENTS", aliases: &[], default: "all", meaning: "`INSERT`, `MODIFY`, `REMOVE`, with commas between several." },
    Setting { name: "IMAGE", aliases: &[], default: "both", meaning: "The images that are delivered: `both`, `new`, `old` or `keys`." },
    Setting { name: "TIMEOUT_MS", aliases: &[], default: "15000", meaning: "How long one POST may take, in milliseconds." },
    Setting { name: "MAX_RECORDS", aliases: &[], default: "100", meaning: "The most records of a POST." },
    Setting { name: "MAX_BYTES", aliases: &[], default: "1048576", meaning: "The most bytes of a POST; a larger record goes alone." },
    LOGGING[0],
    LOGGING[1],
    LOGGING[2],
    LOGGING[3],
    LOGGING[4],
];

/// A field of a declaration, and the setting that gives it.
const FIELDS: [(&str, &str); 9] = [
    ("url", "URL"),
    ("secret", "SECRET"),
    ("headers", "HEADERS"),
    ("where", "WHERE"),
    ("events", "EVENTS"),
    ("image", "IMAGE"),
    ("timeout_ms", "TIMEOUT_MS"),
    ("batch.max_records", "MAX_RECORDS"),
    ("batch.max_bytes", "MAX_BYTES"),
];

/// Reads the settings. The table is the event's own, so the declaration's is of no meaning.
pub fn parse(look_up: impl Fn(&str) -> Option<String>) -> Result<FunctionSettings, SettingsError> {
    let mut problems = Vec::new();
    let mut fields = Map::from_iter([("table_name".to_owned(), json!("the-events-own"))]);
    let mut batch = Map::new();
    for (field, name) in FIELDS {
        let Some(text) = look_up(name).filter(|text| !text.is_empty()) else { continue };
        match value(name, text) {
            Ok(value) => match field.strip_prefix("batch.") {
                Some(field) => drop(batch.insert(field.to_owned(), value)),
                None => drop(fields.insert(field.to_owned(), value)),
            },
            Err(message) => problems.push(Problem { name, message: message.to_owned() }),
        }
    }
    if !batch.is_empty() {
        fields.insert("batch".to_owned(), Value::Object(batch));
    }
    let logging = Logging::parse(|name| look_up(name).or_else(|| (name == LOGGING[2].name).then(|| LOGGING[2].default.to_owned())));
    match (Declaration::parse(&Value::Object(fields)), logging) {
        (Ok(declaration), Ok(logging)) if problems.is_empty() => Ok(FunctionSettings { declaration, logging }),
        (declaration, logging) => {
            problems.extend(declaration.err().iter().flatten().filter_map(problem));
            problems.extend(logging.err().into_iter().flat_map(|error| error.problems));
            Err(SettingsError { problems })
        }
    }
}

fn value(name: &str, text: String) -> Result<Value, &'static str> {
    match name {
        "SECRET" | "EVENTS" => Ok(text.split(',').map(str::trim).filter(|part| !part.is_empty()).collect()),
        "HEADERS" | "WHERE" => serde_json::from_str(&text).map_err(|_| "is no JSON"),
        "TIMEOUT_MS" | "MAX_RECORDS" | "MAX_BYTES" => Ok(text.parse::<u64>().map_or(Value::String(text), Value::from)),
        _ => Ok(Value::String(text)),
    }
}

fn problem(error: &FieldError) -> Option<Problem> {
    let (field, name) = FIELDS.into_iter().find(|(field, _)| error.field.strip_prefix(field).is_some_and(|rest| !rest.starts_with('_')))?;
    let inside = error.field[field.len()..].trim_start_matches('.');
    let separator = if inside.is_empty() { "" } else { ": " };
    let message = error.messages.join(", ").replace("required", "is missing: the URL that records are POSTed to");
    Some(Problem { name, message: format!("{inside}{separator}{message}") })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::change::EventName;
    use crate::subscription::Images;

    fn parse(set: &[(&str, &str)]) -> Result<Declaration, String> {
        let parsed = super::parse(|name| set.iter().find(|(known, _)| *known == name).map(|(_, value)| (*value).to_owned()));
        parsed.map(|settings| settings.declaration).map_err(|error| error.to_string())
    }

    #[test]
    fn a_url_is_enough_and_everything_can_be_set() {
        assert_eq!(parse(&[("URL", "https://a/")]).unwrap().images, Images::Both);
        let secret = crate::subscription::Secret(vec![1; 24]).text();
        let declaration = parse(&[
            ("URL", "https://a/"),
            ("SECRET", &format!("{secret}, {secret}")),
            ("HEADERS", r#"{"X-Key":"v"}"#),
            ("WHERE", r#"{"eventName":["INSERT"]}"#),
            ("EVENTS", "INSERT, REMOVE"),
            ("IMAGE", "new"),
            ("TIMEOUT_MS", "500"),
            ("MAX_RECORDS", "7"),
            ("MAX_BYTES", "9"),
        ]);
        let declaration = declaration.unwrap();
        assert_eq!((declaration.secrets.len(), declaration.events.len()), (2, 2));
        assert_eq!((declaration.batch.max_records, declaration.batch.max_bytes), (7, 9));
        assert_eq!((declaration.headers["x-key"].as_str(), declaration.events[1]), ("v", EventName::Remove));
    }

    #[test]
    fn every_bad_setting_is_named_in_one_error_and_no_secret_is_shown() {
        let error = parse(&[
            ("SECRET", "hush"),
            ("HEADERS", r#"{"Host":"a"}"#),
            ("WHERE", "{"),
            ("EVENTS", "DELETE"),
            ("IMAGE", "all"),
            ("TIMEOUT_MS", "soon"),
            ("MAX_RECORDS", "0"),
            ("MAX_BYTES", "x"),
            ("LOG_LEVEL", "loud"),
            ("POWERTOOLS_LOGGER_SAMPLE_RATE", "2"),
            ("POWERTOOLS_METRICS_DISABLED", "1"),
        ]);
        let error = error.unwrap_err();
        let any_text = ["POWERTOOLS_SERVICE_NAME", "POWERTOOLS_METRICS_NAMESPACE"];
        for setting in FUNCTION_SETTINGS.iter().filter(|setting| !any_text.contains(&setting.name)) {
            assert!(error.contains(&format!("{} ", setting.name)), "{}: {error}", setting.name);
        }
        assert!(error.starts_with("12 settings") && !error.contains("hush"), "{error}");
        assert!(error.contains("URL is missing"), "{error}");
    }
}
