use std::ops::Range;

use crate::format::host::FormatError;

/// Beginnings of Java's date patterns, without their quotes, and the kind that reads such times.
const SHAPES: [(&str, &str); 45] = [
    ("yyyy-MM-ddTHH:mm:ss", "datetime"),
    ("yyyy-MM-dd HH:mm:ss", "datetime"),
    ("yyyy/MM/dd HH:mm:ss", "datetime"),
    ("yyyy/MM/ddTHH:mm:ss", "datetime"),
    ("yyyy.MM.dd HH:mm:ss", "datetime"),
    ("yyyy-MM-dd HH:mm", "when"),
    ("yyyy-MM-ddTHH:mm", "when"),
    ("HH:mm:ss", "clock"),
    ("dd/MMM/yyyy:HH:mm:ss", "clf"),
    ("dd MMM yyyy HH:mm", "day_first"),
    ("dd MMM yyyy;HH:mm", "day_first"),
    ("d MMM yyyy HH:mm", "day_first"),
    ("dd MMM HH:mm:ss", "day_first"),
    ("dd-MMM-yyyy HH:mm", "day_first"),
    ("dd.MM.yyyy HH:mm", "day_first"),
    ("dd-MM-yyyy HH:mm", "day_first"),
    ("dd/MM/yyyy HH:mm", "day_first"),
    ("dd.MM.yy HH:mm", "day_first"),
    ("dd/MM/yy HH:mm", "day_first"),
    ("dd-MM-yy HH:mm", "day_first"),
    ("dd-MM HH:mm:ss", "day_first"),
    ("dd/MM HH:mm:ss", "day_first"),
    ("MM/dd/yyyy HH:mm", "month_first"),
    ("MM-dd-yyyy HH:mm", "month_first"),
    ("MM/dd/yyyy hh:mm:ss a", "month_first"),
    ("M/d/yyyy h:mm:ss a", "month_first"),
    ("MM/dd/yy HH:mm", "month_first"),
    ("MM/dd HH:mm:ss", "month_first"),
    ("MM-dd HH:mm:ss", "month_first"),
    ("MMM dd HH:mm:ss", "syslog"),
    ("MMM d HH:mm:ss", "syslog"),
    ("MMM dd yyyy HH:mm", "month_first"),
    ("MMM dd, yyyy HH:mm", "month_first"),
    ("MMM d, yyyy HH:mm", "month_first"),
    ("MMM dd, yyyy h:mm:ss a", "month_first"),
    ("MMM d, yyyy h:mm:ss a", "month_first"),
    ("MMM dd, yyyy hh:mm:ss a", "month_first"),
    ("EEE MMM dd HH:mm:ss", "ctime"),
    ("EEE, dd MMM yyyy HH:mm", "rfc2822"),
    ("yyyyMMddTHHmmss", "compact"),
    ("yyyyMMdd HH:mm:ss", "yymmdd"),
    ("yyyyMMdd-HH:mm:ss", "yymmdd"),
    ("yyMMdd HH:mm:ss", "yymmdd"),
    ("yy/MM/dd HH:mm:ss", "yymmdd"),
    ("yy-MM-dd HH:mm:ss", "yymmdd"),
];

/// The kind that reads what `%d{option}` writes. Behind a comma Logback has the zone.
pub(super) fn kind(option: &str, at: &Range<usize>) -> Result<&'static str, FormatError> {
    let option = match option
        .trim()
        .strip_prefix("${")
        .and_then(|inner| inner.strip_suffix('}'))
    {
        Some(variable) => match variable.split_once(":-") {
            Some((_, default)) => default,
            // Whatever the host has set.
            None => return Ok("when"),
        },
        None => option,
    };
    // A fraction may follow a comma too: then what is behind it is no name.
    let text = match option.split_once(',') {
        Some((pattern, zone))
            if zone
                .trim_start()
                .starts_with(|c: char| c.is_ascii_uppercase() && c != 'S') =>
        {
            pattern
        }
        _ => option,
    };
    let bare = text
        .trim()
        .replace(['\'', '"'], "")
        .replace("uuuu", "yyyy")
        .replace("kk:", "HH:");
    Ok(match bare.as_str() {
        "" | "ISO8601" | "ISO8601_PERIOD" | "DEFAULT" | "DEFAULT_MICROS" | "DEFAULT_NANOS"
        | "DEFAULT_PERIOD" | "STRICT" => "datetime",
        "ABSOLUTE" | "ABSOLUTE_MICROS" | "ABSOLUTE_NANOS" | "ABSOLUTE_PERIOD" => "clock",
        "DATE" | "DATE_PERIOD" => "day_first",
        "ISO8601_BASIC" | "ISO8601_BASIC_PERIOD" => "compact",
        "UNIX" => "epoch",
        "UNIX_MILLIS" => "epoch_ms",
        name if name.starts_with("ISO8601_OFFSET") => "datetime",
        pattern => SHAPES
            .iter()
            .find(|(shape, _)| pattern.starts_with(shape))
            .map(|(_, kind)| *kind)
            .ok_or_else(|| {
                FormatError::new(
                    at.clone(),
                    format!("cannot read times written as `{text}`"),
                    "write a pipeline of your own, or log with a date such as yyyy-MM-dd'T'HH:mm:ss.SSSXXX",
                )
            })?,
    })
}
