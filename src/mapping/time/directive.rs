//! One directive of a strftime pattern, such as `%d` or `%-d`.
//!
//! In: its letter and its flag at compile time; a date and a time of day at run time. Out: what it shows, and how much of a time that is.

use std::fmt::Write as _;

use super::calendar::Civil;
use super::precision::Precision;
use super::zone::Zone;

const WEEKDAYS: &[&str] = &["Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"];
const MONTHS: &[&str] =
    &["January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November", "December"];

#[derive(Debug, Clone)]
pub(super) enum Part {
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
pub(super) enum Fill {
    Zeros,
    Spaces,
    Nothing,
}

/// The directive of that letter without a flag, and what it shows; `None` if there is none.
pub(super) fn compile(letter: char) -> Option<(Part, Precision)> {
    word(letter).or_else(|| number(letter))
}

impl Part {
    /// The part as a flag changes it; `None` if the flag means nothing there.
    pub(super) fn with(self, flag: Option<char>) -> Option<Part> {
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

    /// Appends what is shown at a time of day; the offset and the seconds since 1970 are those of the instant.
    pub(super) fn push(&self, text: &mut String, civil: &Civil, offset: i64, (seconds, zone): (i64, &Zone)) {
        match self {
            Part::Plain(plain) => text.push_str(plain),
            Part::Number { of, width, fill } => push_number(text, of(civil), *width, *fill),
            Part::Word { words, of, letters, capitals } => {
                let word = usize::try_from(of(civil)).ok().and_then(|index| words.get(index)).copied().unwrap_or_default();
                let shown = word.get(..*letters).unwrap_or(word).chars();
                text.extend(shown.map(|letter| if *capitals { letter.to_ascii_uppercase() } else { letter }));
            }
            Part::Offset { colons } => push_offset(text, offset, if *colons { ":" } else { "" }),
            Part::Zone => zone.push_abbreviation(seconds, text),
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
