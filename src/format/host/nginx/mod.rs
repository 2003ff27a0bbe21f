//! nginx's `log_format` (<https://nginx.org/en/docs/http/ngx_http_log_module.html#log_format>).

mod json;
mod piece;
mod variable;

use std::collections::HashSet;

use super::{FormatError, HostFormat, push_capture, push_literal};
use piece::{Escape, Piece};
use variable::{Target, target};

/// The format that nginx knows by the name `combined`.
const COMBINED: &str = r#"$remote_addr - $remote_user [$time_local] "$request" $status $body_bytes_sent "$http_referer" "$http_user_agent""#;

/// Reads a format: its text, with or without the quotes and the `escape=` of the directive, or the whole directive,
/// or the name `combined`.
pub fn read(format: &str) -> Result<HostFormat, FormatError> {
    if format.trim() == "combined" {
        return read(COMBINED);
    }
    let (escape, pieces) = piece::split(format)?;
    if !pieces.iter().any(|piece| matches!(piece, Piece::Variable(_))) {
        return Err(FormatError::new(
            0..format.len(),
            format!("the log format {:?} has no variable", format.trim()),
            "give the text of nginx's log_format directive, or \"combined\"",
        ));
    }
    if piece::is_object(&pieces) {
        return json::keys(&pieces, format.len()).map(HostFormat::Json);
    }
    let pieces = join_touching(pieces);
    let targets = assign(&pieces);
    let strict = pattern(&pieces, &targets, escape, |target| &target.strict);
    let loose = pattern(&pieces, &targets, escape, |target| {
        target.loose.as_ref().unwrap_or(&target.strict)
    });
    let mut patterns = vec![strict];
    if loose != patterns[0] {
        patterns.push(loose);
    }
    Ok(HostFormat::Patterns(patterns))
}

/// Two variables with nothing between them cannot be told apart in a line: they are kept together.
/// `$scheme://$host$request_uri` is a URL, and read as one.
fn join_touching(pieces: Vec<Piece>) -> Vec<Piece> {
    let mut joined: Vec<Piece> = Vec::with_capacity(pieces.len());
    for piece in pieces {
        match (joined.last_mut(), piece) {
            (Some(Piece::Variable(first)), Piece::Variable(second)) => {
                first.push('_');
                first.push_str(&second);
            }
            (_, piece) => joined.push(piece),
        }
    }
    let mut at = 0;
    while let Some([first, between, rest]) = joined.get(at..at + 3) {
        if is_url(first, between, rest) {
            let url = Piece::Variable(variable::FULL_URL.to_owned());
            joined.splice(at..at + 3, [url]);
        }
        at += 1;
    }
    joined
}

/// Whether the three are `$scheme://` and what stands behind that in a URL.
fn is_url(first: &Piece, between: &Piece, rest: &Piece) -> bool {
    match (first, between, rest) {
        (Piece::Variable(scheme), Piece::Text(between), Piece::Variable(rest)) => {
            scheme == "scheme" && between == "://" && variable::is_host_and_uri(rest)
        }
        _ => false,
    }
}

/// Where each variable's value goes, in the order of the pieces; `None` for a variable that was there before.
/// No field is given twice: the variable that says more has it, the others keep their own names.
fn assign(pieces: &[Piece]) -> Vec<Option<Target>> {
    let mut order: Vec<usize> = (0..pieces.len()).collect();
    order.sort_by_key(|&at| match &pieces[at] {
        Piece::Variable(name) => variable::rank(name),
        Piece::Text(_) => 0,
    });
    // The ingress controller's own variables say whose format it is.
    let ingress = pieces
        .iter()
        .any(|piece| matches!(piece, Piece::Variable(name) if name == "proxy_upstream_name"));
    let mut targets = vec![None; pieces.len()];
    let mut seen = HashSet::new();
    let mut taken: HashSet<String> = HashSet::new();
    for at in order {
        let Piece::Variable(name) = &pieces[at] else {
            continue;
        };
        if !seen.insert(name) {
            continue;
        }
        let mut found = if ingress {
            variable::ingress(name).unwrap_or_else(|| target(name))
        } else {
            target(name)
        };
        if found.fields().any(|field| taken.contains(&field)) {
            found = Target::own(name);
        }
        taken.extend(found.fields());
        targets[at] = Some(found);
    }
    targets
}

fn pattern(
    pieces: &[Piece],
    targets: &[Option<Target>],
    escape: Escape,
    side: impl Fn(&Target) -> &variable::Capture,
) -> String {
    let mut out = String::new();
    let mut at = 0;
    while at < pieces.len() {
        match (&pieces[at], &targets[at]) {
            (Piece::Text(text), _) => push_literal(&mut out, text),
            (Piece::Variable(_), None) => out.push_str("{_}"),
            (Piece::Variable(name), Some(target)) => {
                let capture = side(target);
                // escape=json writes \" for a quote; a quoted capture knows.
                let behind = pieces
                    .get(at + 1)
                    .and_then(Piece::text)
                    .and_then(|text| text.strip_prefix('"'));
                if let (Escape::Json, None, Some(rest)) = (escape, capture.kind, behind)
                    // A quote that stands alone between two captures must stay.
                    && out.ends_with('"')
                    && !out.ends_with("}\"")
                    && (!rest.is_empty() || at + 2 == pieces.len())
                {
                    out.pop();
                    push_capture(&mut out, &capture.field, Some("quoted"), true);
                    push_literal(&mut out, rest);
                    at += 1;
                } else {
                    let bare = !out.ends_with('"') && ends_at_blank(pieces.get(at + 1));
                    let kind = match capture.kind {
                        None if bare && variable::is_list(name) => Some("list_text"),
                        kind => kind,
                    };
                    push_capture(&mut out, &capture.field, kind, !variable::is_always_there(name));
                }
            }
        }
        at += 1;
    }
    out
}

/// Whether what follows a variable begins with a blank.
fn ends_at_blank(behind: Option<&Piece>) -> bool {
    behind
        .and_then(Piece::text)
        .is_some_and(|text| text.starts_with(' '))
}

#[cfg(test)]
mod tests;
