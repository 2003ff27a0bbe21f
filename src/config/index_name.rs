use std::ops::Range;

/// Part of [`IndexName`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum IndexPart {
    Text(String),
    Dataset,
    Namespace,
    Service,
}

/// The name of the index or data stream of an event, such as `logs-{dataset}-{namespace}`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IndexName {
    parts: Vec<IndexPart>,
}

impl IndexName {
    pub fn parts(&self) -> &[IndexPart] {
        &self.parts
    }

    /// The name for one input. `service` stands for `unknown` when there is none.
    pub fn render(&self, dataset: &str, namespace: &str, service: Option<&str>) -> String {
        let mut name = String::new();
        for part in &self.parts {
            name.push_str(match part {
                IndexPart::Text(text) => text,
                IndexPart::Dataset => dataset,
                IndexPart::Namespace => namespace,
                IndexPart::Service => service.unwrap_or("unknown"),
            });
        }
        name
    }

    /// Which indexes have such names, as an index template says it: `logs-*-*`.
    pub fn pattern(&self) -> String {
        let mut pattern = String::new();
        for part in &self.parts {
            match part {
                IndexPart::Text(text) => pattern.push_str(text),
                _ if pattern.ends_with('*') => {}
                _ => pattern.push('*'),
            }
        }
        pattern
    }

    /// Why Elasticsearch would refuse a rendered name.
    pub fn mistake(name: &str) -> Option<String> {
        match check_characters(name, 0) {
            Err(mistake) => Some(mistake.message),
            Ok(()) if name.len() > NAME_BYTES_MAX => Some(format!(
                "it has {} bytes, and {NAME_BYTES_MAX} is the most",
                name.len()
            )),
            Ok(()) if name.starts_with(['-', '_', '+', '.']) => {
                Some("an index name begins with a letter or a digit".to_owned())
            }
            Ok(()) => None,
        }
    }
}

/// Bytes of an index's name at most.
const NAME_BYTES_MAX: usize = 255;

/// Characters that Elasticsearch refuses in the name of an index (reference, "Create index API").
const FORBIDDEN: [char; 12] = ['\\', '/', '*', '?', '"', '<', '>', '|', ' ', ',', '#', ':'];

/// Bytes of a dataset or a namespace at most (Elastic's data stream naming scheme).
const PART_BYTES_MAX: usize = 100;

/// What is wrong with a name, and the bytes where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct NameMistake {
    pub span: Range<usize>,
    pub message: String,
    pub help: String,
}

impl IndexName {
    /// Reads `logs-{dataset}-{namespace}`.
    pub(super) fn parse(text: &str) -> Result<IndexName, NameMistake> {
        let mut parts = Vec::new();
        let mut at = 0;
        while at < text.len() {
            let rest = &text[at..];
            let Some(name) = rest.strip_prefix('{') else {
                let end = rest.find('{').map_or(text.len(), |brace| at + brace);
                check_characters(&text[at..end], at)?;
                parts.push(IndexPart::Text(text[at..end].to_owned()));
                at = end;
                continue;
            };
            let end = name.find('}').map_or(text.len(), |brace| at + 1 + brace + 1);
            parts.push(match &text[at..end] {
                "{dataset}" => IndexPart::Dataset,
                "{namespace}" => IndexPart::Namespace,
                "{service}" => IndexPart::Service,
                unknown => {
                    return Err(NameMistake {
                        span: at..end,
                        message: format!("unknown part `{unknown}` of an index name"),
                        help: "known parts: `{dataset}`, `{namespace}`, `{service}`".to_owned(),
                    });
                }
            });
            at = end;
        }
        if text.is_empty() || text.starts_with(['-', '_', '+', '.']) {
            return Err(NameMistake {
                span: 0..text.len().min(1),
                message: "an index name begins with a letter or a digit".to_owned(),
                help: "write a name such as \"logs-{dataset}-{namespace}\"".to_owned(),
            });
        }
        Ok(IndexName { parts })
    }
}

impl Default for IndexName {
    /// The data stream `logs-{dataset}-{namespace}`.
    fn default() -> Self {
        IndexName {
            parts: vec![
                IndexPart::Text("logs-".to_owned()),
                IndexPart::Dataset,
                IndexPart::Text("-".to_owned()),
                IndexPart::Namespace,
            ],
        }
    }
}

/// Whether a text may stand for `{dataset}` or `{namespace}`: a hyphen would shift the parts of the name.
pub(super) fn check_part(text: &str) -> Result<(), NameMistake> {
    if text.is_empty() || text.len() > PART_BYTES_MAX {
        return Err(NameMistake {
            span: 0..text.len(),
            message: format!("part of an index name has {} bytes", text.len()),
            help: format!("write 1 to {PART_BYTES_MAX} bytes"),
        });
    }
    if let Some(at) = text.find('-') {
        return Err(NameMistake {
            span: at..at + 1,
            message: "`-` separates the parts of a data stream's name and cannot be in one".to_owned(),
            help: format!("write `{}`", text.replace('-', ".")),
        });
    }
    check_characters(text, 0)
}

fn check_characters(text: &str, offset: usize) -> Result<(), NameMistake> {
    let wrong = text
        .char_indices()
        .find(|(_, c)| FORBIDDEN.contains(c) || c.is_control() || c.is_uppercase() || *c == '{' || *c == '}');
    let Some((at, c)) = wrong else { return Ok(()) };
    Err(NameMistake {
        span: offset + at..offset + at + c.len_utf8(),
        message: format!("`{}` cannot be in an index name", c.escape_debug()),
        help: "use lower-case letters, digits, `.`, `_` and `-`".to_owned(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_are_filled_in() {
        let name = IndexName::parse("logs-{dataset}-{namespace}").unwrap();
        assert_eq!(name, IndexName::default());
        assert_eq!(
            name.render("nginx.access", "prod", None),
            "logs-nginx.access-prod"
        );
        let name = IndexName::parse("shop-{service}").unwrap();
        assert_eq!(name.render("d", "n", Some("crm")), "shop-crm");
        assert_eq!(name.render("d", "n", None), "shop-unknown");
    }

    #[test]
    fn a_mistake_has_its_place() {
        let cases = [
            ("logs-{data}-x", 5..11),
            ("logs-{dataset", 5..13),
            ("Logs", 0..1),
            ("logs-ü/x", 7..8),
            ("_logs", 0..1),
            ("a}", 1..2),
            ("", 0..0),
        ];
        for (text, span) in cases {
            assert_eq!(IndexName::parse(text).unwrap_err().span, span, "{text}");
        }
    }

    #[test]
    fn a_part_has_no_hyphen() {
        assert_eq!(check_part("nginx.access"), Ok(()));
        assert_eq!(
            check_part("nginx-access").unwrap_err().help,
            "write `nginx.access`"
        );
        assert!(check_part("").is_err());
        assert!(check_part(&"x".repeat(101)).is_err());
        assert!(check_part("a b").is_err());
    }

    #[test]
    fn a_name_is_checked_and_has_a_pattern() {
        let name = IndexName::parse("shop-{service}{dataset}-{namespace}-x").unwrap();
        assert_eq!(name.pattern(), "shop-*-*-x");
        assert_eq!(IndexName::default().pattern(), "logs-*-*");
        assert_eq!(IndexName::mistake("logs-shop-default"), None);
        for (name, said) in [
            ("a-My", "`M`"),
            ("a b", "` `"),
            ("-a", "begins"),
            (&"a".repeat(256), "256"),
        ] {
            let mistake = IndexName::mistake(name).unwrap();
            assert!(mistake.contains(said), "{mistake}");
        }
    }
}
