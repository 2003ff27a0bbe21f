//! Styled text in lines of limited width.

use anstyle::Style;

/// Between two columns.
const GAP: usize = 2;

/// No column of a table is narrower: what grows from 9 to 10 must not move its neighbours every second.
const COLUMN_WIDTH: usize = 8;

#[derive(Clone, Debug)]
pub struct Cell {
    text: String,
    style: Style,
}

impl Cell {
    /// Text from a log may hold anything: what would steer the terminal becomes `�`.
    pub fn new(text: impl AsRef<str>, style: Style) -> Self {
        let text = text
            .as_ref()
            .chars()
            .map(|character| {
                if character.is_control() {
                    '\u{fffd}'
                } else {
                    character
                }
            })
            .collect();
        Cell { text, style }
    }

    pub fn plain(text: impl AsRef<str>) -> Self {
        Cell::new(text, Style::new())
    }

    /// In characters, each taken as one column wide.
    fn width(&self) -> usize {
        self.text.chars().count()
    }

    fn left(mut self, width: usize) -> Self {
        let missing = width.saturating_sub(self.width());
        self.text.push_str(&" ".repeat(missing));
        self
    }

    fn right(mut self, width: usize) -> Self {
        let missing = width.saturating_sub(self.width());
        self.text.insert_str(0, &" ".repeat(missing));
        self
    }

    fn cut(mut self, width: usize) -> Self {
        if self.width() > width {
            self.text = self.text.chars().take(width.saturating_sub(1)).collect();
            if width > 0 {
                self.text.push('…');
            }
        }
        self
    }
}

/// A row of a table: what it is about, then its columns.
pub struct Row {
    pub first: Cell,
    pub columns: Vec<Cell>,
}

#[derive(Debug)]
pub struct Canvas {
    width: usize,
    colour: bool,
    text: String,
}

impl Canvas {
    pub fn new(width: usize, colour: bool) -> Self {
        Canvas {
            width,
            colour,
            text: String::new(),
        }
    }

    pub fn into_text(self) -> String {
        self.text
    }

    pub fn blank(&mut self) {
        self.text.push('\n');
    }

    /// One line, cut where the width ends; without blanks at its end.
    pub fn line(&mut self, cells: impl IntoIterator<Item = Cell>) {
        let mut left = self.width;
        for cell in cells {
            let cell = cell.cut(left);
            left -= cell.width();
            self.put(&cell);
        }
        let end = self.text.trim_end_matches(' ').len();
        self.text.truncate(end);
        self.text.push('\n');
    }

    /// The first column to the left, the others to the right; columns that do not fit are left out, the last
    /// first.
    pub fn table(&mut self, head: Row, rows: Vec<Row>) {
        let all = || std::iter::once(&head).chain(&rows);
        let widths: Vec<usize> = (0..head.columns.len())
            .map(|index| {
                let cells = all().filter_map(|row| row.columns.get(index));
                cells.map(Cell::width).fold(COLUMN_WIDTH, usize::max)
            })
            .collect();
        let longest = all().map(|row| row.first.width()).max().unwrap_or(0);
        let narrowest = widths.first().map_or(0, |width| width + GAP);
        let first = longest.min(self.width.saturating_sub(narrowest));
        let mut used = first;
        let shown = widths
            .iter()
            .take_while(|&&width| {
                used += width + GAP;
                used <= self.width
            })
            .count();
        for row in std::iter::once(head).chain(rows) {
            let columns = row.columns.into_iter().zip(&widths).take(shown);
            let cells = columns.map(|(cell, width)| cell.right(width + GAP));
            self.line(std::iter::once(row.first.cut(first).left(first)).chain(cells));
        }
    }

    fn put(&mut self, cell: &Cell) {
        if self.colour && !cell.style.is_plain() {
            let Cell { text, style } = cell;
            // Padding needs no style: at the end of a line it can then be cut off.
            let core = text.trim_matches(' ');
            let before = text.len() - text.trim_start_matches(' ').len();
            let after = text.len() - before - core.len();
            self.text.push_str(&text[..before]);
            self.text.push_str(&format!("{style}{core}{style:#}"));
            self.text.push_str(&" ".repeat(after));
        } else {
            self.text.push_str(&cell.text);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(first: &str, columns: &[&str]) -> Row {
        Row {
            first: Cell::plain(first),
            columns: columns.iter().map(Cell::plain).collect(),
        }
    }

    fn drawn(width: usize) -> String {
        let mut canvas = Canvas::new(width, false);
        canvas.table(
            row("file", &["bytes/s", "lag"]),
            vec![
                row("shop/access.log", &["52 KiB", "0 B"]),
                row("x", &["1", "123456789"]),
            ],
        );
        canvas.into_text()
    }

    #[test]
    fn columns_that_do_not_fit_are_left_out() {
        assert_eq!(
            drawn(36),
            "file              bytes/s        lag\nshop/access.log    52 KiB        0 B\nx                       1  123456789\n"
        );
        assert_eq!(
            drawn(35),
            "file              bytes/s\nshop/access.log    52 KiB\nx                       1\n"
        );
        assert_eq!(
            drawn(20),
            "file         bytes/s\nshop/acce…    52 KiB\nx                  1\n"
        );
        assert!(drawn(3).lines().all(|line| line.chars().count() <= 3));
        assert!(drawn(0).lines().all(str::is_empty));
    }

    #[test]
    fn a_log_cannot_steer_the_terminal() {
        let mut canvas = Canvas::new(80, false);
        canvas.line([Cell::plain("/\x1b[2J\r\n\x07x\u{9b}31m")]);
        assert_eq!(
            canvas.into_text(),
            "/\u{fffd}[2J\u{fffd}\u{fffd}\u{fffd}x\u{fffd}31m\n"
        );
    }

    #[test]
    fn styles_leave_the_padding_out_and_end() {
        let mut canvas = Canvas::new(80, true);
        let bold = |text: &str| Cell::new(text, Style::new().bold());
        canvas.line([bold("x").right(3), Cell::plain("y"), bold("z").left(5)]);
        assert_eq!(canvas.into_text(), "  \x1b[1mx\x1b[0my\x1b[1mz\x1b[0m\n");
    }
}
