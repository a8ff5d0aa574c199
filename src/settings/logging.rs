//! How the function logs: levels by three variables, sampling, metrics.

use super::reader::Reader;
use super::{Problem, SettingsError};
use crate::log::{LogLevel, Logging};

/// In their precedence. Lambda sets the first one where its log format is JSON.
const LEVELS: [&str; 3] = ["AWS_LAMBDA_LOG_LEVEL", "POWERTOOLS_LOG_LEVEL", "LOG_LEVEL"];

impl Logging {
    /// For a function that has settings of its own besides.
    pub fn parse(look_up: impl Fn(&str) -> Option<String>) -> Result<Logging, SettingsError> {
        let mut reader = Reader { look_up, problems: Vec::new() };
        let logging = reader.logging();
        if reader.problems.is_empty() { Ok(logging) } else { Err(SettingsError { problems: reader.problems }) }
    }
}

impl<L: Fn(&str) -> Option<String>> Reader<L> {
    pub fn logging(&mut self) -> Logging {
        let said = LEVELS.map(|name| (name, self.level(name)));
        let decisive = said.iter().find_map(|(name, level)| level.map(|level| (*name, level)));
        let (by, level) = decisive.unwrap_or(("default", LogLevel::Info));
        let each = said.map(|(name, level)| format!("{name} {}", level.map_or("not set", LogLevel::name)));
        let sample_rate = self.parsed("POWERTOOLS_LOGGER_SAMPLE_RATE", |text| match text.parse() {
            Ok(rate) if (0.0..=1.0).contains(&rate) => Ok(rate),
            _ => Err(format!("is {text:?}; it must be a number from 0 to 1")),
        });
        let metrics = !self.flag("POWERTOOLS_METRICS_DISABLED");
        let is_json = self.value("AWS_LAMBDA_LOG_FORMAT").is_some_and(|format| format.eq_ignore_ascii_case("json"));
        let sample_rate = sample_rate.unwrap_or(0.0);
        Logging {
            level,
            decided: format!("log level {} by {by} ({})", level.name(), each.join(", ")),
            warnings: said[0].1.map_or_else(Vec::new, |by_lambda| {
                let filtering = is_json.then_some(by_lambda);
                overruled(by_lambda, &said[1..]).chain(dropped(filtering, metrics, sample_rate > 0.0)).collect()
            }),
            sample_rate,
            metrics,
            service: self.text("POWERTOOLS_SERVICE_NAME").unwrap_or_else(|| "persist".to_owned()),
            namespace: self.text("POWERTOOLS_METRICS_NAMESPACE").unwrap_or_else(|| "tablefeed".to_owned()),
        }
    }

    fn level(&mut self, variable: &str) -> Option<LogLevel> {
        let level = self.value(variable)?.to_ascii_uppercase();
        match level.as_str() {
            "TRACE" | "DEBUG" => Some(LogLevel::Debug),
            "INFO" => Some(LogLevel::Info),
            "WARN" | "WARNING" => Some(LogLevel::Warn),
            "ERROR" | "FATAL" | "CRITICAL" => Some(LogLevel::Error),
            _ => {
                let message = format!("is {level:?} by {variable}; it must be TRACE, DEBUG, INFO, WARN or ERROR");
                self.problems.push(Problem { name: "LOG_LEVEL", message });
                None
            }
        }
    }
}

/// Variables that ask for more than Lambda's lets through.
fn overruled(by_lambda: LogLevel, others: &[(&str, Option<LogLevel>)]) -> impl Iterator<Item = String> {
    others.iter().filter_map(move |(name, level)| {
        let level = level.filter(|level| *level < by_lambda)?;
        Some(format!("{name}={} changes nothing: AWS_LAMBDA_LOG_LEVEL={} comes before it", level.name(), by_lambda.name()))
    })
}

/// What Lambda drops by its level, if it filters: a line of metrics has none, and counts as INFO.
fn dropped(filtering: Option<LogLevel>, metrics: bool, samples: bool) -> impl Iterator<Item = String> {
    let drops = |what: &str, level: LogLevel| {
        filtering.filter(|by_lambda| *by_lambda > level).map(|by_lambda| {
            format!(
                "Lambda drops {what}: its log format is JSON and its level {}; set it to {} or more detail",
                by_lambda.name(),
                level.name()
            )
        })
    };
    let lines = metrics.then(|| drops("every line of metrics", LogLevel::Info)).flatten();
    let sampled = samples.then(|| drops("the DEBUG lines that POWERTOOLS_LOGGER_SAMPLE_RATE asks for", LogLevel::Debug)).flatten();
    [lines, sampled].into_iter().flatten()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(set: &[(&str, &str)]) -> Result<Logging, String> {
        let look_up = |name: &str| set.iter().find(|(known, _)| *known == name).map(|(_, value)| (*value).to_owned());
        Logging::parse(look_up).map_err(|error| error.to_string())
    }

    #[test]
    fn the_first_variable_that_is_set_decides_and_all_are_told() {
        let level = |set: &[(&str, &str)]| parse(set).unwrap().level;
        assert_eq!(level(&[]), LogLevel::Info);
        assert_eq!(level(&[("LOG_LEVEL", "warning")]), LogLevel::Warn);
        assert_eq!(level(&[("LOG_LEVEL", "ERROR"), ("POWERTOOLS_LOG_LEVEL", "info")]), LogLevel::Info);
        let all = [("LOG_LEVEL", "ERROR"), ("POWERTOOLS_LOG_LEVEL", "WARN"), ("AWS_LAMBDA_LOG_LEVEL", "TRACE")];
        let logging = parse(&all).unwrap();
        let told = "log level DEBUG by AWS_LAMBDA_LOG_LEVEL (AWS_LAMBDA_LOG_LEVEL DEBUG, POWERTOOLS_LOG_LEVEL WARN, LOG_LEVEL ERROR)";
        let lines: Vec<String> = logging.first_lines().collect();
        assert!(lines.len() == 1 && lines[0].contains(told) && lines[0].contains(r#""level":"DEBUG""#), "{lines:?}");
        assert_eq!(parse(&[]).unwrap().first_lines().count(), 0);
        assert!(parse(&[("LOG_LEVEL", "DEBUG")]).unwrap().decided.contains("AWS_LAMBDA_LOG_LEVEL not set"));
    }

    #[test]
    fn what_lambda_overrules_or_drops_is_warned_about() {
        let warnings = |set: &[(&str, &str)]| parse(set).unwrap().warnings;
        let overruled = [("LOG_LEVEL", "DEBUG"), ("AWS_LAMBDA_LOG_LEVEL", "INFO")];
        assert_eq!(warnings(&overruled), ["LOG_LEVEL=DEBUG changes nothing: AWS_LAMBDA_LOG_LEVEL=INFO comes before it"]);
        assert_eq!(warnings(&[("LOG_LEVEL", "ERROR"), ("AWS_LAMBDA_LOG_LEVEL", "INFO")]), [""; 0]);
        let json = |more: &[(&'static str, &'static str)]| {
            warnings(&[&[("AWS_LAMBDA_LOG_FORMAT", "JSON"), ("AWS_LAMBDA_LOG_LEVEL", "WARN")], more].concat())
        };
        assert!(json(&[]).len() == 1 && json(&[])[0].contains("drops every line of metrics"), "{:?}", json(&[]));
        assert_eq!(json(&[("POWERTOOLS_METRICS_DISABLED", "true")]), [""; 0]);
        assert!(json(&[("POWERTOOLS_LOGGER_SAMPLE_RATE", "0.1")])[1].contains("the DEBUG lines"));
        assert_eq!(warnings(&[("AWS_LAMBDA_LOG_FORMAT", "Text"), ("AWS_LAMBDA_LOG_LEVEL", "ERROR")]), [""; 0]);
    }

    #[test]
    fn a_share_of_invocations_is_logged_at_debug() {
        let rate = |rate| parse(&[("POWERTOOLS_LOGGER_SAMPLE_RATE", rate)]);
        let levels = |text, chance| rate(text).unwrap().sampled_level(chance);
        assert_eq!((levels("0.5", 0.49), levels("0.5", 0.5)), (LogLevel::Debug, LogLevel::Info));
        assert_eq!((levels("0", 0.0), levels("1", 0.999)), (LogLevel::Info, LogLevel::Debug));
        for bad in ["1.1", "-1", "NaN", "half"] {
            assert!(rate(bad).unwrap_err().contains("must be a number from 0 to 1"), "{bad}");
        }
    }

    #[test]
    fn every_variable_that_holds_no_level_is_named() {
        let error = parse(&[("LOG_LEVEL", "LOUD"), ("AWS_LAMBDA_LOG_LEVEL", "INFO"), ("POWERTOOLS_LOG_LEVEL", "x")]).unwrap_err();
        assert!(error.contains("is \"LOUD\" by LOG_LEVEL") && error.contains("is \"X\" by POWERTOOLS_LOG_LEVEL"), "{error}");
    }
}
