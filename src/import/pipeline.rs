//! A pipeline in the making, and the steps of other programs as changes to it.

use serde_json::Value;

use super::pattern::{Capture, Pattern};
use crate::pattern::Kind;

#[derive(Clone, Debug, Default, PartialEq)]
pub struct Pipeline {
    pub name: String,
    pub description: String,
    pub timezone: Option<String>,
    pub frame: Frame,
    pub parse: Parse,
    pub extracts: Vec<Extract>,
    pub maps: Vec<Map>,
    pub set: Vec<(String, Value)>,
    pub default: Vec<(String, Value)>,
    pub renames: Vec<(String, String)>,
    pub drops: Vec<Selection>,
    pub samples: Vec<(Selection, f64)>,
    pub remove: Vec<String>,
}

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Frame {
    pub start: Vec<Pattern>,
    pub skip: Vec<Pattern>,
    /// As durations are written.
    pub flush: Option<String>,
    pub lines_max: Option<i64>,
    pub bytes_max: Option<i64>,
}

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Parse {
    /// The event is its message.
    #[default]
    Plain,
    Patterns(Vec<Pattern>),
    Json {
        /// Where keys go that are not named.
        rest: String,
        /// Field and the keys that it is taken from.
        keys: Vec<(String, String)>,
    },
    Csv {
        columns: Vec<Capture>,
    },
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Extract {
    pub field: String,
    pub take: Take,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Take {
    Patterns(Vec<Pattern>),
    Json {
        prefix: String,
    },
    Pairs {
        between: char,
        equals: char,
        prefix: String,
    },
    UserAgent,
}

#[derive(Clone, Debug, PartialEq)]
pub struct Map {
    pub field: String,
    pub to: Option<String>,
    pub values: Vec<(String, Value)>,
}

/// Events that hold all of it.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Selection {
    pub values: Vec<(String, Vec<Value>)>,
    pub matches: Vec<(String, Vec<Pattern>)>,
}

/// The key of a JSON line that becomes `field`, where keys without a name go to `rest`; `None` where none does.
fn key_of<'f>(field: &'f str, rest: &str) -> Option<&'f str> {
    match rest {
        "root" => Some(field),
        prefix => field.strip_prefix(prefix).filter(|_| prefix.ends_with('.')),
    }
}

/// Takes the name from what has it, since something else gets it now.
fn give_way<'c>(captures: impl Iterator<Item = &'c mut Capture>, name: &str) {
    for capture in captures.filter(|capture| capture.is_called(name)) {
        capture.name = None;
    }
}

/// Why a step has no place here.
pub type Why = String;

/// Gives `name` a value in place of the one that it has, if any: a key stands once in a table of TOML.
pub fn put<T>(entries: &mut Vec<(String, T)>, name: String, value: T) {
    match entries.iter_mut().find(|(own, _)| *own == name) {
        Some((_, own)) => *own = value,
        None => entries.push((name, value)),
    }
}

/// The source of a key, `key` or `key:kind`, with another kind.
fn of_kind(source: &str, kind: &str) -> String {
    let key = match source.rsplit_once(':') {
        Some((key, before)) if Kind::by_name(before).is_some() => key,
        _ => source,
    };
    format!("{key}:{kind}")
}

/// What Grok called the parts of an access line before it had ECS's names.
const OF_ACCESS_LINES: [(&str, &str); 7] = [
    ("clientip", "source.address"),
    ("ident", "apache.access.user.identity"),
    ("auth", "user.name"),
    ("response", "http.response.status_code"),
    ("bytes", "http.response.body.bytes"),
    ("referrer", "http.request.referrer"),
    ("agent", "user_agent.original"),
];

const MESSAGE: &str = "message";
const TIMESTAMP: &str = "@timestamp";

impl Pipeline {
    /// Whether the pipeline `plain` does the same.
    pub fn is_plain(&self) -> bool {
        let Pipeline {
            name: _,
            description: _,
            timezone: _,
            frame,
            parse,
            extracts,
            maps,
            set,
            default,
            renames,
            drops,
            samples,
            remove,
        } = self;
        *frame == Frame::default()
            && *parse == Parse::Plain
            && extracts.is_empty()
            && maps.is_empty()
            && set.is_empty()
            && default.is_empty()
            && renames.is_empty()
            && drops.is_empty()
            && samples.is_empty()
            && remove.is_empty()
    }

    fn patterns(&self) -> impl Iterator<Item = &Pattern> {
        let parsed = match &self.parse {
            Parse::Patterns(patterns) => patterns.as_slice(),
            _ => &[],
        };
        let extracted = self.extracts.iter().flat_map(|extract| match &extract.take {
            Take::Patterns(patterns) => patterns.as_slice(),
            _ => &[],
        });
        parsed.iter().chain(extracted)
    }

    fn patterns_mut(&mut self) -> impl Iterator<Item = &mut Pattern> {
        let parsed = match &mut self.parse {
            Parse::Patterns(patterns) => patterns.as_mut_slice(),
            _ => &mut [],
        };
        let extracted = self
            .extracts
            .iter_mut()
            .flat_map(|extract| match &mut extract.take {
                Take::Patterns(patterns) => patterns.as_mut_slice(),
                _ => &mut [],
            });
        parsed.iter_mut().chain(extracted)
    }

    /// Whether a step so far sets the field, or may.
    pub fn knows(&self, field: &str) -> bool {
        let is_key = match &self.parse {
            Parse::Json { rest, .. } => key_of(field, rest).is_some(),
            Parse::Plain | Parse::Patterns(_) | Parse::Csv { .. } => false,
        };
        is_key
            || self.names(field)
            || self.extracts.iter().any(|extract| match &extract.take {
                Take::Json { prefix } | Take::Pairs { prefix, .. } => field.starts_with(prefix.as_str()),
                Take::Patterns(_) | Take::UserAgent => false,
            })
    }

    /// Whether a step so far sets the field by its name, and not as one of the keys that a line has.
    fn names(&self, field: &str) -> bool {
        let of_parse = match &self.parse {
            Parse::Plain => field == MESSAGE,
            Parse::Patterns(_) => false,
            Parse::Json { keys, .. } => keys.iter().any(|(name, _)| name == field),
            Parse::Csv { columns } => columns.iter().any(|column| column.is_called(field)),
        };
        of_parse
            || self
                .patterns()
                .flat_map(Pattern::fields)
                .any(|name| name == field)
            || self
                .extracts
                .iter()
                .any(|extract| extract.take == Take::UserAgent && field.starts_with("user_agent."))
            || self.maps.iter().any(|map| map.to.as_deref() == Some(field))
            || self
                .set
                .iter()
                .chain(&self.default)
                .any(|(name, _)| name == field)
            || self.renames.iter().any(|(_, to)| to == field)
    }

    /// The field as the pipeline calls it, where a step speaks of it by the name that it had before ECS.
    pub fn own_name(&self, field: String) -> String {
        let ours = OF_ACCESS_LINES.iter().find(|(before, _)| *before == field);
        match ours {
            Some((_, ours)) if !self.knows(&field) && self.knows(ours) => (*ours).to_owned(),
            _ => field,
        }
    }

    /// Every name that the pipeline gives a field.
    pub fn names_mut(&mut self, mut each: impl FnMut(&mut String)) {
        for pattern in self.patterns_mut() {
            pattern
                .captures_mut()
                .filter_map(|capture| capture.name.as_mut())
                .for_each(&mut each);
        }
        match &mut self.parse {
            Parse::Json { keys, .. } => keys.iter_mut().for_each(|(name, _)| each(name)),
            Parse::Csv { columns } => {
                let names = columns.iter_mut().filter_map(|column| column.name.as_mut());
                names.for_each(&mut each);
            }
            Parse::Plain | Parse::Patterns(_) => {}
        }
        let set = self.set.iter_mut().chain(&mut self.default);
        set.for_each(|(name, _)| each(name));
        self.renames.iter_mut().for_each(|(_, to)| each(to));
        let maps = self.maps.iter_mut().filter_map(|map| map.to.as_mut());
        maps.for_each(each);
    }

    /// What speaks of a field that is set by another name now speaks of that.
    pub fn follow(&mut self, from: &str, to: &str) {
        let extracts = self.extracts.iter_mut().map(|extract| &mut extract.field);
        let maps = self.maps.iter_mut().map(|map| &mut map.field);
        let renames = self.renames.iter_mut().map(|(before, _)| before);
        let others = extracts.chain(maps).chain(renames).chain(&mut self.remove);
        for field in others.filter(|field| *field == from) {
            *field = to.to_owned();
        }
        let copy = Value::from(format!("{{{from}}}"));
        for (_, value) in self.default.iter_mut().filter(|(_, value)| *value == copy) {
            *value = Value::from(format!("{{{to}}}"));
        }
        self.follow_rename(from, to);
    }

    /// The same for a field that gets its name from [rename]: the steps before that know it by the old one.
    fn follow_rename(&mut self, from: &str, to: &str) {
        let samples = self.samples.iter_mut().map(|(selection, _)| selection);
        for selection in self.drops.iter_mut().chain(samples) {
            selection.rename(from, to);
        }
    }

    /// Gives a field the value of another one where it has none.
    pub fn copy(&mut self, from: &str, to: String) -> Result<&'static str, Why> {
        let from = self.name_before(from);
        self.needs_name(&from)?;
        let value = Value::from(format!("{{{from}}}"));
        if let Some((_, before)) = self.default.iter().find(|(name, _)| *name == to)
            && *before != value
        {
            return Err(format!(
                "`{to}` has a value by then; [default] is for fields that have none"
            ));
        }
        put(&mut self.default, to, value);
        Ok("[default]")
    }

    /// Sets a field by what another one says.
    pub fn map(&mut self, map: Map) -> Result<&'static str, Why> {
        let field = self.name_before(&map.field);
        self.needs_name(&field)?;
        self.maps.push(Map { field, ..map });
        Ok("[[map]]")
    }

    /// The name by which the steps before [rename] know a field.
    fn name_before(&self, field: &str) -> String {
        let before = self.renames.iter().find(|(_, to)| to == field);
        before.map_or(field, |(from, _)| from).to_owned()
    }

    fn needs(&self, field: &str) -> Result<(), Why> {
        match self.knows(field) {
            true => Ok(()),
            false => Err(format!("no step that was carried over sets `{field}`")),
        }
    }

    /// For a step that reads a field: those that are keys of a line must have been named.
    fn needs_name(&mut self, field: &str) -> Result<(), Why> {
        self.needs(field)?;
        if self.names(field) {
            return Ok(());
        }
        if let Parse::Json { rest, keys } = &mut self.parse
            && let Some(key) = key_of(field, rest)
        {
            keys.push((field.to_owned(), key.to_owned()));
            return Ok(());
        }
        Err(format!(
            "`{field}` is a key that a line may have; this can be done to a field of a pattern only"
        ))
    }

    /// Reads `field` with patterns.
    pub fn read(&mut self, field: &str, mut patterns: Vec<Pattern>) -> Result<&'static str, Why> {
        if field == MESSAGE && !self.frame.start.is_empty() {
            patterns.iter_mut().for_each(Pattern::take_lines);
        }
        match &mut self.parse {
            Parse::Plain if field == MESSAGE && self.extracts.is_empty() => {
                self.parse = Parse::Patterns(patterns);
                Ok("[parse] patterns")
            }
            // The text is as good as gone after the first look; more patterns over it are further ways to read it.
            Parse::Patterns(before)
                if field == MESSAGE
                    && !before
                        .iter()
                        .flat_map(Pattern::fields)
                        .any(|name| name == MESSAGE) =>
            {
                before.extend(patterns);
                Ok("[parse] patterns, behind those before")
            }
            _ => {
                self.extract(field, Take::Patterns(patterns))?;
                Ok("[[extract]] patterns")
            }
        }
    }

    /// Takes `field` apart.
    pub fn extract(&mut self, field: &str, take: Take) -> Result<(), Why> {
        let field = self.name_before(field);
        self.needs_name(&field)?;
        self.extracts.push(Extract { field, take });
        Ok(())
    }

    /// Reads `field` as JSON; `prefix` ends with a dot or is empty.
    pub fn read_json(&mut self, field: &str, prefix: &str) -> Result<&'static str, Why> {
        if field == MESSAGE && self.parse == Parse::Plain && self.extracts.is_empty() {
            let (rest, keys) = match prefix {
                "" => {
                    let time = format!("{TIMESTAMP}:when");
                    let keys = [(MESSAGE, MESSAGE), (TIMESTAMP, &time)];
                    let keys = keys.map(|(name, key)| (name.to_owned(), key.to_owned()));
                    ("root".to_owned(), keys.to_vec())
                }
                prefix => (prefix.to_owned(), Vec::new()),
            };
            self.parse = Parse::Json { rest, keys };
            return Ok("[parse] builtin = \"json\"");
        }
        let prefix = prefix.to_owned();
        self.extract(field, Take::Json { prefix })?;
        Ok("[[extract]] builtin = \"json\"")
    }

    /// Takes the event's time from `field`.
    pub fn time(&mut self, field: &str, kind: &'static str) -> Result<&'static str, Why> {
        let field = &self.name_before(field);
        match &mut self.parse {
            Parse::Json { rest, keys } => {
                let key = key_of(field, rest).unwrap_or(field);
                put(keys, TIMESTAMP.to_owned(), format!("{key}:{kind}"));
                return Ok("[parse.keys] \"@timestamp\"");
            }
            Parse::Csv { columns } => {
                if let Some(at) = columns.iter().position(|column| column.is_called(field)) {
                    give_way(columns.iter_mut(), TIMESTAMP);
                    columns[at].name = Some(TIMESTAMP.to_owned());
                    columns[at].kind = Some(kind);
                    return Ok("the column `@timestamp`");
                }
            }
            Parse::Plain | Parse::Patterns(_) => {}
        }
        // A pattern that reads the time itself has no field of that name.
        let mut found = self
            .patterns()
            .flat_map(Pattern::fields)
            .any(|name| name == TIMESTAMP)
            && field == "timestamp";
        for pattern in self.patterns_mut() {
            if pattern.fields().any(|name| name == TIMESTAMP) {
                continue;
            }
            for capture in pattern.captures_mut().filter(|capture| capture.is_called(field)) {
                capture.name = Some(TIMESTAMP.to_owned());
                // What grok knows as a time is read as that: formats of dates often differ in a detail.
                let is_time = capture
                    .kind
                    .is_some_and(|kind| !matches!(kind, "word" | "text" | "longest" | "int" | "float"));
                if !is_time || matches!(capture.kind, Some("when")) {
                    capture.kind = Some(kind);
                }
                found = true;
            }
        }
        if found {
            // The text of the time went, not the time.
            self.remove.retain(|name| name != field);
            self.follow(field, TIMESTAMP);
        }
        match found {
            true => Ok("`{@timestamp}` of the pattern"),
            false => Err(format!("no pattern that was carried over has `{field}`")),
        }
    }

    /// Gives a field another name.
    pub fn rename(&mut self, from: &str, to: &str) -> Result<&'static str, Why> {
        self.needs(from)?;
        if from == to {
            return Ok("nothing to do: it is called that");
        }
        let mut found = false;
        for pattern in self.patterns_mut() {
            if !pattern.captures().any(|capture| capture.is_called(from)) {
                continue;
            }
            // What was called that before is gone.
            give_way(pattern.captures_mut(), to);
            for capture in pattern.captures_mut().filter(|capture| capture.is_called(from)) {
                capture.name = Some(to.to_owned());
                found = true;
            }
        }
        if found {
            self.follow(from, to);
            return Ok("the name in the pattern");
        }
        if let Some((_, before)) = self.renames.iter().find(|(name, _)| name == from) {
            return Err(format!("`{from}` is called `{before}` by then"));
        }
        self.follow_rename(from, to);
        let first = self.name_before(from);
        put(&mut self.renames, first, to.to_owned());
        Ok("[rename]")
    }

    /// Makes a field a number.
    pub fn convert(&mut self, field: &str, kind: &'static str) -> Result<&'static str, Why> {
        let field = &self.name_before(field);
        let mut found = false;
        for pattern in self.patterns_mut() {
            for capture in pattern.captures_mut().filter(|capture| capture.is_called(field)) {
                if capture.kind != Some("int") || kind != "float" {
                    capture.kind = Some(kind);
                }
                found = true;
            }
        }
        if let Parse::Csv { columns } = &mut self.parse {
            for column in columns.iter_mut().filter(|column| column.is_called(field)) {
                column.kind = Some(kind);
                found = true;
            }
        }
        if let (false, Parse::Json { rest, keys }) = (found, &mut self.parse) {
            let before = keys.iter().find(|(name, _)| name == field);
            let source = before.map_or(key_of(field, rest).unwrap_or(field), |(_, source)| source);
            let source = of_kind(source, kind);
            put(keys, field.to_owned(), source);
            return Ok("[parse.keys]");
        }
        match found {
            true => Ok("the kind in the pattern"),
            false => Err(format!("no pattern that was carried over has `{field}`")),
        }
    }

    /// Takes a field out of the documents. One that is not there needs nothing.
    pub fn remove(&mut self, field: &str) -> Result<&'static str, Why> {
        if !self.knows(field) {
            return Ok("nothing to do: it is not there");
        }
        if !self.remove.iter().any(|name| name == field) {
            self.remove.push(field.to_owned());
        }
        Ok("remove")
    }

    pub fn drop(&mut self, selection: Selection) -> Result<&'static str, Why> {
        if let Some(skip) = self.as_skip(&selection) {
            self.frame.skip.extend(skip);
            return Ok("[frame] skip");
        }
        for field in selection.fields() {
            self.needs(field)?;
        }
        self.drops.push(selection);
        Ok("[[drop]]")
    }

    /// Events of one line that are told by their text need not be parsed.
    fn as_skip(&self, selection: &Selection) -> Option<Vec<Pattern>> {
        let alone = self.frame.start.is_empty() && selection.values.is_empty();
        let raw = match &self.parse {
            Parse::Plain => true,
            Parse::Patterns(_) => !self.knows(MESSAGE),
            Parse::Json { .. } | Parse::Csv { .. } => false,
        };
        match selection.matches.as_slice() {
            [(field, patterns)] if alone && raw && field == MESSAGE => Some(patterns.clone()),
            _ => None,
        }
    }
}

impl Selection {
    pub fn fields(&self) -> impl Iterator<Item = &str> {
        let values = self.values.iter().map(|(field, _)| field.as_str());
        values.chain(self.matches.iter().map(|(field, _)| field.as_str()))
    }

    fn rename(&mut self, from: &str, to: &str) {
        let values = self.values.iter_mut().map(|(field, _)| field);
        let matches = self.matches.iter_mut().map(|(field, _)| field);
        for field in values.chain(matches).filter(|field| *field == from) {
            *field = to.to_owned();
        }
    }

    /// What holds both; `None` where both speak of the same field.
    pub fn and(mut self, other: Selection) -> Option<Selection> {
        if other.fields().any(|field| self.fields().any(|own| own == field)) {
            return None;
        }
        self.values.extend(other.values);
        self.matches.extend(other.matches);
        Some(self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_field_of_a_json_line_is_converted_by_the_name_of_its_key() {
        for (prefix, field, expected) in [
            ("", "root_causes", "root_causes:int"),
            ("order.", "order.lines", "lines:int"),
        ] {
            let mut pipeline = Pipeline::default();
            pipeline.read_json(MESSAGE, prefix).unwrap();
            pipeline.convert(field, "int").unwrap();
            let Parse::Json { keys, .. } = &pipeline.parse else {
                panic!("{:?}", pipeline.parse);
            };
            let key = keys.iter().find(|(name, _)| name == field);
            assert_eq!(key.map(|(_, key)| key.as_str()), Some(expected));
        }
    }
}
