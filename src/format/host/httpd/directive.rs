use crate::format::host::FormatError;

/// A part of a format.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Piece {
    Text(String),
    Directive {
        /// The letter behind the argument; `^ti` and `^to` are three; `Uq` is a path and its query.
        name: String,
        /// What stands in braces.
        argument: Option<String>,
    },
}

/// Takes a format apart.
pub(super) fn split(format: &str) -> Result<Vec<Piece>, FormatError> {
    let mut pieces = Pieces::default();
    let mut rest = text(format);
    while let Some(c) = rest.chars().next() {
        let from = format.len() - rest.len();
        let length = match c {
            // A format that stands in a configuration has its quotes escaped.
            '\\' => match rest[1..].chars().next() {
                Some(next @ ('"' | '\\')) => {
                    pieces.push_char(next);
                    2
                }
                Some('t') => {
                    pieces.push_char('\t');
                    2
                }
                _ => {
                    pieces.push_char('\\');
                    1
                }
            },
            '"' if rest.starts_with("\" ") && is_quoted(format) => break,
            '%' if rest.starts_with("%%") => {
                pieces.push_char('%');
                2
            }
            '%' => pieces.push_directive(rest, from)?,
            _ => {
                pieces.push_char(c);
                c.len_utf8()
            }
        };
        rest = &rest[length..];
    }
    Ok(pieces.finish())
}

/// The format's text: without `LogFormat`, and without its first quote where it is quoted.
fn text(format: &str) -> &str {
    let body = body(format);
    match body.strip_prefix('"').filter(|_| is_quoted(format)) {
        Some(inner) => inner.strip_suffix('"').unwrap_or(inner),
        None => body.trim_end(),
    }
}

fn body(format: &str) -> &str {
    let start = format.trim_start();
    start.strip_prefix("LogFormat").map_or(start, str::trim_start)
}

/// Whether the quotes around the format are not its own: those inside are then escaped.
fn is_quoted(format: &str) -> bool {
    let body = body(format).trim_end();
    let Some(inner) = body.strip_prefix('"') else {
        return false;
    };
    let mut escaped = false;
    let end = inner.find(|c| {
        let found = c == '"' && !escaped;
        escaped = c == '\\' && !escaped;
        found
    });
    // Behind it, at most the format's name.
    end.is_some_and(|end| !inner[end + 1..].contains(['%', '"']))
}

#[derive(Default)]
struct Pieces(Vec<Piece>);

impl Pieces {
    fn push_char(&mut self, c: char) {
        match self.0.last_mut() {
            Some(Piece::Text(text)) => text.push(c),
            _ => self.0.push(Piece::Text(c.into())),
        }
    }

    /// Adds the directive at the start of `rest`, which is at `from` in the format; gives its length.
    fn push_directive(&mut self, rest: &str, from: usize) -> Result<usize, FormatError> {
        let error = |to: usize, message: &str, help: &str| Err(FormatError::new(from..to, message, help));
        let modified =
            rest[1..].trim_start_matches(|c: char| matches!(c, '<' | '>' | '!' | ',') || c.is_ascii_digit());
        let (argument, behind) = match modified.strip_prefix('{') {
            Some(inner) => match inner.split_once('}') {
                Some((argument, behind)) => (Some(argument), behind),
                None => {
                    return error(from + rest.len(), "a { that is not closed", "close it with }");
                }
            },
            None => (None, modified),
        };
        let length = match behind.chars().next() {
            Some('^') if behind.len() >= 3 && behind.is_char_boundary(3) => 3,
            Some(c) if c.is_ascii_alphabetic() => 1,
            _ => {
                return error(
                    from + rest.len() - behind.len(),
                    "a % that begins no directive",
                    "write %% for a percent sign",
                );
            }
        };
        let (name, behind) = behind.split_at(length);
        self.push(name, argument);
        Ok(rest.len() - behind.len())
    }

    /// A path right before its query is one, and a time may be written in parts.
    fn push(&mut self, name: &str, argument: Option<&str>) {
        let argument = argument.map(str::to_owned);
        match (self.0.as_mut_slice(), name) {
            ([.., Piece::Directive { name: path, .. }], "q") if path == "U" => {
                path.push('q');
                return;
            }
            ([.., Piece::Directive { name: time, .. }], "t") if time == "t" && argument.is_some() => return,
            ([.., Piece::Directive { name: time, .. }, Piece::Text(between)], "t")
                if time == "t" && argument.is_some() && matches!(between.as_str(), "." | "," | " " | "T") =>
            {
                self.0.pop();
                if let Some(Piece::Directive { argument: first, .. }) = self.0.last_mut() {
                    // No single one of its parts says what it is.
                    *first = Some(String::from("parts"));
                }
                return;
            }
            _ => {}
        }
        self.0.push(Piece::Directive {
            name: name.to_owned(),
            argument,
        });
    }

    fn finish(self) -> Vec<Piece> {
        self.0
    }
}
