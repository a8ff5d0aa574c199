//! The settings of ingest: the function's own, with other defaults, and those of [`INGEST_SETTINGS`](crate::INGEST_SETTINGS).
//!
//! In: a look-up of names and a way to read files. Out: [`IngestSettings`], or one error that names every bad setting. Reads nothing by itself.

use std::io;
use std::net::{IpAddr, Ipv4Addr};
use std::ops::RangeInclusive;
use std::path::PathBuf;
use std::time::Duration;

use hyper::Uri;
use tablefeed::settings::{Problem, Settings, SettingsError};
use tablefeed_server::KeySource;

/// Where ingest runs, which decides what can be set.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Home {
    Server,
    Lambda,
}

/// The settings, checked.
#[derive(Debug)]
pub struct IngestSettings {
    pub function: Settings,
    pub front: Front,
}

/// What the function knows nothing of.
#[derive(Debug)]
pub struct Front {
    pub region: Option<String>,
    pub module: String,
    pub address: IpAddr,
    pub port: u16,
    pub keys: KeySource,
    pub partial: bool,
    pub max_body_bytes: usize,
    pub request_timeout: Duration,
    pub linger: Duration,
    pub max_connections: usize,
    pub egress: Option<Egress>,
}

/// Where stored documents go on to, and where they wait.
#[derive(Debug, Clone)]
pub struct Egress {
    pub urls: Vec<Uri>,
    pub timeout: Duration,
    pub dir: PathBuf,
    pub max_bytes: u64,
}

/// Passes for a queue's URL where no letter is ever sent.
const NO_QUEUE: &str = "http://127.0.0.1/000000000000/none";
/// Settings of the function that mean nothing here.
const FOREIGN: [&str; 4] = ["PERSIST_RECORDS", "OVER_LIMIT", "MAX_EVENT_BYTES", "DRILL_PANIC_PARTITION_KEY"];

struct Reader<L> {
    look_up: L,
    problems: Vec<Problem>,
}

impl IngestSettings {
    pub fn parse(
        look_up: impl Fn(&str) -> Option<String>,
        read_file: impl Fn(&str) -> io::Result<String>,
        home: Home,
    ) -> Result<IngestSettings, SettingsError> {
        let mut reader = Reader { look_up: |name: &str| look_up(name).filter(|value| !value.is_empty()), problems: Vec::new() };
        let function = Settings::parse(|name| (reader.look_up)(name).or_else(|| default(name, &reader.look_up)), &read_file);
        for name in FOREIGN {
            if (reader.look_up)(name).is_some() {
                reader.problem(name, "is set, but means nothing for HTTP; take it away");
            }
        }
        if let Ok(function) = &function
            && function.mapping.ordered_by_place_alone()
        {
            reader.problem("ORDER_BY", "is missing: WRITE_MODE=newest needs it, for requests have no order of their own");
        }
        let front = reader.front(read_file, home);
        match function {
            Ok(function) if reader.problems.is_empty() => Ok(IngestSettings { function, front }),
            function => {
                let problems = function.err().map_or_else(Vec::new, |error| error.problems);
                Err(SettingsError { problems: problems.into_iter().chain(reader.problems).collect() })
            }
        }
    }
}

/// What the function's settings are here unless they are set.
fn default(name: &str, set: &impl Fn(&str) -> Option<String>) -> Option<String> {
    let default = match name {
        "MAPPING" if set("PARTITION_KEY").is_none() && set("param_partition_key").is_none() => "document",
        "DLQ_URL" if set("WRITE_FAILURES").as_deref() != Some("dlq") => NO_QUEUE,
        "POWERTOOLS_SERVICE_NAME" => "ingest",
        _ => return None,
    };
    Some(default.to_owned())
}

impl<L: Fn(&str) -> Option<String>> Reader<L> {
    fn problem(&mut self, name: &'static str, message: impl Into<String>) {
        self.problems.push(Problem { name, message: message.into() });
    }

    fn parsed<T: std::str::FromStr>(&mut self, name: &'static str, expected: &str) -> Option<T> {
        let text = (self.look_up)(name)?;
        text.parse().map_err(|_| self.problem(name, format!("is {text:?}; it must be {expected}"))).ok()
    }

    fn number(&mut self, name: &'static str, range: RangeInclusive<u64>) -> Option<u64> {
        let expected = format!("a whole number from {} to {}", range.start(), range.end());
        let number = self.parsed::<u64>(name, &expected)?;
        if !range.contains(&number) {
            self.problem(name, format!("is {number}; it must be {expected}"));
        }
        Some(number)
    }

    fn front(&mut self, read_file: impl Fn(&str) -> io::Result<String>, home: Home) -> Front {
        Front {
            region: (self.look_up)("REGION"),
            module: (self.look_up)("MODULE_NAME").unwrap_or_else(|| "ingest".to_owned()),
            address: self.parsed("BIND_ADDRESS", "an IP address").unwrap_or(IpAddr::V4(Ipv4Addr::LOCALHOST)),
            port: self.parsed("PORT", "a port from 0 to 65535").unwrap_or(8080),
            keys: KeySource::parse(&self.look_up, read_file).unwrap_or_else(|problem| {
                self.problems.push(problem);
                KeySource::default()
            }),
            partial: self.parsed("PARTIAL", "true or false").unwrap_or(false),
            max_body_bytes: self.number("MAX_BODY_BYTES", 1..=1 << 30).map_or(6 << 20, to_usize),
            request_timeout: Duration::from_millis(self.number("REQUEST_TIMEOUT_MS", 100..=900_000).unwrap_or(10_000)),
            linger: Duration::from_millis(self.number("LINGER_MS", 0..=1_000).unwrap_or(2)),
            max_connections: self.number("MAX_CONNECTIONS", 1..=1 << 20).map_or(1024, to_usize),
            egress: self.egress(home),
        }
    }

    fn egress(&mut self, home: Home) -> Option<Egress> {
        let (hosts, dir) = ((self.look_up)("EGRESS_API_HOST"), (self.look_up)("SPOOL_DIR"));
        let max_bytes = self.number("SPOOL_MAX_BYTES", 1..=1 << 50).unwrap_or(1 << 30);
        let timeout = self.number("EGRESS_TIMEOUT_MS", 1..=900_000).unwrap_or(10_000);
        let hosts = hosts?;
        if home == Home::Lambda {
            self.problem("EGRESS_API_HOST", "cannot be used on Lambda, which has no disk that lasts: forward from the table's stream");
            return None;
        }
        let mut urls = Vec::new();
        for host in hosts.split(',').map(str::trim).filter(|host| !host.is_empty()) {
            match host.parse::<Uri>() {
                Ok(url) if url.authority().is_some() && matches!(url.scheme_str(), Some("http" | "https")) => urls.push(url),
                _ => self.problem("EGRESS_API_HOST", "must be http:// or https:// URLs, with commas between several"),
            }
        }
        let Some(dir) = dir else {
            self.problem("SPOOL_DIR", "is missing: EGRESS_API_HOST needs a directory that keeps what is not forwarded yet");
            return None;
        };
        Some(Egress { urls, timeout: Duration::from_millis(timeout), dir: PathBuf::from(dir), max_bytes })
    }
}

/// Every number here was checked against a range that fits.
fn to_usize(number: u64) -> usize {
    usize::try_from(number).unwrap_or(usize::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(set: &[(&str, &str)], home: Home) -> Result<IngestSettings, String> {
        let look_up = |name: &str| set.iter().find(|(known, _)| *known == name).map(|(_, value)| (*value).to_owned());
        let no_file = |_: &str| Err(io::ErrorKind::NotFound.into());
        IngestSettings::parse(look_up, no_file, home).map_err(|error| error.to_string())
    }

    #[test]
    fn a_table_is_enough() {
        let IngestSettings { function, front } = parse(&[("TABLE", "readings")], Home::Server).unwrap();
        assert_eq!((front.port, front.max_body_bytes, front.partial), (8080, 6_291_456, false));
        assert!(front.address.is_loopback() && !front.keys.any());
        assert_eq!(function.mapping.key_schema().partition.name, "id");
    }

    #[test]
    fn every_bad_setting_is_named_and_no_key_is_shown() {
        let set =
            [("PORT", "x"), ("API_KEYS", "hush"), ("PERSIST_RECORDS", "1"), ("EGRESS_API_HOST", "ftp://a"), ("WRITE_FAILURES", "dlq")];
        let error = parse(&set, Home::Server).unwrap_err();
        for name in ["TABLE", "PORT", "API_KEYS", "PERSIST_RECORDS", "EGRESS_API_HOST", "SPOOL_DIR", "DLQ_URL"] {
            assert!(error.contains(&format!("{name} ")), "{name}: {error}");
        }
        assert!(!error.contains("hush"), "{error}");
    }

    #[test]
    fn lambda_has_no_spool() {
        let set = [("TABLE", "readings"), ("EGRESS_API_HOST", "http://a"), ("SPOOL_DIR", "/tmp")];
        assert!(parse(&set, Home::Lambda).unwrap_err().contains("no disk that lasts"));
        assert!(parse(&set, Home::Server).is_ok());
    }

    #[test]
    fn newest_needs_a_field_to_order_by() {
        let set = [("TABLE", "readings"), ("WRITE_MODE", "newest")];
        assert!(parse(&set, Home::Server).unwrap_err().contains("ORDER_BY is missing"));
    }
}
