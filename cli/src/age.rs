//! How long something is ago, for people.

use std::time::Duration;

/// In its largest whole unit.
pub fn told(age: Duration) -> String {
    let seconds = age.as_secs();
    let (unit, name) = [(86_400, "d"), (3600, "h"), (60, "min")].into_iter().find(|(unit, _)| seconds >= *unit).unwrap_or((1, "s"));
    format!("{} {name}", seconds / unit)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_age_has_one_unit() {
        let shown = [0, 59, 60, 3599, 7200, 86_400 * 3].map(|seconds| told(Duration::from_secs(seconds)));
        assert_eq!(shown, ["0 s", "59 s", "1 min", "59 min", "2 h", "3 d"]);
    }
}
