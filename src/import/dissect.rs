//! The tokenizers of dissect: `%{key}` and the text between.
//!
//! `%{+key}` joins to an earlier value, `%{?key}` and `%{}` keep nothing, `%{key->}` takes the blanks behind it.

use super::grok::check;
use super::pattern::{Capture, Part, Pattern};
use super::regex::Refused;

/// The pattern of a tokenizer; keys are put behind `prefix`.
///
/// # Errors
///
/// What has no equivalent.
pub fn translate(tokenizer: &str, prefix: &str) -> Result<Pattern, Refused> {
    let mut pattern = Pattern::default();
    let mut rest = tokenizer;
    let mut padded = false;
    while !rest.is_empty() {
        let (text, behind) = match rest.split_once("%{") {
            Some((text, behind)) => (text, Some(behind)),
            None => (rest, None),
        };
        literal(&mut pattern, text, std::mem::take(&mut padded))?;
        let Some(behind) = behind else { break };
        let Some((key, behind)) = behind.split_once('}') else {
            return Err(Refused("has a `%{` that is not closed".to_owned()));
        };
        padded = key.ends_with("->");
        capture(&mut pattern, key.trim_end_matches("->"), prefix)?;
        rest = behind;
    }
    check(&pattern)?;
    Ok(pattern)
}

/// Text that stands in the line; behind padding, blanks.
fn literal(pattern: &mut Pattern, text: &str, padded: bool) -> Result<(), Refused> {
    let behind = match (padded, text.strip_prefix(' ')) {
        (false, _) => text,
        (true, Some(behind)) => {
            pattern.parts.push(Part::Blanks);
            behind
        }
        (true, None) if text.is_empty() => text,
        (true, None) => {
            return Err(Refused(format!(
                "takes several of `{text}` as padding; patterns take several blanks"
            )));
        }
    };
    if !behind.is_empty() {
        pattern.text(behind);
    }
    Ok(())
}

fn capture(pattern: &mut Pattern, key: &str, prefix: &str) -> Result<(), Refused> {
    let (key, kind) = match key.split_once('|') {
        None => (key, None),
        Some((key, "integer" | "long")) => (key, Some("int")),
        Some((key, "float" | "double")) => (key, Some("float")),
        Some((key, "ip")) => (key, Some("ip")),
        Some((key, _)) => (key, None),
    };
    if key.is_empty() || key.starts_with('?') {
        pattern.push(Capture::new(None, None));
        return Ok(());
    }
    if key.starts_with(['*', '&']) {
        return Err(Refused(format!("`%{{{key}}}` names a field by a value")));
    }
    let Some(joined) = key.strip_prefix('+') else {
        pattern.push(Capture::new(Some(&format!("{prefix}{key}")), kind));
        return Ok(());
    };
    let name = Capture::new(
        Some(&format!(
            "{prefix}{}",
            joined.split('/').next().unwrap_or_default()
        )),
        None,
    )
    .name;
    let start = pattern
        .parts
        .iter()
        .position(|part| matches!(part, Part::Capture(capture) if capture.name == name));
    match start {
        // Parts of a time with a blank between them.
        Some(start)
            if pattern.parts[start + 1..].iter().all(|part| match part {
                Part::Text(text) => text == " ",
                Part::Blanks => true,
                Part::Capture(_) => false,
            }) =>
        {
            pattern.parts.truncate(start + 1);
            if let Some(Part::Capture(time)) = pattern.parts.last_mut() {
                time.kind = Some("when");
            }
            Ok(())
        }
        _ => Err(Refused(format!(
            "`%{{{key}}}` joins two values; a field is one stretch of the line"
        ))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tokenizers() {
        for (tokenizer, pattern) in [
            ("%{a} [%{b}] %{}: %{c}", "{x.a} [{x.b}] {_}: {x.c}"),
            ("%{level->} %{?skip}|%{n|integer}", "{x.level}  {_}|{x.n:int}"),
            ("%{ts} %{+ts} %{msg}", "{x.ts:when} {x.msg}"),
            ("{%{a}}", "{{{x.a}}}"),
        ] {
            assert_eq!(
                translate(tokenizer, "x.").unwrap().written(),
                pattern,
                "{tokenizer}"
            );
        }
    }

    #[test]
    fn what_is_refused() {
        for (tokenizer, why) in [
            ("%{a}%{b}", "nothing between them"),
            ("%{*k}=%{&k}", "by a value"),
            ("%{a} %{b} %{+a}", "joins two values"),
            ("%{a->},%{b}", "padding"),
            ("%{a", "not closed"),
        ] {
            let refused = translate(tokenizer, "").unwrap_err();
            assert!(refused.0.contains(why), "{tokenizer}: {refused}");
        }
    }

    proptest::proptest! {
        #[test]
        fn no_tokenizer_panics(text in r"(%\{[+?*&]?[ab]?(->)?\}|%\{|[ ,{}ü]){0,10}") {
            let _ = translate(&text, "");
        }
    }
}
