use super::FormatError;

/// What nginx does to bytes in values that could be taken for the format's own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Escape {
    /// `"`, `\` and everything that is no printable ASCII as `\xHH`; nothing as `-`.
    Default,
    /// As in JSON strings; nothing as nothing.
    Json,
    /// Nothing is escaped.
    None,
}

/// A part of a format.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Piece {
    Text(String),
    /// The name without `$`.
    Variable(String),
}

impl Piece {
    pub fn text(&self) -> Option<&str> {
        match self {
            Piece::Text(text) => Some(text),
            Piece::Variable(_) => None,
        }
    }
}

/// Whether the format's lines are JSON objects.
pub(super) fn is_object(pieces: &[Piece]) -> bool {
    pieces
        .first()
        .and_then(Piece::text)
        .is_some_and(|text| text.trim_start().starts_with('{'))
}

/// Takes a format apart: the directive from `log_format` to `;`, or what stands behind its name.
pub(super) fn split(format: &str) -> Result<(Escape, Vec<Piece>), FormatError> {
    let mut at = blanks(format, 0);
    let directive = word(format, at) == "log_format";
    if directive {
        at = blanks(format, at + "log_format".len());
        at = blanks(format, at + word(format, at).len());
    }
    let mut escape = Escape::Default;
    if let Some(value) = word(format, at).strip_prefix("escape=") {
        let from = at + "escape=".len();
        escape = match value {
            "default" => Escape::Default,
            "json" => Escape::Json,
            "none" => Escape::None,
            _ => {
                return Err(FormatError::new(
                    from..from + value.len(),
                    format!("unknown escaping {value:?}"),
                    "nginx has default, json and none",
                ));
            }
        };
        at = blanks(format, from + value.len());
    }
    let mut pieces = Pieces::default();
    if directive || format[at..].starts_with('\'') {
        quoted(format, at, &mut pieces)?;
    } else {
        pieces.push(format.trim_end(), at, format.trim_end().len(), false)?;
    }
    Ok((escape, pieces.0))
}

fn blanks(format: &str, at: usize) -> usize {
    format.len() - format[at..].trim_start().len()
}

/// What stands at `at` up to the next blank or quote.
fn word(format: &str, at: usize) -> &str {
    let rest = &format[at..];
    &rest[..rest
        .find(|c: char| c.is_whitespace() || matches!(c, '\'' | '"'))
        .unwrap_or(rest.len())]
}

/// The strings of a directive, which nginx joins; up to `;` or the end.
fn quoted(format: &str, mut at: usize, pieces: &mut Pieces) -> Result<(), FormatError> {
    loop {
        at = blanks(format, at);
        let quote = match format[at..].chars().next() {
            None => return Ok(()),
            Some(';') if format[at + 1..].trim().is_empty() => return Ok(()),
            Some('#') => {
                at += format[at..].find('\n').unwrap_or(format.len() - at);
                continue;
            }
            Some(quote @ ('\'' | '"')) => quote,
            Some(_) => {
                // nginx takes words without quotes too.
                let end = at + word(format, at).trim_end_matches(';').len();
                if end == at {
                    return Err(FormatError::new(
                        at..format.len(),
                        "text behind the end of the format",
                        "end the format at the semicolon",
                    ));
                }
                pieces.push(format, at, end, true)?;
                at = end;
                continue;
            }
        };
        let from = at + 1;
        let end = closing_quote(format, from, quote).ok_or_else(|| {
            FormatError::new(
                at..format.len(),
                format!("the quote {quote} is not closed"),
                "close it, or escape a quote inside with a backslash",
            )
        })?;
        pieces.push(format, from, end, true)?;
        at = end + 1;
    }
}

fn closing_quote(format: &str, from: usize, quote: char) -> Option<usize> {
    let mut escaped = false;
    format[from..]
        .char_indices()
        .find(|&(_, c)| {
            let found = c == quote && !escaped;
            escaped = c == '\\' && !escaped;
            found
        })
        .map(|(at, _)| from + at)
}

#[derive(Default)]
struct Pieces(Vec<Piece>);

impl Pieces {
    /// Adds `format[from..to]`; `escapes`: nginx's configuration escapes are resolved.
    fn push(&mut self, format: &str, from: usize, to: usize, escapes: bool) -> Result<(), FormatError> {
        let mut at = from;
        while at < to {
            let rest = &format[at..to];
            if let Some(name) = rest.strip_prefix('$') {
                at = self.push_variable(format, at, name)?;
                continue;
            }
            let mut chars = rest.chars();
            let (Some(c), next) = (chars.next(), chars.next()) else {
                break;
            };
            let escaped = match next {
                Some(c @ ('"' | '\'' | '\\')) if escapes && rest.starts_with('\\') => Some(c),
                Some('t') if escapes && rest.starts_with('\\') => Some('\t'),
                Some('n') if escapes && rest.starts_with('\\') => Some('\n'),
                Some('r') if escapes && rest.starts_with('\\') => Some('\r'),
                _ => None,
            };
            self.push_char(escaped.unwrap_or(c));
            // An escape is two ASCII characters.
            at += escaped.map_or(c.len_utf8(), |_| 2);
        }
        Ok(())
    }

    /// The variable whose `$` is at `at`; returns where it ends.
    fn push_variable(&mut self, format: &str, at: usize, rest: &str) -> Result<usize, FormatError> {
        let inner = rest.strip_prefix('{');
        let name = inner.unwrap_or(rest);
        let name = &name[..name
            .find(|c: char| !c.is_ascii_alphanumeric() && c != '_')
            .unwrap_or(name.len())];
        let brace = usize::from(inner.is_some());
        let end = at + 1 + brace + name.len();
        if name.is_empty() || (inner.is_some() && !format[end..].starts_with('}')) {
            return Err(FormatError::new(
                at..end,
                "a $ that begins no variable",
                "write $name or ${name}; nginx has no way to log a $ itself",
            ));
        }
        self.0.push(Piece::Variable(name.to_owned()));
        Ok(end + brace)
    }

    fn push_char(&mut self, c: char) {
        if let Some(Piece::Text(text)) = self.0.last_mut() {
            text.push(c);
        } else {
            self.0.push(Piece::Text(c.to_string()));
        }
    }
}
