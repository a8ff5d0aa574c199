//! Texts of times by strftime patterns, with the meaning that Python's `datetime.strftime` gives them on Linux in the C locale.
//!
//! In: a pattern at compile time; an instant and a zone at run time. Out: the text, in one allocation. Years before 1000 are not
//! padded, `%f` is six digits of microseconds, and `%z` shows seconds where an old zone has them.

use super::super::error::Fault;
use super::calendar::Civil;
use super::directive::{self, Part};
use super::precision::Precision;
use super::zone::Zone;

/// What is supported, for messages; `%s` is not, as it shows the zone of the machine.
const SUPPORTED: &str = "%a %A %b %B %c %C %d %D %e %f %F %g %G %h %H %I %j %k %l %m %M %n %p %P %r %R %S %t %T %u %U %V %w %W %x %X %y %Y \
                         %z %:z %Z %%, and %-d (no padding), %_d (spaces), %0e (zeros), %^a (capitals) and the like";

/// A compiled pattern.
#[derive(Debug, Clone)]
pub(in crate::mapping) struct Format {
    pattern: Box<str>,
    parts: Vec<Part>,
    precision: Precision,
    /// About as many bytes as a text has.
    length: usize,
}

/// Two are equal when they were written alike.
impl PartialEq for Format {
    fn eq(&self, other: &Format) -> bool {
        self.pattern == other.pattern
    }
}

impl Eq for Format {}

impl Format {
    pub(in crate::mapping) fn compile(pattern: &str) -> Result<Format, Fault> {
        if pattern.is_empty() {
            return Err(Fault::new("a time needs a strftime pattern, such as `%Y-%m-%d`"));
        }
        let mut format = Format { pattern: pattern.into(), parts: Vec::new(), precision: Precision::NONE, length: 0 };
        format.add(pattern)?;
        if format.parts.iter().all(|part| matches!(part, Part::Plain(_))) {
            return Err(Fault::new(format!("`{pattern}` shows nothing of the time; a strftime pattern is such as `%Y-%m-%d`")));
        }
        Ok(format)
    }

    /// The pattern, as it was written.
    pub(in crate::mapping) fn pattern(&self) -> &str {
        &self.pattern
    }

    /// What it shows.
    pub(in crate::mapping) fn precision(&self) -> Precision {
        self.precision
    }

    fn add(&mut self, pattern: &str) -> Result<(), Fault> {
        let mut rest = pattern;
        while let Some((plain, behind)) = rest.split_once('%') {
            self.plain(plain);
            let flag = behind.chars().next().filter(|first| "-_0^:".contains(*first));
            let at = flag.map_or(0, char::len_utf8);
            let Some(directive) = behind[at..].chars().next() else {
                return Err(Fault::new("a `%` without its directive at the end of the pattern; the character itself is `%%`"));
            };
            self.directive(flag, directive)?;
            rest = &behind[at + directive.len_utf8()..];
        }
        self.plain(rest);
        Ok(())
    }

    fn plain(&mut self, text: &str) {
        if !text.is_empty() {
            self.length += text.len();
            self.parts.push(Part::Plain(text.into()));
        }
    }

    fn directive(&mut self, flag: Option<char>, letter: char) -> Result<(), Fault> {
        let whole = match letter {
            'c' => "%a %b %e %H:%M:%S %Y",
            'D' | 'x' => "%m/%d/%y",
            'F' => "%Y-%m-%d",
            'r' => "%I:%M:%S %p",
            'R' => "%H:%M",
            'T' | 'X' => "%H:%M:%S",
            _ => "",
        };
        match (flag, letter) {
            (None, '%') => self.plain("%"),
            (None, 'n') => self.plain("\n"),
            (None, 't') => self.plain("\t"),
            (None, _) if !whole.is_empty() => self.add(whole)?,
            _ => {
                let unknown = || {
                    let flag = flag.map_or_else(String::new, String::from);
                    Fault::new(format!("`%{flag}{letter}` is no supported directive of strftime; supported are {SUPPORTED}"))
                };
                let (part, precision) = directive::compile(letter).ok_or_else(unknown)?;
                self.parts.push(part.with(flag).ok_or_else(unknown)?);
                self.precision = self.precision.and(precision);
                self.length += 9;
            }
        }
        Ok(())
    }

    /// The time at an instant in microseconds since 1970; `None` if the zone shows a year before 1 or after 9999.
    pub(super) fn text(&self, micros: i64, zone: &Zone) -> Option<String> {
        let seconds = micros.div_euclid(1_000_000);
        let offset = zone.offset(seconds);
        let civil = Civil::of(micros + offset * 1_000_000);
        if !(1..=9999).contains(&civil.year) {
            return None;
        }
        let mut text = String::with_capacity(self.length);
        for part in &self.parts {
            part.push(&mut text, &civil, offset, (seconds, zone));
        }
        Some(text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(pattern: &str, micros: i64, zone: &str) -> String {
        Format::compile(pattern).unwrap().text(micros, &Zone::compile(zone).unwrap()).unwrap()
    }

    /// `datetime(987, 1, 2, 3, 4, 5, 6, tzinfo=timezone.utc)`; the expected texts are those of CPython 3.11 with glibc.
    const OLD: i64 = -31_020_353_754_999_994;

    #[test]
    fn every_directive_is_pythons() {
        for (pattern, expected) in [
            ("%a %A %b %B %h %^a %^B", "Tue Tuesday Jan January Jan TUE JANUARY"),
            ("%c|%x|%X|%r|%R|%T|%D|%F", "Tue Jan  2 03:04:05 987|01/02/87|03:04:05|03:04:05 AM|03:04|03:04:05|01/02/87|987-01-02"),
            ("%Y %y %G %g %C %V %U %W %u %w %j", "987 87 987 87 9 01 00 01 2 2 002"),
            ("%m %d %e %H %I %k %l %M %S %f %p %P", "01 02  2 03 03  3  3 04 05 000006 AM am"),
            ("%-d %_H %0e %-j %-y %_m %-V %-k %0l %^p", "2  3 02 2 87  1 1 3 03 AM"),
            ("%z %:z %Z%n%t%%é", "+0000 +00:00 UTC\n\t%é"),
        ] {
            assert_eq!(text(pattern, OLD, "UTC"), expected, "{pattern}");
        }
    }

    #[test]
    fn the_longest_text_needs_no_second_allocation() {
        let wednesday_of_september = 1_694_598_896_123_456;
        for pattern in ["%A%B%f%Y", "%c", "%z%:z%Z%A", "x%%%F %r", "%^A"] {
            let format = Format::compile(pattern).unwrap();
            for (micros, zone) in [(wednesday_of_september, "Africa/Casablanca"), (-5_000_000_000_000_000, "Europe/Berlin")] {
                let text = format.text(micros, &Zone::compile(zone).unwrap()).unwrap();
                assert!(text.len() <= format.length, "{text}");
            }
        }
    }

    #[test]
    fn noon_and_midnight_are_twelve() {
        let hours = [0, 1, 11, 12, 13, 23].map(|hour| text("%I%p", hour * 3_600_000_000, "UTC"));
        assert_eq!(hours, ["12AM", "01AM", "11AM", "12PM", "01PM", "11PM"]);
    }

    #[test]
    fn old_offsets_show_their_seconds() {
        let before_1893 = -5_000_000_000_000_000;
        assert_eq!(text("%z %:z %Z", before_1893, "Europe/Berlin"), "+005328 +00:53:28 LMT");
        assert_eq!(text("%z", before_1893, "America/New_York"), "-045602");
        assert_eq!(text("%z %Z", 1_659_000_000_000_000, "America/St_Johns"), "-0230 NDT");
    }

    #[test]
    fn what_is_not_supported_is_named() {
        for (pattern, named) in [
            ("%Y-%Q", "`%Q` is no supported directive"),
            ("%s", "`%s` is no supported"),
            ("%Ey", "`%E` is no supported"),
            ("%10Y", "`%1` is no supported"),
            ("%-f", "`%-f` is no supported"),
            ("%_Y", "`%_Y` is no supported"),
            ("%^d", "`%^d` is no supported"),
            ("%-F", "`%-F` is no supported"),
            ("%:Y", "`%:Y` is no supported"),
            ("%^:z", "`%^:` is no supported"),
            ("%é", "`%é` is no supported"),
            ("%Y%", "without its directive"),
            ("%-", "without its directive"),
            ("", "needs a strftime pattern"),
            ("2022%%", "shows nothing of the time"),
        ] {
            let fault = format!("{:?}", Format::compile(pattern).unwrap_err());
            assert!(fault.contains(named), "{pattern}: {fault}");
        }
    }

    #[test]
    fn a_year_past_the_calendars_is_none() {
        let format = Format::compile("%Y").unwrap();
        let last = 253_402_300_799_999_999;
        assert_eq!(format.text(last, &Zone::Utc).unwrap(), "9999");
        assert_eq!(format.text(last, &Zone::compile("Asia/Tokyo").unwrap()), None);
        assert_eq!(format.text(-62_135_596_800_000_000, &Zone::compile("America/New_York").unwrap()), None);
    }
}
