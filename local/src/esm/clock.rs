//! The time of a simulation: set and advanced by hand, read by the simulation and by the handler. Never the machine's clock.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

/// A virtual clock. Times are durations since the Unix epoch, to the nanosecond, until the year 2554.
///
/// It only moves forward, and is shared by reference: a handler that takes three seconds advances it by three seconds.
#[derive(Debug)]
pub struct Clock(AtomicU64);

impl Clock {
    pub fn at(now: Duration) -> Clock {
        Clock(AtomicU64::new(nanoseconds(now)))
    }

    pub fn now(&self) -> Duration {
        Duration::from_nanos(self.0.load(Ordering::Relaxed))
    }

    pub fn advance(&self, by: Duration) {
        self.advance_to(self.now().saturating_add(by));
    }

    /// A time in the past changes nothing.
    pub fn advance_to(&self, time: Duration) {
        self.0.fetch_max(nanoseconds(time), Ordering::Relaxed);
    }
}

fn nanoseconds(time: Duration) -> u64 {
    u64::try_from(time.as_nanos()).unwrap_or(u64::MAX)
}

/// A time as Lambda writes it in an on-failure record: ISO 8601 in UTC, to the millisecond, such as `2019-11-14T00:38:06.021Z`.
pub(super) fn iso8601(time: Duration) -> String {
    let seconds = time.as_secs();
    let (year, month, day) = date(seconds / 86_400);
    let (hour, minute, second) = (seconds / 3600 % 24, seconds / 60 % 60, seconds % 60);
    format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}.{:03}Z", time.subsec_millis())
}

/// Year, month and day of a day since the epoch, in the Gregorian calendar. Counts in years that begin in March, so that the leap day is
/// the last one, and in eras of 400 years, which all have 146,097 days.
fn date(days_since_epoch: u64) -> (u64, u64, u64) {
    let days = days_since_epoch + 719_468; // since 0000-03-01
    let day_of_era = days % 146_097;
    let year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month_from_march = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * month_from_march + 2) / 5 + 1;
    let month = if month_from_march < 10 { month_from_march + 3 } else { month_from_march - 9 };
    (days / 146_097 * 400 + year_of_era + u64::from(month <= 2), month, day)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_clock_moves_forward_only() {
        let clock = Clock::at(Duration::from_secs(10));
        clock.advance(Duration::from_millis(1500));
        clock.advance_to(Duration::from_secs(3));
        assert_eq!(clock.now(), Duration::from_millis(11_500));
        clock.advance(Duration::MAX);
        assert!(clock.now() > Duration::from_secs(18_000_000_000));
    }

    #[test]
    fn times_are_written_as_on_failure_records_write_them() {
        let at = |millis| iso8601(Duration::from_millis(millis));
        assert_eq!(at(0), "1970-01-01T00:00:00.000Z");
        assert_eq!(at(1_573_691_886_021), "2019-11-14T00:38:06.021Z");
        assert_eq!(at(951_782_400_000), "2000-02-29T00:00:00.000Z");
        assert_eq!(at(951_868_799_999), "2000-02-29T23:59:59.999Z");
        assert_eq!(at(1_735_689_599_999), "2024-12-31T23:59:59.999Z");
        assert_eq!(at(4_107_542_400_000), "2100-03-01T00:00:00.000Z");
    }
}
