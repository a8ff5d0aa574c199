//! The known word nearest to a mistyped one.

/// The end of a message about an unknown `word`: the nearest candidate if one is close, else all of them.
pub fn hint(word: &str, candidates: &[&str]) -> String {
    let close = (word.chars().count() / 3).max(2);
    let nearest = candidates.iter().map(|candidate| (distance(word, candidate), candidate)).min();
    match nearest {
        Some((steps, candidate)) if steps <= close && steps < candidate.len() => format!(": did you mean `{candidate}`?"),
        _ => format!("; known are {}", candidates.iter().map(|known| format!("`{known}`")).collect::<Vec<_>>().join(", ")),
    }
}

/// The zone whose name, or whose city's, is nearest to a mistyped one, whatever its case.
pub(super) fn nearest_zone<'z>(word: &str, zones: impl Iterator<Item = &'z str>) -> Option<&'z str> {
    let word = word.to_ascii_lowercase();
    let steps = |zone: &str| {
        let zone = zone.to_ascii_lowercase();
        let city = zone.rsplit('/').next().unwrap_or_default();
        distance(&word, &zone).min(distance(&word, city))
    };
    zones.min_by_key(|zone| (steps(zone), zone.len(), *zone))
}

/// Levenshtein's edit distance.
fn distance(left: &str, right: &str) -> usize {
    let mut row: Vec<usize> = (0..=right.chars().count()).collect();
    for (line, a) in left.chars().enumerate() {
        let mut diagonal = std::mem::replace(&mut row[0], line + 1);
        for (column, b) in right.chars().enumerate() {
            let substitution = diagonal + usize::from(a != b);
            diagonal = row[column + 1];
            row[column + 1] = substitution.min(diagonal + 1).min(row[column] + 1);
        }
    }
    row[right.chars().count()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_nearest_word_is_suggested_or_all_are_listed() {
        assert_eq!(hint("wehre", &["item", "where"]), ": did you mean `where`?");
        assert_eq!(hint("zebra", &["item", "rest"]), "; known are `item`, `rest`");
        assert_eq!(distance("kitten", "sitting"), 3);
        assert_eq!(distance("", "abc"), 3);
    }
}
