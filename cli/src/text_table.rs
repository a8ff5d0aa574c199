//! An aligned table of text: rows of cells in, lines out.

/// Characters of a cell that are shown; in the last column, which pushes no other aside, there is room for more.
const WIDEST: usize = 48;
const WIDEST_LAST: usize = 100;
const GAP: &str = "  ";

/// Aligns columns; the first row is the head, and gets a rule below it.
pub fn lines(rows: &[Vec<String>]) -> Vec<String> {
    let (rows, widths) = measured(rows);
    let mut lines: Vec<String> = rows.iter().map(|row| aligned(row, &widths)).collect();
    if !lines.is_empty() {
        let rule: Vec<String> = widths.iter().map(|width| "─".repeat(*width)).collect();
        lines.insert(1, rule.join(GAP));
    }
    lines
}

/// Aligns columns; there is no head.
pub fn plain_lines(rows: &[Vec<String>]) -> Vec<String> {
    let (rows, widths) = measured(rows);
    rows.iter().map(|row| aligned(row, &widths)).collect()
}

/// The rows as they are shown, and the width of each column.
fn measured(rows: &[Vec<String>]) -> (Vec<Vec<String>>, Vec<usize>) {
    let rows: Vec<Vec<String>> = rows.iter().map(|row| shown(row)).collect();
    let columns = rows.iter().map(Vec::len).max().unwrap_or(0);
    let width = |column: usize| rows.iter().filter_map(|row| row.get(column)).map(|cell| cell.chars().count()).max().unwrap_or(0);
    let widths = (0..columns).map(width).collect();
    (rows, widths)
}

/// A text on one line, cut with … where it is too long.
pub fn cut(text: &str, most: usize) -> String {
    match text.char_indices().nth(most) {
        None => text.to_owned(),
        Some(_) => text.chars().take(most - 1).chain(['…']).collect(),
    }
}

fn shown(row: &[String]) -> Vec<String> {
    let plain = |cell: &String| cell.chars().map(|letter| if letter.is_control() { ' ' } else { letter }).collect::<String>();
    let most = |column| if column + 1 == row.len() { WIDEST_LAST } else { WIDEST };
    row.iter().enumerate().map(|(column, cell)| cut(&plain(cell), most(column))).collect()
}

fn aligned(row: &[String], widths: &[usize]) -> String {
    let cells: Vec<String> = row.iter().zip(widths).map(|(cell, width)| format!("{cell:width$}", width = *width)).collect();
    cells.join(GAP).trim_end().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_align_and_long_cells_are_cut() {
        let row = |first: &str, second: &str| vec![first.to_owned(), second.to_owned()];
        let lines = lines(&[row("id", "name"), row("1", "é\n"), row("100", &"x".repeat(160))]);
        assert_eq!(lines[0], "id   name");
        assert_eq!(lines[2], "1    é");
        assert!(lines[3].ends_with("xx…") && lines[3].chars().count() == 5 + WIDEST_LAST);
        assert_eq!(cut("abcd", 4), "abcd");
    }
}
