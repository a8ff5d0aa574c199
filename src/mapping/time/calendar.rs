//! The Gregorian calendar, also before there was one, as Python's `datetime` has it.
//!
//! In: microseconds since 1970 on a clock's face. Out: what a calendar and a clock show.

/// A date and a time of day.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Civil {
    pub(super) year: i64,
    /// From 1.
    pub(super) month: i64,
    pub(super) day: i64,
    pub(super) hour: i64,
    pub(super) minute: i64,
    pub(super) second: i64,
    pub(super) micro: i64,
    /// From 0, which is Sunday.
    pub(super) weekday: i64,
    /// From 0.
    pub(super) day_of_year: i64,
}

const MICROS_A_DAY: i64 = 86_400_000_000;

impl Civil {
    /// The date and time of day that many microseconds after the beginning of 1970.
    pub(super) fn of(micros: i64) -> Civil {
        let days = micros.div_euclid(MICROS_A_DAY);
        let of_day = micros.rem_euclid(MICROS_A_DAY);
        let (year, month, day) = date(days);
        Civil {
            year,
            month,
            day,
            hour: of_day / 3_600_000_000,
            minute: of_day / 60_000_000 % 60,
            second: of_day / 1_000_000 % 60,
            micro: of_day % 1_000_000,
            weekday: (days + 4).rem_euclid(7),
            day_of_year: days - days_to(year, 1, 1),
        }
    }

    /// The year and the week of ISO 8601: weeks begin on Mondays, and belong to the year that their Thursday is in.
    pub(super) fn iso_week(&self) -> (i64, i64) {
        let thursday = self.day_of_year + 3 - (self.weekday + 6) % 7;
        let length = |year: i64| days_to(year + 1, 1, 1) - days_to(year, 1, 1);
        if thursday < 0 {
            (self.year - 1, (thursday + length(self.year - 1)) / 7 + 1)
        } else if thursday >= length(self.year) {
            (self.year + 1, 1)
        } else {
            (self.year, thursday / 7 + 1)
        }
    }
}

/// Days from the beginning of 1970 to a date. Years are counted from March here, so that the leap day is their last.
pub(super) fn days_to(year: i64, month: i64, day: i64) -> i64 {
    let year = if month > 2 { year } else { year - 1 };
    let of_year = ((month + 9) % 12 * 153 + 2) / 5 + day - 1;
    year * 365 + year.div_euclid(4) - year.div_euclid(100) + year.div_euclid(400) + of_year - 719_468
}

/// The other way round: year, month and day.
fn date(days: i64) -> (i64, i64, i64) {
    let days = days + 719_468;
    let (era, of_era) = (days.div_euclid(146_097), days.rem_euclid(146_097));
    let year_of_era = (of_era - of_era / 1460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let from_march = (5 * of_year + 2) / 153;
    let day = of_year - (153 * from_march + 2) / 5 + 1;
    let month = if from_march < 10 { from_march + 3 } else { from_march - 9 };
    (year_of_era + era * 400 + i64::from(month <= 2), month, day)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_day_of_every_year_follows_the_one_before() {
        let (mut weekday, mut before) = (0, (0, 12, 31));
        for days in days_to(1, 1, 1)..=days_to(9999, 12, 31) {
            let civil = Civil::of(days * MICROS_A_DAY);
            let today = (civil.year, civil.month, civil.day);
            assert_eq!(days_to(civil.year, civil.month, civil.day), days);
            weekday = (weekday + 1) % 7;
            assert_eq!(civil.weekday, weekday, "0001-01-01 was a Monday; {today:?}");
            assert!(today > before, "{today:?}");
            before = today;
        }
        assert_eq!(before, (9999, 12, 31));
    }

    #[test]
    fn instants_before_1970_are_rounded_down() {
        let civil = Civil::of(-1);
        assert_eq!((civil.year, civil.month, civil.day), (1969, 12, 31));
        assert_eq!((civil.hour, civil.minute, civil.second, civil.micro), (23, 59, 59, 999_999));
        assert_eq!((civil.weekday, civil.day_of_year), (3, 364));
    }

    #[test]
    fn a_week_belongs_to_the_year_of_its_thursday() {
        for ((year, month, day), week) in [
            ((2016, 1, 3), (2015, 53)),
            ((2016, 1, 4), (2016, 1)),
            ((2018, 12, 31), (2019, 1)),
            ((2020, 12, 31), (2020, 53)),
            ((2022, 1, 1), (2021, 52)),
            ((2024, 2, 29), (2024, 9)),
        ] {
            assert_eq!(Civil::of(days_to(year, month, day) * MICROS_A_DAY).iso_week(), week);
        }
    }
}
