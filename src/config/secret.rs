use std::borrow::Cow;
use std::fmt;
use std::ops::Range;

use super::suggestion::closest;

/// A text that is never printed: neither `Debug` nor `Display` shows it.
#[derive(Clone, PartialEq, Eq, Default)]
pub struct Secret(String);

impl Secret {
    pub fn new(text: impl Into<String>) -> Self {
        Secret(text.into())
    }

    /// The text itself, for the request that needs it.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[secret]")
    }
}

impl fmt::Display for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[secret]")
    }
}

/// Keys of logmill.toml and of pipelines whose value is not shown when a message shows their line.
const SECRET_KEYS: [&str; 4] = ["api_key", "bearer_token", "hash_key", "password"];

/// The text with asterisks for what was written as a secret and for passwords in URLs, byte for byte as long, so
/// that places stay right. A value that only names a variable or a file (`"${…}"`) stays readable.
///
/// Works on the text and not on parsed values, because a file with a syntax error is shown too.
pub(super) fn mask_secrets(text: &str) -> Cow<'_, str> {
    let mut masked = String::new();
    let mut kept = 0;
    for range in secret_ranges(text) {
        if range.start < kept {
            continue;
        }
        masked.push_str(&text[kept..range.start]);
        for byte in text[range.clone()].bytes() {
            masked.push(if byte == b'\n' { '\n' } else { '*' });
        }
        kept = range.end;
    }
    if kept == 0 {
        return Cow::Borrowed(text);
    }
    masked.push_str(&text[kept..]);
    Cow::Owned(masked)
}

/// Where secrets stand, in order of their start; may overlap.
fn secret_ranges(text: &str) -> Vec<Range<usize>> {
    let mut ranges = Vec::new();
    for key in SECRET_KEYS {
        for (at, _) in text.match_indices(key) {
            ranges.extend(value_after(text, at + key.len()));
        }
    }
    for (at, _) in text.match_indices('=') {
        if key_before(text, at).is_some_and(is_meant) {
            ranges.extend(value_after(text, at));
        }
    }
    for (at, mark) in text.match_indices("://") {
        ranges.extend(password_after(text, at + mark.len()));
    }
    ranges.sort_by_key(|range| range.start);
    ranges
}

/// The key whose `=` is at `at`: what begins its line or, in an inline table, its entry.
fn key_before(text: &str, at: usize) -> Option<&str> {
    const AROUND: [char; 4] = [' ', '\t', '"', '\''];
    let line = text[..at].rsplit('\n').next()?.trim_end_matches(AROUND);
    let is_part = |c: char| c.is_ascii_alphanumeric() || "_-".contains(c);
    let key = &line[line.trim_end_matches(is_part).len()..];
    let before = line[..line.len() - key.len()].trim_end_matches(AROUND);
    (before.is_empty() || before.ends_with(['{', ',', '.'])).then_some(key)
}

/// Whether a key that may be misspelt is meant to have a secret: it is shown when it is told.
fn is_meant(key: &str) -> bool {
    let plain = key.to_lowercase().replace(['_', '-'], "");
    ["passw", "passphrase", "secret", "token", "apikey"]
        .iter()
        .any(|part| plain.contains(part))
        || closest(key, SECRET_KEYS).is_some()
}

/// The value after `= `, when a key ends at `at`: what is between the quotes, or the rest of the line.
fn value_after(text: &str, at: usize) -> Option<Range<usize>> {
    let rest = text[at..].trim_start_matches(['"', '\'', ' ', '\t']);
    let value = rest.strip_prefix('=')?.trim_start_matches([' ', '\t']);
    let (open, close): (&str, &[&str]) = match value.as_bytes() {
        [b'"', b'"', b'"', ..] => ("\"\"\"", &["\"\"\""]),
        [b'\'', b'\'', b'\'', ..] => ("'''", &["'''"]),
        [b'"', ..] => ("\"", &["\"", "\n", "\r"]),
        [b'\'', ..] => ("'", &["'", "\n", "\r"]),
        _ => ("", &["\n", "\r", ",", "}", "#"]),
    };
    let inner = &value[open.len()..];
    let end = close.iter().filter_map(|close| inner.find(close)).min();
    let inner = &inner[..end.unwrap_or(inner.len())];
    let start = text.len() - value.len() + open.len();
    let names_only =
        inner.starts_with("${") && inner.find('}') == Some(inner.len() - 1) && !inner.contains(":-");
    (!inner.is_empty() && !names_only).then(|| start..start + inner.len())
}

/// The password of `user:password@` at `at`.
fn password_after(text: &str, at: usize) -> Option<Range<usize>> {
    let rest = &text[at..];
    let authority = &rest[..rest
        .find(|c: char| c.is_whitespace() || "/\"',?#".contains(c))
        .unwrap_or(rest.len())];
    let user = authority.rfind('@')?;
    let colon = authority[..user].find(':')?;
    (colon + 1 < user).then(|| at + colon + 1..at + user)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_secret_is_not_printed() {
        let secret = Secret::new("hunter2");
        assert_eq!(format!("{secret} {secret:?}"), "[secret] [secret]");
        assert_eq!(secret.expose(), "hunter2");
    }

    #[test]
    fn secrets_are_masked_where_they_stand() {
        let cases = [
            ("api_key = \"abc\" # id", "api_key = \"***\" # id"),
            ("api_key = \"${ES_API_KEY}\"", "api_key = \"${ES_API_KEY}\""),
            ("password = \"${PW:-geheim}\"", "password = \"*************\""),
            ("password = 'a\"b'", "password = '***'"),
            ("password = abc\nx = 1", "password = ***\nx = 1"),
            ("password = \"abc\nx = 1", "password = \"***\nx = 1"),
            ("password = \"\"", "password = \"\""),
            ("password = \"\"\"\nab\n\"\"\"", "password = \"\"\"\n**\n\"\"\""),
            (
                "e = { username = \"u\", password = \"pä\" }",
                "e = { username = \"u\", password = \"***\" }",
            ),
            ("\"api_key\" = \"abc\"", "\"api_key\" = \"***\""),
            (
                "proxy = \"http://u:geheim@p:1/x\"",
                "proxy = \"http://u:******@p:1/x\"",
            ),
            ("hosts = [\"http://es:9200\"]", "hosts = [\"http://es:9200\"]"),
            ("# no password here", "# no password here"),
            // Misspelt, as a message about the key shows them.
            ("passwrd = \"abc\"", "passwrd = \"***\""),
            ("  api-key = \"abc\"", "  api-key = \"***\""),
            (
                "e = { \"name\" = 'u', Token = 'v' }",
                "e = { \"name\" = 'u', Token = '*' }",
            ),
            ("elasticsearch.apikey = 'abc'", "elasticsearch.apikey = '***'"),
            ("hash_labels = ['user']", "hash_labels = ['user']"),
            ("client_key = 'client.key'", "client_key = 'client.key'"),
            ("patterns = ['{a} token={b}']", "patterns = ['{a} token={b}']"),
        ];
        for (text, masked) in cases {
            assert_eq!(mask_secrets(text), masked, "{text}");
        }
    }

    proptest! {
        #[test]
        fn masking_keeps_every_place(text in "((api_key|password|://| |=|\"|'|\n|:|@|ü|\\$\\{|\\}|x){0,24})") {
            let masked = mask_secrets(&text);
            prop_assert_eq!(masked.len(), text.len());
            prop_assert_eq!(masked.matches('\n').count(), text.matches('\n').count());
        }
    }
}
