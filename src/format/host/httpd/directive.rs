use std::ops::Range;

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

/// How Tomcat's format has these characters, which stands in an attribute of XML.
const ENTITIES: [(&str, char); 5] = [
    ("&quot;", '"'),
    ("&apos;", '\''),
    ("&lt;", '<'),
    ("&gt;", '>'),
    ("&amp;", '&'),
];

/// Takes a format apart.
pub(super) fn split(format: &str) -> Result<Vec<Piece>, FormatError> {
    let mut pieces = Pieces::default();
    let Range { start: mut at, end } = text(format);
    while let Some(c) = format[at..end].chars().next() {
        let rest = &format[at..end];
        at += match c {
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
            '&' => {
                let entity = ENTITIES.iter().find(|(entity, _)| rest.starts_with(entity));
                let (entity, character) = entity.copied().unwrap_or(("&", '&'));
                pieces.push_char(character);
                entity.len()
            }
            '%' if rest.starts_with("%%") => {
                pieces.push_char('%');
                2
            }
            '%' => pieces.push_directive(rest, at)?,
            _ => {
                pieces.push_char(c);
                c.len_utf8()
            }
        };
    }
    Ok(pieces.0)
}

/// Where the format's text is: without `LogFormat`, and without the quotes around it and the name behind them.
fn text(format: &str) -> Range<usize> {
    let end = format.trim_end().len();
    let body = format[..end].trim_start();
    let body = body.strip_prefix("LogFormat").map_or(body, str::trim_start);
    let start = end - body.len();
    match quoted(body) {
        Some(inner) => start + 1..start + 1 + inner.len(),
        None => start..end,
    }
}

/// What the quotes around a format hold, where they are not its own: those inside are then escaped.
fn quoted(body: &str) -> Option<&str> {
    let inner = body.strip_prefix('"')?;
    let mut escaped = false;
    let end = inner.find(|c| {
        let found = c == '"' && !escaped;
        escaped = c == '\\' && !escaped;
        found
    })?;
    // Behind it, at most the format's name.
    let behind = &inner[end + 1..];
    (!behind.contains(['%', '"'])).then_some(&inner[..end])
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
}
