//! Prometheus' text format, read.
//!
//! The format is described at <https://prometheus.io/docs/instrumenting/exposition_formats/>. What is not a
//! sample (comments, `# TYPE`, a line that makes no sense) is passed over: the screen shows what it understands.

use std::collections::BTreeMap;

/// What tells one series from another.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Series {
    pub name: String,
    /// Sorted by name.
    pub labels: Vec<(String, String)>,
}

impl Series {
    /// The value of a label, empty where there is none, as in PromQL.
    pub fn label(&self, name: &str) -> &str {
        self.labels
            .iter()
            .find(|(label, _)| label == name)
            .map_or("", |(_, value)| value)
    }
}

/// The series of one moment, or what they grew by between two.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Scrape {
    series: BTreeMap<Series, f64>,
}

impl Scrape {
    /// The samples of the metrics that `is_wanted` names. Time stamps and exemplars are passed over.
    pub fn parse(text: &str, is_wanted: impl Fn(&str) -> bool) -> Self {
        let series = text.lines().filter_map(|line| sample(line, &is_wanted)).collect();
        Scrape { series }
    }

    /// How much each counter grew since `earlier`. A counter that fell was started anew and counts from 0, one
    /// that was not there before as well.
    pub fn since(&self, earlier: &Scrape) -> Scrape {
        let grown = |(series, &now): (&Series, &f64)| {
            let before = earlier.series.get(series).copied().unwrap_or(0.0);
            let by = if now >= before { now - before } else { now };
            (series.clone(), by)
        };
        Scrape {
            series: self.series.iter().map(grown).collect(),
        }
    }

    /// The series of one metric. What is no number (NaN) is left out.
    pub fn of<'a>(&'a self, name: &'a str) -> impl Iterator<Item = (&'a Series, f64)> {
        let from = Series {
            name: name.to_owned(),
            labels: Vec::new(),
        };
        self.series
            .range(from..)
            .take_while(move |(series, _)| series.name == name)
            .map(|(series, &value)| (series, value))
            .filter(|(_, value)| !value.is_nan())
    }

    /// The sum of one metric's series by the values of one label.
    pub fn sum_by<'a>(&'a self, name: &'a str, label: &str) -> BTreeMap<&'a str, f64> {
        let mut sums = BTreeMap::new();
        for (series, value) in self.of(name) {
            *sums.entry(series.label(label)).or_insert(0.0) += value;
        }
        sums
    }

    /// The sum of one metric's series; none where there is no series.
    pub fn sum(&self, name: &str) -> Option<f64> {
        self.of(name)
            .map(|(_, value)| value)
            .reduce(|sum, value| sum + value)
    }
}

/// `name{label="value",…} value …`.
fn sample(line: &str, is_wanted: impl Fn(&str) -> bool) -> Option<(Series, f64)> {
    let line = line.trim_start();
    let name_ends = line.find(['{', ' ', '\t'])?;
    let (name, rest) = line.split_at(name_ends);
    if name.is_empty() || name.starts_with('#') || !is_wanted(name) {
        return None;
    }
    let (mut labels, rest) = match rest.trim_start().strip_prefix('{') {
        Some(rest) => labels(rest)?,
        None => (Vec::new(), rest),
    };
    labels.sort();
    let value = rest.split_whitespace().next()?.parse().ok()?;
    let name = name.to_owned();
    Some((Series { name, labels }, value))
}

/// Up to and with the closing brace, and what follows it.
fn labels(mut rest: &str) -> Option<(Vec<(String, String)>, &str)> {
    let mut labels = Vec::new();
    loop {
        rest = rest.trim_start_matches([' ', '\t', ',']);
        if let Some(rest) = rest.strip_prefix('}') {
            return Some((labels, rest));
        }
        let (name, after) = rest.split_once('=')?;
        let (value, after) = quoted(after.trim_start().strip_prefix('"')?)?;
        labels.push((name.trim().to_owned(), value));
        rest = after;
    }
}

/// Up to the closing quote: `\\`, `\"` and `\n` stand for what they do in C, a backslash before anything else for
/// itself.
fn quoted(text: &str) -> Option<(String, &str)> {
    let mut value = String::new();
    let mut characters = text.char_indices();
    while let Some((at, character)) = characters.next() {
        match character {
            '"' => return Some((value, &text[at + 1..])),
            '\\' => match characters.next()?.1 {
                'n' => value.push('\n'),
                escaped @ ('\\' | '"') => value.push(escaped),
                other => value.extend(['\\', other]),
            },
            _ => value.push(character),
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn parse(text: &str) -> Scrape {
        Scrape::parse(text, |_| true)
    }

    fn write(scrape: &Scrape) -> String {
        let mut text = String::new();
        for (series, value) in &scrape.series {
            let labels: Vec<String> = series
                .labels
                .iter()
                .map(|(name, value)| {
                    let escaped = value
                        .replace('\\', "\\\\")
                        .replace('"', "\\\"")
                        .replace('\n', "\\n");
                    format!("{name}=\"{escaped}\"")
                })
                .collect();
            text.push_str(&format!("{}{{{}}} {value:?}\n", series.name, labels.join(",")));
        }
        text
    }

    #[test]
    fn samples_are_read_and_the_rest_is_passed_over() {
        let scrape = parse(
            "# HELP up Whether it is up.\n# TYPE up gauge\nup 1\n\n\
             a_total{service=\"shop\",route=\"/o/{id}\",} 12 1795368510000\n\
             \t a_total { route = \"q\\\"\\\\\\n\\x\" , service=\"crm\" }\t1.5e3 # {trace_id=\"1\"} 1\n\
             a_total_more 7\n\
             b_bucket{le=\"+Inf\"} +Inf\nb NaN\nb{x=\"1\"} -2\n\
             broken{a=\"b} 1\nbroken{a=b} 1\nbroken{\nbroken\nbroken x\n{} 1\n",
        );
        let sums = scrape.sum_by("a_total", "service");
        assert_eq!(sums, BTreeMap::from([("crm", 1500.0), ("shop", 12.0)]));
        assert_eq!(
            scrape
                .of("a_total")
                .map(|(series, _)| series.label("route"))
                .collect::<Vec<_>>(),
            ["/o/{id}", "q\"\\\n\\x"]
        );
        assert_eq!(scrape.sum("b_bucket"), Some(f64::INFINITY));
        assert_eq!(scrape.sum("b"), Some(-2.0));
        assert_eq!(scrape.sum("up"), Some(1.0));
        assert_eq!(scrape.sum("broken"), None);
        assert_eq!(scrape.sum(""), None);
        assert_eq!(Scrape::parse("up 1\ndown 1", |name| name == "up"), parse("up 1"));
    }

    #[test]
    fn a_counter_that_fell_was_started_anew() {
        let earlier = parse("a{x=\"1\"} 10\na{x=\"2\"} 10\na{x=\"4\"} 3");
        let later = parse("a{x=\"1\"} 14\na{x=\"2\"} 3\na{x=\"3\"} 5");
        assert_eq!(
            later.since(&earlier),
            parse("a{x=\"1\"} 4\na{x=\"2\"} 3\na{x=\"3\"} 5")
        );
    }

    fn any_scrape() -> impl Strategy<Value = Scrape> {
        let name = "[a-zA-Z_:][a-zA-Z0-9_:]{0,12}";
        let labels = prop::collection::btree_map("[a-z_]{1,8}", ".*", 0..4);
        let value = prop::num::f64::NORMAL | prop::num::f64::INFINITE | prop::num::f64::ZERO;
        prop::collection::btree_map((name, labels), value, 0..8).prop_map(|series| Scrape {
            series: series
                .into_iter()
                .map(|((name, labels), value)| {
                    let labels = labels.into_iter().collect();
                    (Series { name, labels }, value)
                })
                .collect(),
        })
    }

    proptest! {
        #[test]
        fn what_is_written_is_read_back(scrape in any_scrape()) {
            prop_assert_eq!(parse(&write(&scrape)), scrape);
        }

        #[test]
        fn no_text_makes_it_panic(text in "\\PC*|([a-z{}=\",\\\\# \\n0-9.+-]{0,80})") {
            let scrape = parse(&text);
            prop_assert!(scrape.series.keys().all(|series| !series.name.is_empty()));
        }

        #[test]
        fn a_damaged_text_loses_no_other_line(scrape in any_scrape(), cut in any::<prop::sample::Index>()) {
            let text = write(&scrape);
            let mut at = cut.index(text.len() + 1);
            while !text.is_char_boundary(at) {
                at -= 1;
            }
            let read = parse(&text[..at]);
            // All but the line that was cut; its value may have lost digits.
            prop_assert!(read.series.len() + 1 >= text[..at].lines().count());
        }
    }
}
