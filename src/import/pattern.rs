//! A pattern in the making: what grok, dissect and regular expressions come to.

/// A piece of a pattern.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Part {
    /// As it stands in the line.
    Text(String),
    /// One blank or more.
    Blanks,
    Capture(Capture),
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Capture {
    /// `None` keeps nothing.
    pub name: Option<String>,
    /// A kind of the pattern language; `None` is text.
    pub kind: Option<&'static str>,
    /// Nothing and `-` give no field.
    pub optional: bool,
}

impl Capture {
    pub fn new(name: Option<&str>, kind: Option<&'static str>) -> Capture {
        Capture {
            name: name.map(field_name),
            kind,
            optional: false,
        }
    }

    pub fn is_called(&self, name: &str) -> bool {
        self.name.as_deref() == Some(name)
    }

    /// Whether the text that follows says where the value ends.
    pub fn is_open(&self) -> bool {
        matches!(
            self.kind,
            None | Some("text" | "word" | "lines" | "longest" | "trimmed" | "url" | "http_request")
        )
    }

    /// The fields that it sets.
    fn fields(&self) -> Vec<String> {
        let Some(name) = &self.name else {
            return Vec::new();
        };
        let mut fields = vec![name.clone()];
        if self.kind == Some("http_request") {
            let parts = [
                "http.request.method",
                "url.original",
                "url.path",
                "url.query",
                "http.version",
            ];
            fields.extend(parts.map(str::to_owned));
        }
        fields
    }
}

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Pattern {
    pub parts: Vec<Part>,
}

impl Pattern {
    pub fn captures(&self) -> impl Iterator<Item = &Capture> {
        self.parts.iter().filter_map(|part| match part {
            Part::Capture(capture) => Some(capture),
            _ => None,
        })
    }

    pub fn captures_mut(&mut self) -> impl Iterator<Item = &mut Capture> {
        self.parts.iter_mut().filter_map(|part| match part {
            Part::Capture(capture) => Some(capture),
            _ => None,
        })
    }

    pub fn fields(&self) -> impl Iterator<Item = String> {
        self.captures().flat_map(Capture::fields)
    }

    /// Adds text, which may join the text before it.
    pub fn text(&mut self, text: &str) {
        match self.parts.last_mut() {
            Some(Part::Text(last)) => last.push_str(text),
            _ => self.parts.push(Part::Text(text.to_owned())),
        }
    }

    pub fn push(&mut self, capture: Capture) {
        self.parts.push(Part::Capture(capture));
    }

    /// What the last value takes when events have several lines.
    pub fn take_lines(&mut self) {
        match self.parts.last_mut() {
            Some(Part::Capture(last)) if matches!(last.kind, None | Some("text" | "longest")) => {
                last.kind = Some("lines");
            }
            Some(Part::Capture(last)) if last.is_open() => {}
            _ => self.push(Capture::new(None, Some("lines"))),
        }
    }

    /// As the pattern language writes it.
    pub fn written(&self) -> String {
        let mut written = String::new();
        for part in &self.parts {
            match part {
                Part::Text(text) => written.push_str(&text.replace('{', "{{").replace('}', "}}")),
                Part::Blanks => written.push_str("  "),
                Part::Capture(capture) => {
                    written.push('{');
                    written.push_str(capture.name.as_deref().unwrap_or("_"));
                    if let Some(kind) = capture.kind {
                        written.push(':');
                        written.push_str(kind);
                    }
                    written.push_str(if capture.optional { "?}" } else { "}" });
                }
            }
        }
        written
    }
}

/// `[a][b]`, `a.b` or `a b` as the name of a field: the pattern language knows letters, digits, `_`, `.`, `-` and `@`.
pub fn field_name(written: &str) -> String {
    let path = match written.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) {
        Some(inner) => inner.replace("][", "."),
        None => written.to_owned(),
    };
    let mut name: String = path
        .chars()
        .map(|letter| match letter {
            letter if letter.is_ascii_alphanumeric() => letter,
            '_' | '.' | '-' | '@' => letter,
            _ => '_',
        })
        .collect();
    while name.contains("..") {
        name = name.replace("..", ".");
    }
    let name = name.trim_matches('.');
    match name.chars().next() {
        None => "value".to_owned(),
        Some(_) if name == "_" => "value".to_owned(),
        Some(first) if first.is_ascii_alphabetic() || matches!(first, '@' | '_') => name.to_owned(),
        Some(_) => format!("_{name}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_fields() {
        for (written, name) in [
            ("client", "client"),
            ("[http][response][status_code]", "http.response.status_code"),
            ("[message]", "message"),
            ("@timestamp", "@timestamp"),
            ("2nd", "_2nd"),
            ("a b", "a_b"),
            ("", "value"),
            ("_", "value"),
            ("a..b.", "a.b"),
        ] {
            assert_eq!(field_name(written), name, "{written}");
        }
    }

    #[test]
    fn braces_are_doubled() {
        let mut pattern = Pattern::default();
        pattern.text("{");
        pattern.text("a");
        pattern.push(Capture::new(Some("x"), Some("int")));
        assert_eq!(pattern.written(), "{{a{x:int}");
    }
}
