//! What a client takes, by its `Accept` and `Accept-Encoding` (RFC 9110, section 12.5).

use crate::derive::Format;

/// The format that the client likes best; of those that it likes equally, the plainest.
pub(super) fn format(accept: &str) -> Format {
    let mut liked = (0.0, Format::Text);
    for format in [Format::Text, Format::OpenMetrics, Format::Protobuf] {
        let quality = best(accept, |range| range.fits(format));
        if quality > liked.0 {
            liked = (quality, format);
        }
    }
    liked.1
}

/// Whether the answer may be compressed with gzip.
pub(super) fn gzip(accept_encoding: &str) -> bool {
    let named = ranges(accept_encoding).find(|range| range.name.eq_ignore_ascii_case("gzip"));
    let any = ranges(accept_encoding).find(|range| range.name == "*");
    named.or(any).is_some_and(|range| range.quality > 0.0)
}

/// One entry of such a header.
struct Range<'a> {
    name: &'a str,
    version: &'a str,
    /// The message and how messages follow one another; of protobuf only.
    proto: &'a str,
    encoding: &'a str,
    /// 0 to 1; 0: not taken.
    quality: f32,
}

impl Range<'_> {
    fn fits(&self, format: Format) -> bool {
        match format {
            Format::Text => matches!(self.name, "text/plain" | "text/*" | "*/*"),
            Format::OpenMetrics => {
                self.name == "application/openmetrics-text" && matches!(self.version, "" | "0.0.1" | "1.0.0")
            }
            Format::Protobuf => {
                self.name == "application/vnd.google.protobuf"
                    && self.proto == "io.prometheus.client.MetricFamily"
                    && self.encoding == "delimited"
            }
        }
    }
}

fn ranges(header: &str) -> impl Iterator<Item = Range<'_>> {
    header.split(',').map(|entry| {
        let mut parts = entry.split(';').map(str::trim);
        let mut range = Range {
            name: parts.next().unwrap_or_default(),
            version: "",
            proto: "",
            encoding: "",
            quality: 1.0,
        };
        for (key, value) in parts.filter_map(|part| part.split_once('=')) {
            match key {
                "q" => range.quality = value.parse().unwrap_or(0.0),
                "version" => range.version = value,
                "proto" => range.proto = value,
                "encoding" => range.encoding = value,
                _ => {}
            }
        }
        range
    })
}

fn best(header: &str, fits: impl Fn(&Range<'_>) -> bool) -> f32 {
    ranges(header)
        .filter(fits)
        .map(|range| range.quality)
        .fold(0.0, f32::max)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn prometheus_gets_what_it_likes_best() {
        for (accept, expected) in [
            ("", Format::Text),
            ("*/*", Format::Text),
            ("text/html,application/xhtml+xml,*/*;q=0.8", Format::Text),
            ("application/openmetrics-text", Format::OpenMetrics),
            // Prometheus 2.
            (
                "application/openmetrics-text;version=1.0.0,application/openmetrics-text;version=0.0.1;q=0.75,\
                 text/plain;version=0.0.4;q=0.5,*/*;q=0.1",
                Format::OpenMetrics,
            ),
            // Prometheus 2 with native histograms.
            (
                "application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily;encoding=delimited,\
                 application/openmetrics-text;version=1.0.0;q=0.8,application/openmetrics-text;version=0.0.1;q=0.75,\
                 text/plain;version=0.0.4;q=0.5,*/*;q=0.1",
                Format::Protobuf,
            ),
            // Another message, and another way of putting messages one after the other.
            (
                "application/vnd.google.protobuf;proto=io.prometheus.Other;encoding=delimited,text/plain;q=0.1",
                Format::Text,
            ),
            (
                "application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily;encoding=text,*/*;q=0.1",
                Format::Text,
            ),
            (
                "text/plain;q=0.5,application/openmetrics-text;q=0.5",
                Format::Text,
            ),
            // Prometheus 3, asking for protobuf first.
            (
                "application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily;encoding=delimited;q=0.6,\
                 application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.5,\
                 application/openmetrics-text;version=0.0.1;q=0.4,text/plain;version=1.0.0;escaping=allow-utf-8;q=0.3,\
                 text/plain;version=0.0.4;q=0.2,*/*;q=0.1",
                Format::Protobuf,
            ),
            (
                "application/openmetrics-text; version=2.0.0, text/plain;q=0.1",
                Format::Text,
            ),
            ("application/openmetrics-text;q=0", Format::Text),
            (";;q=,,=", Format::Text),
        ] {
            assert_eq!(format(accept), expected, "{accept}");
        }
    }

    #[test]
    fn gzip_is_for_those_who_take_it() {
        for accept in ["gzip", "deflate, GZIP;q=0.5", "*", "br;q=1.0, *;q=0.1"] {
            assert!(gzip(accept), "{accept}");
        }
        for accept in ["", "identity", "gzip;q=0", "gzip;q=0, *", "gzipped", "gzip;q=x"] {
            assert!(!gzip(accept), "{accept}");
        }
    }
}
