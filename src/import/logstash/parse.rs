//! The filters that read text: grok, dissect, date, json, kv, csv.

use super::filter::Filtering;
use super::settings::Settings;
use super::sources::define;
use crate::import::grok::{self, Definitions};
use crate::import::pattern::{Capture, Pattern, field_name};
use crate::import::pipeline::{Parse, Take, Why};
use crate::import::{date, dissect};

pub fn grok(filtering: &mut Filtering<'_>, settings: &mut Settings) {
    let mut definitions = Definitions::new();
    settings.take("patterns_files_glob");
    for setting in settings.take_all("patterns_dir") {
        for folder in setting.value.texts() {
            let result = match (filtering.patterns)(&folder) {
                Some(texts) => {
                    texts.iter().for_each(|text| define(text, &mut definitions));
                    Ok("the definitions of its files")
                }
                None => Err(format!(
                    "cannot read `{folder}` here; import where it is, or write its definitions into `pattern_definitions`"
                )),
            };
            filtering.note(setting.line, &format!("`patterns_dir` of `{folder}`"), result);
        }
    }
    for setting in settings.take_all("pattern_definitions") {
        for (name, _, value) in setting.value.pairs(setting.line) {
            definitions.insert(name, value.text().unwrap_or_default());
        }
    }
    // A field that is overwritten is set by the pattern like any other.
    settings.take("overwrite");
    settings.take("named_captures_only");
    settings.take("keep_empty_captures");
    if let Some(setting) = settings.take("break_on_match")
        && setting.value.text().as_deref() == Some("false")
    {
        let why = "the first pattern that matches is the one".to_owned();
        filtering.note(setting.line, "`break_on_match`", Err(why));
    }
    for setting in settings.take_all("match") {
        for (field, line, value) in setting.value.pairs(setting.line) {
            let field = field_name(&field);
            let mut patterns: Vec<Pattern> = Vec::new();
            for expression in value.texts() {
                match grok::translate(&expression, &definitions) {
                    Ok(found) => {
                        for difference in found.differences {
                            let at = filtering.at(line);
                            filtering
                                .report
                                .changed(&at, format!("grok `{expression}`"), difference);
                        }
                        patterns.extend(found.patterns);
                    }
                    Err(refused) => filtering.note(line, &format!("grok `{expression}`"), Err(refused.0)),
                }
            }
            if !patterns.is_empty() {
                let result = filtering.pipeline.read(&field, patterns);
                filtering.note(line, &format!("grok of `{field}`"), result);
            }
        }
    }
}

pub fn dissect(filtering: &mut Filtering<'_>, settings: &mut Settings) {
    for setting in settings.take_all("mapping") {
        for (field, line, value) in setting.value.pairs(setting.line) {
            let field = field_name(&field);
            let result = dissect::translate(&value.text().unwrap_or_default(), "")
                .map_err(|refused| format!("its tokenizer {refused}"))
                .and_then(|pattern| filtering.pipeline.read(&field, vec![pattern]));
            filtering.note(line, &format!("dissect of `{field}`"), result);
        }
    }
    for setting in settings.take_all("convert_datatype") {
        for (field, line, value) in setting.value.pairs(setting.line) {
            let kind = if value.text().as_deref() == Some("int") {
                "int"
            } else {
                "float"
            };
            let result = filtering.pipeline.convert(&field_name(&field), kind);
            filtering.note(line, &format!("`convert_datatype` of `{field}`"), result);
        }
    }
}

pub fn date(filtering: &mut Filtering<'_>, settings: &mut Settings) {
    let target = settings.text("target");
    if let Some(zone) = settings.text("timezone") {
        filtering.pipeline.timezone = Some(zone);
    }
    let Some(setting) = settings.take("match") else {
        return;
    };
    let texts = setting.value.texts();
    let result = (|| -> Result<&'static str, Why> {
        let Some((field, formats)) = texts.split_first() else {
            return Err("it names no field".to_owned());
        };
        if let Some(target) = target.filter(|target| field_name(target) != "@timestamp") {
            return Err(format!(
                "its target is `{target}`; the time of an event is `@timestamp`"
            ));
        }
        let mut kinds = Vec::new();
        for format in formats {
            kinds.push(
                date::of_joda(format).ok_or_else(|| format!("no kind reads times such as `{format}`"))?,
            );
        }
        let kind = date::common(&kinds).ok_or_else(|| "it names no format".to_owned())?;
        filtering.pipeline.time(&field_name(field), kind)
    })();
    let what = format!("date of `{}`", texts.first().map_or("", String::as_str));
    filtering.note(setting.line, &what, result);
}

pub fn json(filtering: &mut Filtering<'_>, settings: &mut Settings) {
    let source = settings.text("source").map(|name| field_name(&name));
    let source = source.unwrap_or_else(|| "message".to_owned());
    let prefix = settings
        .text("target")
        .map(|name| format!("{}.", field_name(&name)));
    settings.take("skip_on_invalid_json");
    let result = filtering.pipeline.read_json(&source, &prefix.unwrap_or_default());
    if let Parse::Json { rest, keys } = &mut filtering.pipeline.parse
        && rest == "root"
        && !keys.iter().any(|(field, _)| field == "@timestamp")
    {
        keys.push(("@timestamp".to_owned(), "@timestamp:when".to_owned()));
    }
    filtering.note(settings.line, &format!("json of `{source}`"), result);
}

pub fn pairs(filtering: &mut Filtering<'_>, settings: &mut Settings) {
    let source = settings.text("source").map(|name| field_name(&name));
    let source = source.unwrap_or_else(|| "message".to_owned());
    let separator = |text: Option<String>, default: char| -> Result<char, Why> {
        let Some(text) = text else { return Ok(default) };
        let mut letters = text.chars();
        match (letters.next(), letters.next()) {
            (Some(letter), None) if letter.is_ascii() && !letter.is_ascii_alphanumeric() => Ok(letter),
            _ => Err(format!("`{text}` is not one separator")),
        }
    };
    let between = separator(settings.text("field_split"), ' ');
    let equals = separator(settings.text("value_split"), '=');
    let prefix = settings.text("prefix").unwrap_or_default();
    let target = settings
        .text("target")
        .map(|name| format!("{}.", field_name(&name)));
    let result = (|| -> Result<&'static str, Why> {
        let (between, equals) = (between?, equals?);
        if between == equals {
            return Err(format!("`{equals}` is between pairs and within them"));
        }
        let take = Take::Pairs {
            between,
            equals,
            prefix: format!("{}{prefix}", target.unwrap_or_default()),
        };
        filtering.pipeline.extract(&source, take)?;
        Ok("[[extract]] builtin = \"pairs\"")
    })();
    filtering.note(settings.line, &format!("kv of `{source}`"), result);
}

pub fn csv(filtering: &mut Filtering<'_>, settings: &mut Settings) {
    let source = settings.text("source").map(|name| field_name(&name));
    let source = source.unwrap_or_else(|| "message".to_owned());
    let separator = settings.text("separator").unwrap_or_else(|| ",".to_owned());
    let mut columns: Vec<Capture> = Vec::new();
    for name in settings.texts("columns") {
        let column = Capture::new(Some(&name), None);
        let twice = columns.contains(&column);
        if twice {
            let at = filtering.at(settings.line);
            let how = format!("`{name}` is there twice and keeps its first value");
            filtering.report.changed(&at, format!("csv of `{source}`"), how);
        }
        columns.push(Capture {
            name: column.name.filter(|_| !twice),
            ..column
        });
    }
    let types = settings.take("convert");
    settings.take("skip_header");
    let result = match (columns.is_empty(), separator.as_str(), source.as_str()) {
        (true, ..) => Err("it names no columns".to_owned()),
        (_, ",", "message") if filtering.pipeline.parse == Parse::Plain => {
            filtering.pipeline.parse = Parse::Csv { columns };
            Ok("[parse] builtin = \"csv\"")
        }
        (_, separator, source) => {
            let mut pattern = Pattern::default();
            for (at, column) in columns.into_iter().enumerate() {
                if at > 0 {
                    pattern.text(&separator.replace("\\t", "\t"));
                }
                pattern.push(Capture {
                    optional: true,
                    ..column
                });
            }
            grok::check(&pattern)
                .map_err(|refused| refused.0)
                .and_then(|()| filtering.pipeline.read(source, vec![pattern]))
        }
    };
    filtering.note(settings.line, &format!("csv of `{source}`"), result);
    for (field, line, value) in types.iter().flat_map(|types| types.value.pairs(types.line)) {
        super::mutate::convert(filtering, &field, line, &value.text().unwrap_or_default());
    }
}
