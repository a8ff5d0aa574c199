//! How much of a time the patterns of a key show: enough to tell two documents apart, or not.

/// What of a time is shown, by one pattern or by several.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(in crate::mapping) struct Precision(u16);

impl Precision {
    pub(super) const NONE: Precision = Precision(0);
    pub(super) const YEAR: Precision = Precision(1);
    pub(super) const MONTH: Precision = Precision(1 << 1);
    pub(super) const DAY: Precision = Precision(1 << 2);
    pub(super) const WEEK: Precision = Precision(1 << 3);
    pub(super) const WEEKDAY: Precision = Precision(1 << 4);
    pub(super) const DAY_OF_YEAR: Precision = Precision(1 << 5);
    pub(super) const HOUR: Precision = Precision(1 << 6);
    pub(super) const HOUR_OF_12: Precision = Precision(1 << 7);
    pub(super) const HALF: Precision = Precision(1 << 8);
    pub(super) const MINUTE: Precision = Precision(1 << 9);
    pub(super) const SECOND: Precision = Precision(1 << 10);
    pub(super) const MICRO: Precision = Precision(1 << 11);
    /// The time as a number shows all.
    pub(in crate::mapping) const ALL: Precision = Precision(u16::MAX);

    /// What both show together.
    #[must_use]
    pub(in crate::mapping) fn and(self, other: Precision) -> Precision {
        Precision(self.0 | other.0)
    }

    /// Whether no two microseconds look the same.
    pub(in crate::mapping) fn is_exact(self) -> bool {
        let shows = |parts: &[Precision]| parts.iter().all(|part| self.0 & part.0 != 0);
        let day = shows(&[Self::MONTH, Self::DAY]) || shows(&[Self::WEEK, Self::WEEKDAY]) || shows(&[Self::DAY_OF_YEAR]);
        let hour = shows(&[Self::HOUR]) || shows(&[Self::HOUR_OF_12, Self::HALF]);
        day && hour && shows(&[Self::YEAR, Self::MINUTE, Self::SECOND, Self::MICRO])
    }
}

#[cfg(test)]
mod tests {
    use super::super::Format;
    use super::*;

    #[test]
    fn patterns_tell_documents_apart_when_they_show_everything_together() {
        let exact = |patterns: &[&str]| {
            let shown = patterns.iter().map(|pattern| Format::compile(pattern).unwrap().precision());
            shown.fold(Precision::default(), Precision::and).is_exact()
        };
        for patterns in
            [&["%Y-%m", "%d-%H:%M:%S.%f"][..], &["%FT%T.%f"], &["%G-W%V-%u %r %f"], &["%y%j%H%M%S%f"], &["%c%f"], &["%D", "%X", "%f"]]
        {
            assert!(exact(patterns), "{patterns:?}");
        }
        for patterns in [&["%Y-%m"][..], &["%FT%T"], &["%T.%f"], &["%F %I:%M:%S.%f"], &["%Y-%m-%f"], &["%m-%dT%T.%f"], &["%z"]] {
            assert!(!exact(patterns), "{patterns:?}");
        }
        assert!(Precision::ALL.is_exact());
    }
}
