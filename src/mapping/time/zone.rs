//! Time zones by their names in the IANA database, which is part of the program.
//!
//! In: a name at compile time; an instant at run time. Out: the offset from UTC and its abbreviation.

use jiff::Timestamp;
use jiff::tz::{TimeZone, TimeZoneDatabase};

use super::super::error::Fault;
use super::super::suggest;

/// A zone in which times are shown.
#[derive(Debug, Clone)]
pub(in crate::mapping) enum Zone {
    Utc,
    Named(TimeZone),
}

impl Zone {
    /// The zone of that name, in any case. The fault suggests the nearest one.
    pub(in crate::mapping) fn compile(name: &str) -> Result<Zone, Fault> {
        if name == "UTC" {
            return Ok(Zone::Utc);
        }
        let database = TimeZoneDatabase::bundled();
        database.get(name).map(Zone::Named).map_err(|_| {
            let names: Vec<String> = database.available().map(|known| known.to_string()).collect();
            let nearest = suggest::nearest_zone(name, names.iter().map(String::as_str)).unwrap_or("UTC");
            Fault::new(format!("there is no time zone `{name}`: did you mean `{nearest}`?"))
        })
    }

    /// Seconds east of UTC at an instant in epoch seconds.
    pub(super) fn offset(&self, seconds: i64) -> i64 {
        match self {
            Zone::Utc => 0,
            Zone::Named(zone) => zone.to_offset(timestamp(seconds)).seconds().into(),
        }
    }

    /// Appends the abbreviation that holds at an instant, such as `CEST`.
    pub(super) fn push_abbreviation(&self, seconds: i64, out: &mut String) {
        match self {
            Zone::Utc => out.push_str("UTC"),
            Zone::Named(zone) => out.push_str(zone.to_offset_info(timestamp(seconds)).abbreviation()),
        }
    }
}

/// The last hours of the year 9999 are past the database's; no zone changes in them.
fn timestamp(seconds: i64) -> Timestamp {
    Timestamp::from_second(seconds).unwrap_or(Timestamp::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn offsets_are_those_of_the_instant() {
        let berlin = Zone::compile("europe/berlin").unwrap();
        assert_eq!([-5_000_000_000, 0, 1_659_000_000, 5_000_000_000].map(|seconds| berlin.offset(seconds)), [3208, 3600, 7200, 7200]);
        assert_eq!(Zone::compile("Etc/GMT-1").unwrap().offset(0), 3600, "as POSIX has it: west is positive");
        assert_eq!(Zone::compile("Asia/Tokyo").unwrap().offset(253_402_300_799), 32_400);
        let mut text = String::new();
        berlin.push_abbreviation(1_659_000_000, &mut text);
        assert_eq!(text, "CEST");
    }

    #[test]
    fn of_an_unknown_name_the_nearest_is_suggested() {
        for (name, nearest) in [
            ("Europe/Berln", "Europe/Berlin"),
            ("berlin", "Europe/Berlin"),
            ("America/New York", "America/New_York"),
            ("Etc/GMT+25", "Etc/GMT+2"),
            ("utc1", "UTC"),
        ] {
            let fault = format!("{:?}", Zone::compile(name).unwrap_err());
            assert!(fault.contains(&format!("no time zone `{name}`: did you mean `{nearest}`?")), "{fault}");
        }
        assert!(Zone::compile("").is_err() && Zone::compile("../etc/passwd").is_err());
    }
}
