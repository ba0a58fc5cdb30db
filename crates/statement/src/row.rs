//! A row: its cells as text, in memory that is used again for the next.
//!
//! Invariant: a row has at most [`COLUMNS_MAX`] cells of at most [`CELL_BYTES_MAX`] bytes.

use crate::limit::{CELL_BYTES_MAX, COLUMNS_MAX};
use crate::word::clean;

/// The cells of a row.
#[derive(Clone, Debug, Default)]
pub struct Row {
    text: String,
    starts: Vec<usize>,
    is_full: bool,
}

impl Row {
    /// Forgets all cells.
    pub fn clear(&mut self) {
        self.text.clear();
        self.starts.clear();
        self.is_full = false;
    }

    /// Begins another cell.
    pub fn begin(&mut self) {
        match self.starts.len() < COLUMNS_MAX {
            true => self.starts.push(self.text.len()),
            false => self.is_full = true,
        }
    }

    /// Adds text to the cell that was begun last.
    pub fn push(&mut self, text: &str) {
        if let (Some(start), false) = (self.starts.last(), self.is_full) {
            let left = CELL_BYTES_MAX.saturating_sub(self.text.len() - start);
            self.text.push_str(&text[..text.floor_char_boundary(left)]);
        }
    }

    /// Adds a cell.
    pub fn cell(&mut self, text: &str) {
        self.begin();
        self.push(text);
    }

    /// Puts a cell into a column, the ones before it being empty; columns come one after the other.
    pub fn put(&mut self, column: usize, text: &str) {
        while self.starts.len() < column.min(COLUMNS_MAX) {
            self.begin();
        }
        self.cell(text);
    }

    /// How many cells there are.
    pub fn len(&self) -> usize {
        self.starts.len()
    }

    /// A cell; empty where there is none.
    pub fn get(&self, column: usize) -> &str {
        let Some(start) = self.starts.get(column) else {
            return "";
        };
        let end = self.starts.get(column + 1).copied().unwrap_or(self.text.len());
        &self.text[*start..end]
    }

    /// All cells.
    pub fn iter(&self) -> impl Iterator<Item = &str> {
        (0..self.len()).map(|column| self.get(column))
    }

    /// The first cell that says something, without what surrounds it.
    pub fn first(&self) -> &str {
        self.iter()
            .map(clean)
            .find(|cell| !cell.is_empty())
            .unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_row_is_bounded_in_cells_and_in_text() {
        let mut row = Row::default();
        row.put(2, "三");
        row.cell(&"长".repeat(CELL_BYTES_MAX));
        assert_eq!((row.len(), row.get(0), row.get(2), row.get(9)), (4, "", "三", ""));
        assert_eq!(row.get(3).len(), CELL_BYTES_MAX / 3 * 3);
        assert_eq!(row.first(), "三");
        row.put(70_000, "far");
        assert_eq!(row.len(), COLUMNS_MAX);
        assert!(!row.iter().any(|cell| cell.contains("far")));
        row.clear();
        assert_eq!(row.len(), 0);
    }
}
