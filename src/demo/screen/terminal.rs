//! What stdout is: a terminal to draw on, and how large, or something that wants plain lines.

use std::io::IsTerminal;

/// Where nothing tells the size.
const WIDTH: usize = 80;
const ROWS: usize = 24;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Terminal {
    /// Lines can be drawn over.
    pub interactive: bool,
    pub colour: bool,
    /// In characters.
    pub width: usize,
    pub rows: usize,
}

impl Terminal {
    /// As it is now: ask again before each frame, people resize windows. `COLUMNS` and `LINES` win over what the
    /// terminal says, `TERM=dumb` turns drawing off.
    pub fn of_stdout(colour: bool) -> Self {
        let stdout = std::io::stdout();
        let size = rustix::termios::tcgetwinsize(&stdout).map_or((0, 0), |size| {
            (usize::from(size.ws_col), usize::from(size.ws_row))
        });
        Self::new(stdout.is_terminal(), size, colour, |name| {
            std::env::var(name).ok()
        })
    }

    /// `size` is the terminal's columns and rows, 0 where it does not know.
    fn new(
        is_terminal: bool,
        size: (usize, usize),
        colour: bool,
        variable: impl Fn(&str) -> Option<String>,
    ) -> Self {
        let said = |name| variable(name).and_then(|text| text.parse().ok());
        let first = |said: Option<usize>, known, otherwise| {
            said.into_iter()
                .chain([known, otherwise])
                .find(|&count| count > 0)
                .unwrap_or(otherwise)
        };
        let interactive = is_terminal && variable("TERM").is_none_or(|term| term != "dumb");
        Terminal {
            interactive,
            colour: interactive && colour,
            width: first(said("COLUMNS"), size.0, WIDTH),
            rows: first(said("LINES"), size.1, ROWS),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn terminal(is_terminal: bool, size: (usize, usize), variables: &[(&str, &str)]) -> Terminal {
        Terminal::new(is_terminal, size, true, |name| {
            let found = variables.iter().find(|(variable, _)| *variable == name);
            found.map(|(_, value)| (*value).to_owned())
        })
    }

    #[test]
    fn variables_win_over_the_terminal_and_it_over_the_defaults() {
        let width = |size, variables: &[_]| terminal(true, size, variables).width;
        assert_eq!(width((120, 40), &[("COLUMNS", "100")]), 100);
        assert_eq!(width((120, 40), &[("COLUMNS", "0")]), 120);
        assert_eq!(width((120, 40), &[("COLUMNS", "wide")]), 120);
        assert_eq!(width((0, 0), &[]), 80);
        assert_eq!(terminal(true, (0, 0), &[]).rows, 24);
    }

    #[test]
    fn only_a_terminal_is_drawn_on_and_coloured() {
        let is = |is_terminal, variables: &[_]| {
            let terminal = terminal(is_terminal, (80, 24), variables);
            (terminal.interactive, terminal.colour)
        };
        assert_eq!(is(true, &[("TERM", "xterm")]), (true, true));
        let colourless = Terminal::new(true, (80, 24), false, |_| None);
        assert!(colourless.interactive && !colourless.colour);
        assert_eq!(is(true, &[("TERM", "dumb")]), (false, false));
        assert_eq!(is(false, &[]), (false, false));
    }
}
