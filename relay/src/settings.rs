//! The settings of the relay: [`RELAY_SETTINGS`](crate::RELAY_SETTINGS).
//!
//! In: a look-up of names and a way to read files. Out: [`RelaySettings`], or one error that names every bad setting. Reads nothing by itself.

use std::io;
use std::net::{IpAddr, Ipv4Addr};
use std::ops::RangeInclusive;
use std::path::PathBuf;
use std::time::Duration;

use axum::http::Uri;
use tablefeed::settings::{Problem, SettingsError};
use tablefeed_server::KeySource;

/// The settings, checked.
#[derive(Debug)]
pub struct RelaySettings {
    pub endpoint_url: Option<String>,
    pub streams_endpoint_url: Option<String>,
    pub config_path: Option<PathBuf>,
    pub state_path: PathBuf,
    pub address: IpAddr,
    pub port: u16,
    pub keys: KeySource,
    pub allow_private: bool,
    pub poll: Duration,
    pub discovery: Duration,
}

struct Reader<L> {
    look_up: L,
    problems: Vec<Problem>,
}

impl RelaySettings {
    pub fn parse(
        look_up: impl Fn(&str) -> Option<String>,
        read_file: impl Fn(&str) -> io::Result<String>,
    ) -> Result<RelaySettings, SettingsError> {
        let mut reader = Reader { look_up: |name: &str| look_up(name).filter(|value| !value.is_empty()), problems: Vec::new() };
        let endpoint_url = reader.endpoint("DYNAMODB_ENDPOINT_URL");
        let settings = RelaySettings {
            streams_endpoint_url: reader.endpoint("DYNAMODB_STREAMS_ENDPOINT_URL").or_else(|| endpoint_url.clone()),
            endpoint_url,
            config_path: (reader.look_up)("CONFIG_PATH").map(PathBuf::from),
            state_path: (reader.look_up)("STATE_PATH").map_or_else(|| PathBuf::from("relay.db"), PathBuf::from),
            address: reader.parsed("BIND_ADDRESS", "an IP address").unwrap_or(IpAddr::V4(Ipv4Addr::LOCALHOST)),
            port: reader.parsed("PORT", "a port from 0 to 65535").unwrap_or(3000),
            keys: KeySource::parse(reader.look_up, read_file).unwrap_or_else(|problem| {
                reader.problems.push(problem);
                KeySource::default()
            }),
            allow_private: reader.parsed("ALLOW_PRIVATE", "true or false").unwrap_or(false),
            poll: reader.milliseconds("POLL_MS", 1..=60_000).unwrap_or(Duration::from_millis(200)),
            discovery: reader.milliseconds("DISCOVERY_MS", 100..=600_000).unwrap_or(Duration::from_secs(10)),
        };
        if reader.problems.is_empty() { Ok(settings) } else { Err(SettingsError { problems: reader.problems }) }
    }
}

impl<L: Fn(&str) -> Option<String>> Reader<L> {
    fn problem(&mut self, name: &'static str, message: impl Into<String>) {
        self.problems.push(Problem { name, message: message.into() });
    }

    fn parsed<T: std::str::FromStr>(&mut self, name: &'static str, expected: &str) -> Option<T> {
        let text = (self.look_up)(name)?;
        text.parse().map_err(|_| self.problem(name, format!("is {text:?}; it must be {expected}"))).ok()
    }

    fn milliseconds(&mut self, name: &'static str, range: RangeInclusive<u64>) -> Option<Duration> {
        let expected = format!("a whole number from {} to {}", range.start(), range.end());
        let number = self.parsed::<u64>(name, &expected)?;
        if !range.contains(&number) {
            self.problem(name, format!("is {number}; it must be {expected}"));
        }
        Some(Duration::from_millis(number))
    }

    fn endpoint(&mut self, name: &'static str) -> Option<String> {
        let url = (self.look_up)(name)?;
        match url.parse::<Uri>() {
            Ok(uri) if uri.authority().is_some() && matches!(uri.scheme_str(), Some("http" | "https")) => {}
            _ => self.problem(name, "must be an http:// or https:// URL"),
        }
        Some(url)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(set: &[(&str, &str)]) -> Result<RelaySettings, String> {
        let look_up = |name: &str| set.iter().find(|(known, _)| *known == name).map(|(_, value)| (*value).to_owned());
        RelaySettings::parse(look_up, |_| Err(io::ErrorKind::NotFound.into())).map_err(|error| error.to_string())
    }

    #[test]
    fn nothing_must_be_set() {
        let settings = parse(&[]).unwrap();
        assert_eq!((settings.port, settings.poll, settings.discovery), (3000, Duration::from_millis(200), Duration::from_secs(10)));
        assert!(settings.address.is_loopback() && !settings.keys.any() && !settings.allow_private && settings.config_path.is_none());
    }

    #[test]
    fn streams_are_where_the_tables_are_unless_told() {
        let here = ("DYNAMODB_ENDPOINT_URL", "http://127.0.0.1:8000");
        assert_eq!(parse(&[here]).unwrap().streams_endpoint_url.as_deref(), Some(here.1));
        let apart = parse(&[here, ("DYNAMODB_STREAMS_ENDPOINT_URL", "http://127.0.0.1:9000")]).unwrap();
        assert_eq!(apart.streams_endpoint_url.as_deref(), Some("http://127.0.0.1:9000"));
        assert_eq!(apart.endpoint_url.as_deref(), Some(here.1));
    }

    #[test]
    fn every_bad_setting_is_named_and_no_key_is_shown() {
        let names = ["PORT", "BIND_ADDRESS", "API_KEYS", "ALLOW_PRIVATE", "POLL_MS", "DISCOVERY_MS", "DYNAMODB_ENDPOINT_URL"];
        let error = parse(&names.map(|name| (name, "hush"))).unwrap_err();
        for name in names {
            assert!(error.contains(&format!("{name} ")), "{name}: {error}");
        }
        let of_keys = error.split("API_KEYS").nth(1).unwrap_or_default().split(';').next().unwrap_or_default();
        assert!(!of_keys.contains("hush"), "{error}");
    }
}
