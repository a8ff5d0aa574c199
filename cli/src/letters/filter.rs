//! Which letters a command is about: by reason, and by when their message was sent.

use std::time::Duration;

use clap::Args;
use tablefeed::json::{Json, parse};

use super::letter::reason;
use super::message::Message;

#[derive(Debug, Clone, Default, Args)]
#[command(next_help_heading = "Which letters")]
pub struct Filter {
    /// Only letters with this reason; may be given many times
    #[arg(long = "reason", value_name = "CODE")]
    reasons: Vec<String>,
    /// Only letters that were sent longer ago than this, such as 90s, 15m, 2h or 3d
    #[arg(long, value_name = "DURATION", value_parser = duration)]
    older_than: Option<Duration>,
    /// Only letters that were sent within this time, such as 90s, 15m, 2h or 3d
    #[arg(long, value_name = "DURATION", value_parser = duration)]
    newer_than: Option<Duration>,
}

impl Filter {
    /// Whether a message is selected; `now` is in milliseconds since 1970.
    pub fn selects(&self, message: &Message, now: u64) -> bool {
        let age = Duration::from_millis(now.saturating_sub(message.sent));
        self.older_than.is_none_or(|least| age >= least)
            && self.newer_than.is_none_or(|most| age <= most)
            && self.selects_body(&message.body)
    }

    /// Whether what a file holds is selected; it has no age.
    pub fn selects_body(&self, body: &str) -> bool {
        if self.reasons.is_empty() {
            return true;
        }
        let body = parse(body).unwrap_or(Json::Null);
        reason(&body).is_some_and(|reason| self.reasons.iter().any(|wanted| wanted == reason))
    }

    /// Whether it asks for an age.
    pub fn has_age(&self) -> bool {
        self.older_than.is_some() || self.newer_than.is_some()
    }
}

/// Reads a number and its unit.
pub fn duration(text: &str) -> Result<Duration, String> {
    let bad = || "it must be a whole number and s, m, h or d, such as 15m".to_owned();
    let (digits, unit) = text.split_at_checked(text.len().saturating_sub(1)).ok_or_else(bad)?;
    let seconds = match unit {
        "s" => 1,
        "m" => 60,
        "h" => 60 * 60,
        "d" => 24 * 60 * 60,
        _ => return Err(bad()),
    };
    let number = digits.bytes().all(|byte| byte.is_ascii_digit()).then(|| digits.parse::<u64>().ok()).flatten();
    number.and_then(|number| number.checked_mul(seconds)).map(Duration::from_secs).ok_or_else(bad)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn message(sent: u64, reason: &str) -> Message {
        Message { id: String::new(), receipt: String::new(), body: format!(r#"{{"reason":"{reason}"}}"#), sent }
    }

    #[test]
    fn a_duration_is_a_number_and_a_unit() {
        assert_eq!(duration("15m"), Ok(Duration::from_secs(900)));
        assert_eq!(duration("3d"), Ok(Duration::from_secs(259_200)));
        for bad in ["", "15", "m", "-1h", "+1h", "1.5h", "2w", "5é", "99999999999999999999s", "9999999999999999999d"] {
            assert!(duration(bad).is_err(), "{bad:?}");
        }
    }

    #[test]
    fn all_that_is_asked_for_must_hold() {
        let minute = |minutes: u64| Some(Duration::from_secs(60 * minutes));
        let filter = Filter { reasons: vec!["bad_json".into(), "internal".into()], older_than: minute(1), newer_than: minute(3) };
        let now = 10_000_000;
        let selects = |minutes_ago: u64, reason| filter.selects(&message(now - minutes_ago * 60_000, reason), now);
        assert!(selects(2, "bad_json") && selects(1, "internal") && selects(3, "internal"));
        assert!(!selects(0, "bad_json") && !selects(4, "bad_json") && !selects(2, "missing_field"));
        assert!(Filter::default().selects(&message(0, "x"), now));
        assert!(!filter.selects_body("no letter"));
    }
}
