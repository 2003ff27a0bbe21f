//! What a pipeline changes in an event after it is parsed, as its author wrote it.

use serde_json::Value;

use super::super::{LookupTable, Secret, Spanned};

/// All changes, in the order in which they are made.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ChangeRules {
    pub level: Option<LevelRule>,
    pub lookups: Vec<LookupRule>,
    /// Old and new name, in the order of the file.
    pub renames: Vec<(Spanned<String>, Spanned<String>)>,
    pub drops: Vec<DropRule>,
    pub samples: Vec<SampleRule>,
    pub redacts: Vec<RedactRule>,
    /// Fields that no document gets; metrics have them.
    pub remove: Vec<Spanned<String>>,
}

/// `[level]`: whatever the log calls its levels becomes one set of words in `log.level`.
#[derive(Clone, Debug, PartialEq)]
pub struct LevelRule {
    /// The field that has it. Default: `log.level`.
    pub from: Option<Spanned<String>>,
    /// Whose numbers they are, where the level is one.
    pub numbers: LevelNumbers,
}

/// Whose numbers levels are.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum LevelNumbers {
    /// 0 to 7, the lower the worse (RFC 5424).
    #[default]
    Syslog,
    /// 10 to 60: bunyan, pino.
    Bunyan,
    /// 10 to 50: Python's logging.
    Python,
}

/// `[[lookup]]`: fields from a table in a file.
#[derive(Clone, Debug, PartialEq)]
pub struct LookupRule {
    /// Its value is looked for in the first column.
    pub field: Spanned<String>,
    pub table: LookupTable,
}

/// Which events a rule is for: those that hold everything that is listed.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Selection {
    /// Fields and the values of which the event must have one, in the order of the file.
    pub values: Vec<(Spanned<String>, Vec<Value>)>,
    /// Fields and the patterns of which one must match the whole field, in the order of the file.
    pub matches: Vec<(Spanned<String>, Vec<Spanned<String>>)>,
}

impl Selection {
    /// Whether it takes every event.
    pub fn is_empty(&self) -> bool {
        self.values.is_empty() && self.matches.is_empty()
    }
}

/// `[[drop]]`: events that are not shipped.
#[derive(Clone, Debug, PartialEq)]
pub struct DropRule {
    pub when: Selection,
    /// Whether metrics count them nevertheless. Default: true.
    pub counted: bool,
}

/// `[[sample]]`: a share of the events is shipped.
#[derive(Clone, Debug, PartialEq)]
pub struct SampleRule {
    /// The events that it is for; all when nothing is listed.
    pub when: Selection,
    /// The share that is shipped, above 0 and below 1.
    pub keep: f64,
    /// Events with the same value here are kept or dropped together; the same text where there is none.
    pub by: Option<Spanned<String>>,
    /// Whether metrics count those that are not shipped. Default: true.
    pub counted: bool,
}

/// `[[redact]]`: what must not leave the host.
#[derive(Clone, Debug, PartialEq)]
pub struct RedactRule {
    /// The fields; all of them when nothing is listed, which needs `find`.
    pub fields: Vec<Spanned<String>>,
    /// What is looked for in them; the whole value when nothing is listed.
    pub find: Vec<Sensitive>,
    /// Takes the place of it: a keyed hash, with this key, or a word when there is none.
    pub hash_key: Option<Secret>,
}

/// What can be told by its form.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sensitive {
    /// `name@example.com`.
    Emails,
    /// Payment card numbers: 13 to 19 digits with an issuer's prefix and the right check digit.
    Cards,
    /// Bearer tokens, JSON web tokens, keys of well-known services, and what stands behind `password=` and the like.
    Tokens,
}

impl Sensitive {
    pub(super) const WORDS: [(&'static str, Sensitive); 3] = [
        ("emails", Sensitive::Emails),
        ("cards", Sensitive::Cards),
        ("tokens", Sensitive::Tokens),
    ];
}
