use serde::de::IgnoredAny;

/// Where a text stops to be a JSON object and what is wrong there; `None` where nothing is.
pub fn explain(text: &[u8]) -> Option<(usize, String)> {
    let body = text.strip_prefix("\u{feff}".as_bytes()).unwrap_or(text);
    let start = text.len() - body.trim_ascii_start().len();
    if !text[start..].starts_with(b"{") {
        return Some((start, "expected `{`".to_owned()));
    }
    let error = serde_json::from_slice::<IgnoredAny>(body).err()?;
    let said = error.to_string();
    let message = match said.split(" at line ").next().unwrap_or_default() {
        _ if error.is_eof() => "the event ends within an object, a list or a text",
        "expected value" => "expected a value",
        "expected ident" => "expected `true`, `false` or `null`",
        "key must be a string" => "expected a key in quotes",
        "trailing characters" => "expected the end",
        other => other,
    };
    let line = body
        .split(|&byte| byte == b'\n')
        .take(error.line().saturating_sub(1));
    let before: usize = line.map(|line| line.len() + 1).sum();
    // A column counts from 1, and is that of the last byte at the end.
    let at = before + error.column().saturating_sub(usize::from(!error.is_eof()));
    Some((text.len() - body.len() + at.min(body.len()), message.to_owned()))
}
