//! What an answer means, and how long to wait after one that is no success. Pure.

use std::time::Duration;

use aws_sdk_dynamodbstreams::primitives::{DateTime, DateTimeFormat};

/// The waits after failures: the first, doubled each time, up to the longest.
const FIRST_WAIT: Duration = Duration::from_millis(250);
const LONGEST_WAIT: Duration = Duration::from_secs(60);
/// The same where the destination says that it has too much to do.
const FIRST_SLOW_WAIT: Duration = Duration::from_secs(2);
const LONGEST_SLOW_WAIT: Duration = Duration::from_secs(5 * 60);
/// No destination puts off its deliveries for longer.
const LONGEST_RETRY_AFTER: Duration = Duration::from_secs(60 * 60);

/// What an answer means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// 2xx: it has the records.
    Taken,
    /// 410: it wants nothing any more.
    Gone,
    /// Anything else, redirects included.
    Refused(Refusal),
}

/// How a destination wants to be left alone; by default, like one that did not answer.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Refusal {
    /// 429, 502, 504.
    pub slow_down: bool,
    pub retry_after: Option<Duration>,
}

/// Judges a status and the text of `Retry-After`; `now` is in epoch seconds.
pub fn judge(status: u16, retry_after: Option<&str>, now: u64) -> Verdict {
    match status {
        200..=299 => Verdict::Taken,
        410 => Verdict::Gone,
        _ => Verdict::Refused(Refusal {
            slow_down: matches!(status, 429 | 502 | 504),
            retry_after: retry_after.and_then(|text| delay(text.trim(), now)),
        }),
    }
}

/// `Retry-After` is seconds, or a date as HTTP writes it (RFC 9110).
fn delay(text: &str, now: u64) -> Option<Duration> {
    let seconds = if !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit()) {
        text.parse().unwrap_or(u64::MAX)
    } else {
        let date = DateTime::from_str(text, DateTimeFormat::HttpDate).ok()?;
        u64::try_from(date.secs()).unwrap_or_default().saturating_sub(now)
    };
    Some(Duration::from_secs(seconds).min(LONGEST_RETRY_AFTER))
}

/// The wait after so many failures in a row, one at least; `jitter` is from 0 to 1.
///
/// What the destination asks for is kept, with up to a tenth on top; without that, it is half of the doubled wait or more.
pub fn wait(failures: u32, refusal: Refusal, jitter: f64) -> Duration {
    let jitter = jitter.clamp(0.0, 1.0);
    if let Some(asked) = refusal.retry_after {
        return asked.max(FIRST_WAIT).mul_f64(1.0 + jitter / 10.0);
    }
    let (first, longest) = if refusal.slow_down { (FIRST_SLOW_WAIT, LONGEST_SLOW_WAIT) } else { (FIRST_WAIT, LONGEST_WAIT) };
    let doubled = first.saturating_mul(2u32.saturating_pow(failures.saturating_sub(1)));
    doubled.min(longest).mul_f64(0.5 + jitter / 2.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(slow_down: bool, retry_after: Option<u64>) -> Verdict {
        Verdict::Refused(Refusal { slow_down, retry_after: retry_after.map(Duration::from_secs) })
    }

    #[test]
    fn only_2xx_is_success_and_410_is_the_end() {
        for status in [200, 201, 202, 204, 299] {
            assert_eq!(judge(status, Some("9"), 0), Verdict::Taken);
        }
        assert_eq!(judge(410, None, 0), Verdict::Gone);
        for status in [100, 199, 300, 301, 302, 307, 308, 400, 401, 404, 409, 422, 500, 501, 503] {
            assert_eq!(judge(status, None, 0), refused(false, None), "{status}");
        }
        for status in [429, 502, 504] {
            assert_eq!(judge(status, None, 0), refused(true, None), "{status}");
        }
    }

    #[test]
    fn retry_after_is_seconds_or_a_date() {
        let of = |text| judge(503, Some(text), 784_111_777);
        assert_eq!(of("7"), refused(false, Some(7)));
        assert_eq!(of(" 0 "), refused(false, Some(0)));
        assert_eq!(of("Sun, 06 Nov 1994 08:49:47 GMT"), refused(false, Some(10)));
        assert_eq!(of("Sun, 06 Nov 1994 08:49:27 GMT"), refused(false, Some(0)));
        for capped in ["99999999", "99999999999999999999999"] {
            assert_eq!(of(capped), refused(false, Some(3600)));
        }
        for nothing in ["", "soon", "-1", "1.5"] {
            assert_eq!(of(nothing), refused(false, None), "{nothing}");
        }
    }

    #[test]
    fn waits_double_up_to_a_limit_and_longer_if_told_to_slow_down() {
        let millis = |slow_down, jitter| {
            let refusal = Refusal { slow_down, retry_after: None };
            [1, 2, 3, u32::MAX].map(|failures| wait(failures, refusal, jitter).as_millis())
        };
        assert_eq!(millis(false, 1.0), [250, 500, 1000, 60_000]);
        assert_eq!(millis(false, 0.0), [125, 250, 500, 30_000]);
        assert_eq!(millis(true, 1.0), [2000, 4000, 8000, 300_000]);
    }

    #[test]
    fn what_the_destination_asks_for_is_kept() {
        let asked = |seconds, jitter| wait(9, Refusal { slow_down: true, retry_after: Some(Duration::from_secs(seconds)) }, jitter);
        assert_eq!(asked(10, 0.0), Duration::from_secs(10));
        assert_eq!(asked(10, 1.0), Duration::from_secs(11));
        assert_eq!(asked(0, 0.0), FIRST_WAIT);
    }
}
