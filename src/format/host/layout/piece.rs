use std::ops::Range;

use super::word;
use crate::format::host::FormatError;

/// A layout piece by piece.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Piece {
    Text(String),
    /// A conversion word with its first option, and where it stands.
    Word {
        name: &'static str,
        option: Option<String>,
        pad: Pad,
        /// No blanks are in the value: what follows it may be one more value, or nothing.
        sole: bool,
        at: Range<usize>,
    },
}

/// On which side a value is filled up with blanks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Pad {
    None,
    Before,
    Behind,
}

impl Piece {
    pub fn is_message(&self) -> bool {
        matches!(self, Piece::Word { name: "m", .. })
    }
}

/// Groups in groups at most; nobody writes more than three.
const DEPTH_MAX: usize = 16;

/// Cuts a layout into its pieces. Groups and colours are their contents; line ends at the end and exceptions are not
/// there.
pub(super) fn split(layout: &str) -> Result<Vec<Piece>, FormatError> {
    let mut pieces = Vec::new();
    let mut reader = Reader { layout, at: 0 };
    reader.pieces(None, 0, &mut pieces)?;
    join_dates(&mut pieces);
    if let Some(Piece::Text(last)) = pieces.last_mut() {
        last.truncate(last.trim_end().len());
        if last.is_empty() {
            pieces.pop();
        }
    }
    Ok(pieces)
}

/// `%d{yyyy-MM-dd} %d{HH:mm:ss}` is one time.
fn join_dates(pieces: &mut Vec<Piece>) {
    let mut at = 0;
    while at + 2 < pieces.len() {
        if let [
            Piece::Word {
                name: "d",
                option: Some(day),
                ..
            },
            Piece::Text(blank),
            Piece::Word {
                name: "d",
                option: Some(time),
                ..
            },
        ] = &pieces[at..at + 3]
            && blank == " "
            && !day.contains(['H', 'h', 'k'])
            && time.starts_with(['H', 'h', 'k'])
        {
            let both = format!("{day} {time}");
            if let Piece::Word { option, .. } = &mut pieces[at] {
                *option = Some(both);
            }
            pieces.drain(at + 1..at + 3);
        }
        at += 1;
    }
}

struct Reader<'t> {
    layout: &'t str,
    at: usize,
}

impl<'t> Reader<'t> {
    fn rest(&self) -> &'t str {
        &self.layout[self.at..]
    }

    /// Up to `end`, which is passed, or to the end.
    fn pieces(&mut self, end: Option<char>, depth: usize, out: &mut Vec<Piece>) -> Result<(), FormatError> {
        while let Some(letter) = self.rest().chars().next() {
            let from = self.at;
            self.at += letter.len_utf8();
            match letter {
                _ if Some(letter) == end => return Ok(()),
                '%' => self.word(from, depth, out)?,
                '$' if self.rest().starts_with('{') => self.variable(from, depth, out)?,
                '\\' => {
                    let escaped = self.rest().chars().next().unwrap_or('\\');
                    self.at += self.rest().chars().next().map_or(0, char::len_utf8);
                    text(
                        match escaped {
                            'n' => "\n",
                            't' => "\t",
                            // Logback: what ends a word is no text.
                            '_' => "",
                            _ => &self.layout[self.at - escaped.len_utf8()..self.at],
                        },
                        out,
                    );
                }
                _ => text(&self.layout[from..self.at], out),
            }
        }
        Ok(())
    }

    /// What stands behind a percent sign.
    fn word(&mut self, from: usize, depth: usize, out: &mut Vec<Piece>) -> Result<(), FormatError> {
        let modifier = self
            .rest()
            .find(|letter: char| !letter.is_ascii_digit() && !matches!(letter, '-' | '.'))
            .unwrap_or(self.rest().len());
        let pad = match &self.rest()[..modifier] {
            "" => Pad::None,
            width if width.starts_with('.') => Pad::None,
            width if width.starts_with('-') => Pad::Behind,
            _ => Pad::Before,
        };
        self.at += modifier;
        if self.rest().starts_with('%') {
            self.at += 1;
            text("%", out);
            return Ok(());
        }
        if self.rest().starts_with('(') {
            self.at += 1;
            self.group(pad, depth, Some(')'), out)?;
            self.skip_options();
            return Ok(());
        }
        let letters = self
            .rest()
            .find(|letter: char| !letter.is_ascii_alphanumeric())
            .unwrap_or(self.rest().len());
        let Some((name, length)) = word::longest(&self.rest()[..letters]) else {
            let to = self.at + letters;
            return Err(FormatError::new(
                from..to.max(from + 1),
                format!("unknown conversion word `%{}`", &self.layout[self.at..to]),
                "write it as the documentation of the logger has it, or `%%` for a percent sign",
            ));
        };
        self.at += length;
        let group = match self.rest().chars().next() {
            Some('(') if word::is_group(name) => Some(')'),
            Some('{') if word::is_group(name) => Some('}'),
            _ => None,
        };
        if group.is_some() {
            self.at += 1;
            self.group(pad, depth, group, out)?;
            self.skip_options();
            return Ok(());
        }
        if name == "boxed" && self.rest().starts_with("()") {
            self.at += 2;
        }
        let option = self.option();
        self.skip_options();
        match name {
            // Brackets of the date's own
            "d" if option.is_some_and(|option| option.starts_with('[') && option.ends_with(']')) => {
                let bare = option.map(|option| option[1..option.len() - 1].to_owned());
                text("[", out);
                out.push(Piece::Word {
                    name,
                    option: bare,
                    pad,
                    sole: false,
                    at: from..self.at,
                });
                text("]", out);
            }
            "n" => text("\n", out),
            // The stack trace, which follows the message, and what is not written at all.
            "ex" | "clr" => {}
            // A colour of JBoss, not a key of Log4j's.
            "K" if option == Some("level") => {}
            _ => out.push(Piece::Word {
                name,
                option: option.map(str::to_owned),
                pad,
                sole: false,
                at: from..self.at,
            }),
        }
        Ok(())
    }

    fn group(
        &mut self,
        pad: Pad,
        depth: usize,
        end: Option<char>,
        out: &mut Vec<Piece>,
    ) -> Result<(), FormatError> {
        if depth == DEPTH_MAX {
            return Err(FormatError::new(
                self.at - 1..self.at,
                format!("more than {DEPTH_MAX} groups in each other"),
                "take some of the groups away: they do not change the text",
            ));
        }
        let first = out.len();
        self.pieces(end, depth + 1, out)?;
        // A group that is one value is padded as that value; of several, the last or the first.
        let edge = match pad {
            Pad::None => None,
            Pad::Before => out.get_mut(first),
            Pad::Behind => out[first..].last_mut(),
        };
        if let Some(Piece::Word { pad: inner, .. }) = edge {
            *inner = pad;
        }
        Ok(())
    }

    /// Whether text follows, and no conversion word.
    fn ends_here(&self) -> bool {
        self.rest()
            .starts_with(|next: char| !matches!(next, '%' | '$' | '\\' | ')' | '}'))
    }

    /// `{…}`, braces in it included.
    fn option(&mut self) -> Option<&'t str> {
        let inner = self.rest().strip_prefix('{')?;
        let mut open = 1;
        for (at, letter) in inner.char_indices() {
            match letter {
                '{' => open += 1,
                '}' => open -= 1,
                _ => {}
            }
            if open == 0 {
                self.at += at + 2;
                return Some(&inner[..at]);
            }
        }
        None
    }

    fn skip_options(&mut self) {
        while self.option().is_some() {}
    }

    /// `${NAME:-default}`: the default, but for what is known.
    fn variable(&mut self, from: usize, depth: usize, out: &mut Vec<Piece>) -> Result<(), FormatError> {
        let Some(inner) = self.option() else {
            text("$", out);
            return Ok(());
        };
        let (name, default) = match inner.split_once(":-") {
            Some((name, default)) => (name, Some(default)),
            None => (inner, None),
        };
        let word = match (name, default) {
            ("PID", _) => "pid",
            ("HOSTNAME" | "hostName", _) => "hostname",
            _ if word::is_application(name) => "app",
            // Set by the host or else nothing: a value where something says where it ends.
            (_, Some("")) if self.ends_here() => "property",
            (_, Some(default)) if depth < DEPTH_MAX => {
                let mut reader = Reader {
                    layout: default,
                    at: 0,
                };
                return reader.pieces(None, depth + 1, out).map_err(|error| FormatError {
                    at: from..self.at,
                    ..error
                });
            }
            _ => "property",
        };
        out.push(Piece::Word {
            name: word,
            option: None,
            pad: Pad::None,
            sole: false,
            at: from..self.at,
        });
        Ok(())
    }
}

fn text(more: &str, out: &mut Vec<Piece>) {
    match out.last_mut() {
        Some(Piece::Text(last)) => last.push_str(more),
        _ => out.push(Piece::Text(more.to_owned())),
    }
}
