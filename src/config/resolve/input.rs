use std::collections::BTreeMap;

use super::input_name::name_all;
use super::paths::{Base, check_glob};
use super::value;
use crate::config::agent_file::{BacklogTable, InputTable};
use crate::config::index_name::check_part;
use crate::config::table::begins_at_home;
use crate::config::zone::read_zone;
use crate::config::{Diagnostic, Diagnostics, InputSettings, Spanned};
use crate::limits;

/// What `backlog` says is for inputs that say nothing themselves.
pub(super) fn inputs(
    written: &[InputTable],
    backlog: &BacklogTable,
    base: &Base,
    d: &mut Diagnostics,
) -> Vec<InputSettings> {
    // Where each glob was first written, by its absolute form.
    let mut claimed: BTreeMap<String, Spanned<String>> = BTreeMap::new();
    let mut inputs = Vec::with_capacity(written.len());
    for table in written {
        let paths = globs(&table.paths, base, d);
        for path in &paths {
            match claimed.get(&path.value) {
                Some(first) => d.push(claimed_twice(path, first)),
                None => {
                    claimed.insert(path.value.clone(), path.clone());
                }
            }
        }
        let input = input(table, backlog, paths, base, d);
        inputs.extend(input.map(|input| (input, table.name.clone())));
    }
    name_all(inputs, d)
}

fn input(
    table: &InputTable,
    backlog: &BacklogTable,
    paths: Vec<Spanned<String>>,
    base: &Base,
    d: &mut Diagnostics,
) -> Option<InputSettings> {
    for part in [&table.dataset, &table.namespace] {
        check_index_part(part.as_ref(), d);
    }
    let exclude = globs(&table.exclude, base, d);
    let timezone = table.timezone.as_ref().and_then(|name| read_zone(name, d));
    let text = |written: &Option<Spanned<String>>| written.as_ref().map(|text| text.value.clone());
    Some(InputSettings {
        // Given when all of them are known.
        name: String::new(),
        paths,
        exclude,
        pipeline: table.pipeline.clone()?,
        service: text(&table.service),
        labels: texts(&table.labels),
        metric_labels: texts(&table.metric_labels),
        start_at: value(&table.start_at, Default::default()),
        format: table.format.clone(),
        timezone,
        dataset: text(&table.dataset),
        namespace: text(&table.namespace),
        wrapper: table
            .wrapper
            .as_ref()
            .map(|wrapper| wrapper.value.into())
            .unwrap_or_default(),
        backlog: value(
            &table.backlog.backlog,
            value(&backlog.backlog, Default::default()),
        ),
        backlog_after: value(&table.backlog.after, value(&backlog.after, limits::BACKLOG_AFTER)),
    })
}

/// By name.
fn texts(written: &[(Spanned<String>, Spanned<String>)]) -> BTreeMap<String, String> {
    let texts = written
        .iter()
        .map(|(name, text)| (name.value.clone(), text.value.clone()));
    texts.collect()
}

pub(super) fn check_index_part(written: Option<&Spanned<String>>, d: &mut Diagnostics) {
    if let Some(part) = written
        && let Err(mistake) = check_part(part)
    {
        d.push(
            Diagnostic::error(mistake.message)
                .at(part.place_within(mistake.span, ""))
                .help(mistake.help),
        );
    }
}

fn globs(written: &[Spanned<String>], base: &Base, d: &mut Diagnostics) -> Vec<Spanned<String>> {
    let mut globs = Vec::with_capacity(written.len());
    for glob in written {
        if glob.trim().is_empty() {
            d.push(
                Diagnostic::error("a path is empty")
                    .at_value(glob, "")
                    .help("write a path or a glob such as \"/var/log/nginx/*.log\", or remove it"),
            );
            continue;
        }
        if let Some(mistake) = begins_at_home(glob) {
            d.push(mistake);
            continue;
        }
        let absolute = base.glob(glob);
        if let Err(message) = check_glob(&absolute) {
            d.push(
                Diagnostic::error(format!("not a glob: {message}"))
                    .at_value(glob, "")
                    .help("`*` stays within a directory, `**` crosses them; `[[]` stands for `[` itself, `[{]` for `{`"),
            );
            continue;
        }
        globs.push(glob.clone().map(|_| absolute));
    }
    globs
}

fn claimed_twice(path: &Spanned<String>, first: &Spanned<String>) -> Diagnostic {
    let (line, _) = first.file.line_column(first.span.start);
    Diagnostic::error(format!("`{}` is read twice", path.value))
        .at_value(path, format!("also in line {line}"))
        .help("a file belongs to one input; remove one of the two, or tell them apart with `exclude`")
}
