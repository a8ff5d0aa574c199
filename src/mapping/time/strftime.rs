//! Texts of times by strftime patterns, with the meaning that Python's `datetime.strftime` gives them on Linux in the C locale.
//!
//! In: a pattern at compile time; an instant and a zone at run time. Out: the text, in one allocation. Years before 1000 are not
//! padded, `%f` is six digits of microseconds, and `%z` shows seconds where an old zone has them.

use std::fmt::Write as _;

use super::super::error::Fault;
use super::calendar::Civil;
use super::precision::Precision;
use super::zone::Zone;

/// What is supported, for messages; `%s` is not, as it shows the zone of the machine.
const SUPPORTED: &str = "%a %A %b %B %c %C %d %D %e %f %F %g %G %h %H %I %j %k %l %m %M %n %p %P %r %R %S %t %T %u %U %V %w %W %x %X %y %Y \
                         %z %:z %Z %%, and %-d (no padding), %_d (spaces), %0e (zeros), %^a (capitals) and the like";

const WEEKDAYS: &[&str] = &["Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"];
const MONTHS: &[&str] =
    &["January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November", "December"];

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

#[derive(Debug, Clone)]
enum Part {
    Plain(Box<str>),
    /// A number, padded to a width.
    Number {
        of: fn(&Civil) -> i64,
        width: usize,
        fill: Fill,
    },
    /// One of several words, or its first letters.
    Word {
        words: &'static [&'static str],
        of: fn(&Civil) -> i64,
        letters: usize,
        capitals: bool,
    },
    Offset {
        colons: bool,
    },
    Zone,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Fill {
    Zeros,
    Spaces,
    Nothing,
}

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

    fn directive(&mut self, flag: Option<char>, directive: char) -> Result<(), Fault> {
        let whole = match directive {
            'c' => "%a %b %e %H:%M:%S %Y",
            'D' | 'x' => "%m/%d/%y",
            'F' => "%Y-%m-%d",
            'r' => "%I:%M:%S %p",
            'R' => "%H:%M",
            'T' | 'X' => "%H:%M:%S",
            _ => "",
        };
        match (flag, directive) {
            (None, '%') => self.plain("%"),
            (None, 'n') => self.plain("\n"),
            (None, 't') => self.plain("\t"),
            (None, _) if !whole.is_empty() => self.add(whole)?,
            _ => {
                let unknown = || {
                    let flag = flag.map_or_else(String::new, String::from);
                    Fault::new(format!("`%{flag}{directive}` is no supported directive of strftime; supported are {SUPPORTED}"))
                };
                let (part, precision) = word(directive).or_else(|| number(directive)).ok_or_else(unknown)?;
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
            match part {
                Part::Plain(plain) => text.push_str(plain),
                Part::Number { of, width, fill } => push_number(&mut text, of(&civil), *width, *fill),
                Part::Word { words, of, letters, capitals } => {
                    let word = usize::try_from(of(&civil)).ok().and_then(|index| words.get(index)).copied().unwrap_or_default();
                    let shown = word.get(..*letters).unwrap_or(word).chars();
                    text.extend(shown.map(|letter| if *capitals { letter.to_ascii_uppercase() } else { letter }));
                }
                Part::Offset { colons } => push_offset(&mut text, offset, if *colons { ":" } else { "" }),
                Part::Zone => zone.push_abbreviation(seconds, &mut text),
            }
        }
        Some(text)
    }
}

impl Part {
    /// The part as a flag changes it; `None` if the flag means nothing there.
    fn with(self, flag: Option<char>) -> Option<Part> {
        match (flag, self) {
            (None, part) => Some(part),
            (Some('^'), Part::Word { words, of, letters, .. }) => Some(Part::Word { words, of, letters, capitals: true }),
            (Some(':'), Part::Offset { .. }) => Some(Part::Offset { colons: true }),
            (Some(flag), Part::Number { of, width: width @ 2..=3, .. }) => {
                let fill = match flag {
                    '-' => Fill::Nothing,
                    '_' => Fill::Spaces,
                    '0' => Fill::Zeros,
                    _ => return None,
                };
                Some(Part::Number { of, width, fill })
            }
            _ => None,
        }
    }
}

fn word(directive: char) -> Option<(Part, Precision)> {
    let month: fn(&Civil) -> i64 = |civil| civil.month - 1;
    let (words, of, letters, precision): (_, fn(&Civil) -> i64, _, _) = match directive {
        'a' => (WEEKDAYS, |civil| civil.weekday, 3, Precision::WEEKDAY),
        'A' => (WEEKDAYS, |civil| civil.weekday, usize::MAX, Precision::WEEKDAY),
        'b' | 'h' => (MONTHS, month, 3, Precision::MONTH),
        'B' => (MONTHS, month, usize::MAX, Precision::MONTH),
        'p' => (&["AM", "PM"], |civil| civil.hour / 12, usize::MAX, Precision::HALF),
        'P' => (&["am", "pm"], |civil| civil.hour / 12, usize::MAX, Precision::HALF),
        'z' => return Some((Part::Offset { colons: false }, Precision::NONE)),
        'Z' => return Some((Part::Zone, Precision::NONE)),
        _ => return None,
    };
    Some((Part::Word { words, of, letters, capitals: false }, precision))
}

fn number(directive: char) -> Option<(Part, Precision)> {
    let hour_of_12: fn(&Civil) -> i64 = |civil| (civil.hour + 11) % 12 + 1;
    let (of, width, precision): (fn(&Civil) -> i64, usize, Precision) = match directive {
        'C' => (|civil| civil.year / 100, 1, Precision::NONE),
        'd' | 'e' => (|civil| civil.day, 2, Precision::DAY),
        'f' => (|civil| civil.micro, 6, Precision::MICRO),
        'g' => (|civil| civil.iso_week().0 % 100, 2, Precision::YEAR),
        'G' => (|civil| civil.iso_week().0, 1, Precision::YEAR),
        'H' | 'k' => (|civil| civil.hour, 2, Precision::HOUR),
        'I' | 'l' => (hour_of_12, 2, Precision::HOUR_OF_12),
        'j' => (|civil| civil.day_of_year + 1, 3, Precision::DAY_OF_YEAR),
        'm' => (|civil| civil.month, 2, Precision::MONTH),
        'M' => (|civil| civil.minute, 2, Precision::MINUTE),
        'S' => (|civil| civil.second, 2, Precision::SECOND),
        'u' => (|civil| (civil.weekday + 6) % 7 + 1, 1, Precision::WEEKDAY),
        'U' => (|civil| (civil.day_of_year + 7 - civil.weekday) / 7, 2, Precision::WEEK),
        'V' => (|civil| civil.iso_week().1, 2, Precision::WEEK),
        'w' => (|civil| civil.weekday, 1, Precision::WEEKDAY),
        'W' => (|civil| (civil.day_of_year + 7 - (civil.weekday + 6) % 7) / 7, 2, Precision::WEEK),
        'y' => (|civil| civil.year % 100, 2, Precision::YEAR),
        'Y' => (|civil| civil.year, 1, Precision::YEAR),
        _ => return None,
    };
    let fill = if matches!(directive, 'e' | 'k' | 'l') { Fill::Spaces } else { Fill::Zeros };
    Some((Part::Number { of, width, fill }, precision))
}

/// Writing to a text cannot fail.
fn push_number(text: &mut String, value: i64, width: usize, fill: Fill) {
    match fill {
        Fill::Zeros => write!(text, "{value:0width$}"),
        Fill::Spaces => write!(text, "{value:width$}"),
        Fill::Nothing => write!(text, "{value}"),
    }
    .unwrap_or_default();
}

fn push_offset(text: &mut String, offset: i64, colon: &str) {
    text.push(if offset < 0 { '-' } else { '+' });
    let offset = offset.abs();
    write!(text, "{:02}{colon}{:02}", offset / 3600, offset / 60 % 60).unwrap_or_default();
    if offset % 60 != 0 {
        write!(text, "{colon}{:02}", offset % 60).unwrap_or_default();
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
