//! The table of a `[[lookup]]`: a CSV file (RFC 4180) whose first line names the fields.
//!
//! ```text
//! address,host.name,labels.team
//! 10.0.0.7,shop-1,"web, front"
//! ```

use std::collections::HashSet;
use std::ops::Range;
use std::path::Path;
use std::sync::Arc;

use super::env::reason;
use super::{Diagnostic, Diagnostics, Place, SourceFile, Spanned, Surroundings, count};
use crate::limits::LOOKUP_BYTES_MAX;

/// Keys and what each leads to.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct LookupTable {
    /// The fields that a row sets: the header without its first column.
    pub fields: Vec<String>,
    /// Key, and a text per field; an empty text sets nothing. Each key is there once.
    pub rows: Vec<(String, Vec<String>)>,
}

/// Mistakes of one file that are shown; a file of another form has one per line.
const MISTAKES_MAX: usize = 5;

impl LookupTable {
    /// Reads the file at `path`; `written` is where the pipeline names it.
    pub(super) fn read(
        path: &Path,
        written: &Spanned<String>,
        surroundings: &dyn Surroundings,
        diagnostics: &mut Diagnostics,
    ) -> Option<LookupTable> {
        let mut refuse = |message: String, help: &str| {
            diagnostics.push(Diagnostic::error(message).at_value(written, "").help(help));
        };
        let shown = path.display();
        let bytes = match surroundings.read(path) {
            Ok(bytes) => bytes,
            Err(error) => {
                let help =
                    "a path begins at the folder of the pipeline file; check that logmill's user may read it";
                refuse(format!("cannot read `{shown}`: {}", reason(&error)), help);
                return None;
            }
        };
        if bytes.len() > LOOKUP_BYTES_MAX {
            let help = "keep the rows that the log can have";
            refuse(
                format!(
                    "`{shown}` has {} bytes, more than the {LOOKUP_BYTES_MAX} of a lookup",
                    bytes.len()
                ),
                help,
            );
            return None;
        }
        let Ok(text) = String::from_utf8(bytes) else {
            refuse(format!("`{shown}` is not UTF-8"), "save it as UTF-8");
            return None;
        };
        Some(Self::parse(
            &SourceFile::new(shown.to_string(), text),
            diagnostics,
        ))
    }

    /// What can be read of the text; the rest is reported.
    fn parse(file: &Arc<SourceFile>, diagnostics: &mut Diagnostics) -> LookupTable {
        let mut mistakes = 0;
        let mut refuse = |span: Range<usize>, message: String, help: &str| {
            mistakes += 1;
            if mistakes <= MISTAKES_MAX {
                let file = Arc::clone(file);
                let place = Place {
                    file,
                    span,
                    label: String::new(),
                };
                diagnostics.push(Diagnostic::error(message).at(place).help(help));
            }
        };
        let mut records = Records {
            text: file.text(),
            at: 0,
        };
        let mut table = LookupTable::default();
        let Some(Record {
            columns: header,
            span,
            mistake,
        }) = records.next()
        else {
            refuse(
                0..0,
                "the lookup is empty".to_owned(),
                "its first line names the fields: `address,host.name`",
            );
            return table;
        };
        if let Some((at, message)) = mistake {
            refuse(at, message.to_owned(), QUOTES);
            return table;
        }
        if header.len() < 2 || header[1..].iter().any(String::is_empty) {
            let help = "name the key's column and at least one field: `address,host.name`";
            refuse(span, "the first line names no field to set".to_owned(), help);
            return table;
        }
        table.fields = header[1..].to_vec();
        let mut known = HashSet::new();
        for Record {
            columns: mut record,
            span,
            mistake,
        } in records
        {
            if let Some((at, message)) = mistake {
                refuse(at, message.to_owned(), QUOTES);
                continue;
            }
            if record.len() != header.len() {
                let message = format!(
                    "this row has {}, the first line {}",
                    count(record.len(), "column"),
                    header.len()
                );
                refuse(
                    span,
                    message,
                    "put a text with commas in double quotes; leave a column empty to set nothing",
                );
                continue;
            }
            let key = record.remove(0);
            if !known.insert(key.clone()) {
                refuse(
                    span,
                    format!("`{key}` is there twice"),
                    "keep one of the two rows",
                );
                continue;
            }
            table.rows.push((key, record));
        }
        table
    }
}

/// What to do about [`Record::mistake`].
const QUOTES: &str = "begin and end a text with a double quote, with a comma or the line's end behind it; write `\"\"` for a quote within";

/// The records of a CSV text, blank lines left out.
struct Records<'t> {
    text: &'t str,
    at: usize,
}

/// One record and where it stands.
#[derive(Debug, PartialEq, Eq)]
struct Record {
    columns: Vec<String>,
    span: Range<usize>,
    /// The first thing that is wrong with its quotes, and where.
    mistake: Option<(Range<usize>, &'static str)>,
}

impl Iterator for Records<'_> {
    type Item = Record;

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            let start = self.at;
            if start >= self.text.len() {
                return None;
            }
            let (mut record, end) = record(self.text, start);
            self.at = end;
            let line = self.text[start..end].trim_end_matches(['\n', '\r']);
            if !line.trim().is_empty() {
                record.span = start..start + line.len();
                return Some(record);
            }
        }
    }
}

/// The record at `at`, its line end included, and where the next one begins. A quoted column may hold line ends; a
/// quote that nobody closes ends with the text.
fn record(text: &str, at: usize) -> (Record, usize) {
    let mut columns = Vec::new();
    let mut column = String::new();
    // Where the column's quote was opened, and whether it was closed.
    let (mut quote, mut closed) = (None, false);
    let mut mistake = None;
    let mut end = text.len();
    let mut letters = text[at..].char_indices().peekable();
    while let Some((offset, letter)) = letters.next() {
        let (place, is_quoted) = (at + offset, quote.is_some() && !closed);
        match letter {
            '"' if is_quoted && letters.peek().is_some_and(|(_, next)| *next == '"') => {
                letters.next();
                column.push('"');
            }
            '"' if is_quoted => closed = true,
            letter if is_quoted => column.push(letter),
            '"' if column.is_empty() && !closed => quote = Some(place),
            ',' => {
                columns.push(std::mem::take(&mut column));
                (quote, closed) = (None, false);
            }
            '\n' => {
                end = place + 1;
                break;
            }
            '\r' => {}
            letter => {
                if closed && mistake.is_none() {
                    let behind = place..place + letter.len_utf8();
                    mistake = Some((behind, "text behind a closing quote"));
                }
                column.push(letter);
            }
        }
    }
    columns.push(column);
    if let Some(opened) = quote.filter(|_| !closed) {
        mistake.get_or_insert((opened..opened + 1, "a quote that nothing closes"));
    }
    let span = at..end;
    (
        Record {
            columns,
            span,
            mistake,
        },
        end,
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn parse(text: &str) -> (LookupTable, String) {
        let mut diagnostics = Diagnostics::new();
        let table = LookupTable::parse(&SourceFile::new("hosts.csv", text), &mut diagnostics);
        (table, diagnostics.render(false))
    }

    #[test]
    fn rows_have_a_key_and_a_text_per_field() {
        let (table, messages) =
            parse("ip,host.name,team\r\n10.0.0.7,shop-1,\"web, \"\"front\"\"\"\n\n10.0.0.8,,x");
        assert_eq!(messages, "");
        assert_eq!(table.fields, ["host.name", "team"]);
        let row = |key: &str, columns: [&str; 2]| (key.to_owned(), columns.map(str::to_owned).to_vec());
        assert_eq!(
            table.rows,
            [
                row("10.0.0.7", ["shop-1", "web, \"front\""]),
                row("10.0.0.8", ["", "x"])
            ]
        );
    }

    #[test]
    fn mistakes_have_their_line() {
        let (table, messages) = parse("ip,host.name\na,b,c\nd,e\nd,f\n");
        assert_eq!(table.rows.len(), 1);
        assert!(
            messages.contains("hosts.csv:2:1") && messages.contains("3 columns"),
            "{messages}"
        );
        assert!(
            messages.contains("hosts.csv:4:1") && messages.contains("`d` is there twice"),
            "{messages}"
        );
        assert!(parse("").1.contains("the lookup is empty"));
        assert!(parse("ip\n").1.contains("names no field"));
    }

    #[test]
    fn quotes_that_do_not_match_have_their_place() {
        let (table, messages) = parse("ip,host.name\na,\"b\"c\nd,\"e\" \nf,5\" pipe\ng,\"h\ni,j\n");
        assert_eq!(table.rows, [("f".to_owned(), vec!["5\" pipe".to_owned()])]);
        for place in ["hosts.csv:2:6", "hosts.csv:3:6", "hosts.csv:5:3"] {
            assert!(messages.contains(place), "{place} in {messages}");
        }
        assert_eq!(messages.matches("text behind a closing quote").count(), 2);
        assert_eq!(messages.matches("a quote that nothing closes").count(), 1);
        let (_, messages) = parse("ip,\"host.name\na,b\n");
        assert!(
            messages.contains("hosts.csv:1:4") && messages.contains("nothing closes"),
            "{messages}"
        );
    }

    proptest! {
        #[test]
        fn what_is_quoted_comes_back(columns in proptest::collection::vec("[a-z\", \nü]{0,6}", 2..5)) {
            let quoted: Vec<String> =
                columns.iter().map(|column| format!("\"{}\"", column.replace('"', "\"\""))).collect();
            let (found, end) = record(&quoted.join(","), 0);
            prop_assert_eq!((found.columns, found.mistake), (columns, None));
            prop_assert_eq!(end, quoted.join(",").len());
        }
    }
}
