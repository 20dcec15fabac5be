//! Tables for people.

/// Rows as lines, with columns as wide as their widest cell. The last column is as wide as it is.
pub fn aligned(rows: &[Vec<String>]) -> Vec<String> {
    let mut widths = Vec::new();
    for row in rows {
        widths.resize(widths.len().max(row.len()), 0);
        let last = row.len().saturating_sub(1);
        for (width, cell) in widths.iter_mut().zip(row).take(last) {
            *width = (*width).max(cell.chars().count());
        }
    }
    rows.iter().map(|row| line(row, widths.iter().copied())).collect()
}

/// One row as a line, for a stream whose widest cell isn't known yet: each cell is at least as wide as its column.
pub fn line(cells: &[String], widths: impl IntoIterator<Item = usize>) -> String {
    let cells = cells.iter().zip(widths).map(|(cell, width)| format!("{cell:width$}"));
    cells.collect::<Vec<_>>().join("  ").trim_end().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_are_as_wide_as_their_widest_cell_but_for_the_last() {
        let rows = [["A", "B"], ["long", "x"], ["", "wide cell"]].map(|row| row.map(str::to_owned).to_vec());
        assert_eq!(aligned(&rows), ["A     B", "long  x", "      wide cell"]);
        assert_eq!(line(&rows[1], [6, 0]), "long    x");
    }
}
