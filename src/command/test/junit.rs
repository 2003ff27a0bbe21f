//! The result in the XML that build servers read (<https://github.com/testmoapp/junitxml>).

use std::fmt::Write;

use super::Outcome;

pub fn render(outcomes: &[Outcome], seconds: f64) -> String {
    let failed = outcomes
        .iter()
        .filter(|outcome| outcome.failure.is_some())
        .count();
    let mut xml = String::from("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n");
    let _ = writeln!(
        xml,
        "<testsuite name=\"logmill\" tests=\"{}\" failures=\"{failed}\" time=\"{seconds:.3}\">",
        outcomes.len()
    );
    for outcome in outcomes {
        let _ = write!(
            xml,
            "  <testcase classname=\"{}\" name=\"{}\" time=\"{:.3}\"",
            escape(&outcome.pipeline),
            escape(&outcome.name),
            outcome.seconds
        );
        let _ = match &outcome.failure {
            None => writeln!(xml, "/>"),
            Some(text) => writeln!(xml, "><failure>{}</failure></testcase>", escape(text)),
        };
    }
    xml.push_str("</testsuite>\n");
    xml
}

/// XML 1.0 has no way to say most control characters; they become U+FFFD.
fn escape(text: &str) -> String {
    text.chars()
        .fold(String::with_capacity(text.len()), |mut out, c| {
            match c {
                '&' => out.push_str("&amp;"),
                '<' => out.push_str("&lt;"),
                '>' => out.push_str("&gt;"),
                '"' => out.push_str("&quot;"),
                '\n' | '\t' => out.push(c),
                c if c.is_control() => out.push('\u{FFFD}'),
                c => out.push(c),
            }
            out
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_xml_reserves_is_escaped() {
        let outcome = Outcome {
            pipeline: "a".into(),
            name: "b\"".into(),
            seconds: 0.5,
            failure: Some("<1 & \x1b>".into()),
        };
        let xml = render(&[outcome], 1.0);
        assert!(xml.contains("name=\"b&quot;\""));
        assert!(xml.contains("<failure>&lt;1 &amp; \u{FFFD}&gt;</failure>"));
        assert!(xml.contains("failures=\"1\""));
    }
}
