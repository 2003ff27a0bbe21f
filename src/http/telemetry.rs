use std::sync::OnceLock;
use std::time::Duration;

use metrics_exporter_prometheus::{Matcher, PrometheusBuilder, PrometheusHandle};
use thiserror::Error;

use crate::derive::{Format, Histogram, Metric, MetricKind, Number, SECONDS_BUCKETS};

/// How often the samples of histograms are sorted into their buckets: between two of these they are kept raw.
const UPKEEP_EVERY: Duration = Duration::from_secs(5);

static INSTALLED: OnceLock<Result<Telemetry, InstallError>> = OnceLock::new();

/// The agent's own metrics: what the `metrics` macros record anywhere in the process.
#[derive(Clone)]
pub struct Telemetry {
    handle: PrometheusHandle,
}

#[derive(Clone, Debug, Error)]
#[error("the agent's own metrics cannot be recorded: {0}")]
pub struct InstallError(String);

impl Telemetry {
    /// Makes the `metrics` macros record; the second and further calls give what the first gave.
    pub fn install() -> Result<Telemetry, InstallError> {
        let install = || {
            let recorder = builder()?.build_recorder();
            let handle = recorder.handle();
            metrics::set_global_recorder(recorder).map_err(|error| InstallError(error.to_string()))?;
            Ok(Telemetry { handle })
        };
        INSTALLED.get_or_init(install).clone()
    }

    /// Keeps histograms small. Runs for as long as it is polled.
    pub async fn keep_up(&self) {
        let mut timer = tokio::time::interval(UPKEEP_EVERY);
        loop {
            timer.tick().await;
            self.handle.run_upkeep();
        }
    }

    /// Appends the agent's metrics in the order of their names.
    pub fn write(&self, format: Format, out: &mut Vec<u8>) {
        write_page(&self.handle.render(), format, out);
    }
}

/// Histograms of seconds have the buckets that derived ones have by default.
fn builder() -> Result<PrometheusBuilder, InstallError> {
    PrometheusBuilder::new()
        .set_buckets_for_metric(Matcher::Suffix("_seconds".to_owned()), &SECONDS_BUCKETS)
        .map_err(|error| InstallError(error.to_string()))
}

/// Appends `page`, which the recorder gives as text 0.0.4 with metrics and series in any order and an empty
/// line after each metric.
fn write_page(page: &str, format: Format, out: &mut Vec<u8>) {
    let mut metrics: Vec<Written<'_>> = page.split("\n\n").filter_map(Written::read).collect();
    metrics.sort_by_key(|metric| metric.name);
    metrics.iter_mut().for_each(|metric| metric.write(format, out));
}

#[derive(Default)]
struct Written<'a> {
    name: &'a str,
    /// As it stands in text 0.0.4, escaped.
    help: &'a str,
    kind: &'a str,
    samples: Vec<Sample<'a>>,
}

/// A line `name{labels} value`.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Sample<'a> {
    name: &'a str,
    /// Without the braces.
    labels: &'a str,
    value: &'a str,
}

impl<'a> Sample<'a> {
    fn read(line: &'a str) -> Option<Self> {
        let (series, value) = line.rsplit_once(' ')?;
        let (name, labels) = match series.split_once('{') {
            Some((name, labels)) => (name, labels.strip_suffix('}')?),
            None => (series, ""),
        };
        Some(Sample { name, labels, value })
    }

    /// Of a histogram's bucket; the recorder writes `le` last.
    fn bound(self) -> Option<f64> {
        let (_, bound) = self.labels.rsplit_once("le=\"")?;
        bound.strip_suffix('"')?.parse().ok()
    }
}

impl<'a> Written<'a> {
    fn read(block: &'a str) -> Option<Self> {
        let mut metric = Written::default();
        for line in block.lines().filter(|line| !line.is_empty()) {
            if let Some((_, help)) = line.strip_prefix("# HELP ").and_then(|rest| rest.split_once(' ')) {
                metric.help = help;
            } else if let Some((name, kind)) =
                line.strip_prefix("# TYPE ").and_then(|rest| rest.split_once(' '))
            {
                (metric.name, metric.kind) = (name, kind);
            } else {
                metric.samples.extend(Sample::read(line));
            }
        }
        (!metric.samples.is_empty()).then_some(metric)
    }

    fn write(&mut self, format: Format, out: &mut Vec<u8>) {
        let help = self.help.replace("\\n", "\n").replace("\\\\", "\\");
        let kind = match self.kind {
            "counter" => MetricKind::Counter,
            "gauge" => MetricKind::Gauge,
            "histogram" => MetricKind::Histogram,
            _ => MetricKind::Untyped,
        };
        format.metric(self.name, kind, &help, out, |metric| match kind {
            MetricKind::Histogram => histograms(&self.samples, metric),
            _ => {
                self.samples.sort_unstable();
                for sample in &self.samples {
                    metric.number(sample.labels.as_bytes(), Number::Written(sample.value));
                }
            }
        });
    }
}

/// Puts the lines of a histogram together: its buckets in the order of their bounds, the unbounded one last, then
/// its sum.
fn histograms(samples: &[Sample<'_>], metric: &mut Metric<'_>) {
    let (mut bounds, mut buckets, mut before) = (Vec::new(), Vec::new(), 0);
    for sample in samples {
        if let Some(bound) = sample.bound().filter(|_| sample.name.ends_with("_bucket")) {
            let cumulated: u64 = sample.value.parse().unwrap_or(before);
            buckets.push(cumulated.saturating_sub(before));
            before = cumulated;
            if bound.is_finite() {
                bounds.push(bound);
            }
        } else if sample.name.ends_with("_sum") {
            let histogram = Histogram::new(&bounds, &buckets, Number::Written(sample.value));
            metric.histogram(sample.labels.as_bytes(), &histogram);
            (bounds, buckets, before) = (Vec::new(), Vec::new(), 0);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn page(format: Format) -> String {
        let recorder = builder().unwrap().build_recorder();
        let telemetry = Telemetry {
            handle: recorder.handle(),
        };
        metrics::with_local_recorder(&recorder, || {
            metrics::describe_counter!("logmill_retries_total", "Requests sent \"again\"");
            metrics::counter!("logmill_retries_total", "host" => "es-2").increment(2);
            metrics::counter!("logmill_retries_total", "host" => "es-1").increment(1);
            metrics::gauge!("logmill_queue_bytes").set(12.5);
            metrics::counter!("logmill_odd").increment(1);
            metrics::histogram!("logmill_request_duration_seconds").record(0.3);
        });
        let mut out = Vec::new();
        telemetry.write(format, &mut out);
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn the_page_is_in_order() {
        let text = page(Format::Text);
        let heads: Vec<&str> = text.lines().filter(|line| line.starts_with('#')).collect();
        assert_eq!(
            heads,
            [
                "# TYPE logmill_odd counter",
                "# TYPE logmill_queue_bytes gauge",
                "# TYPE logmill_request_duration_seconds histogram",
                "# HELP logmill_retries_total Requests sent \"again\"",
                "# TYPE logmill_retries_total counter",
            ]
        );
        let tail = "logmill_retries_total{host=\"es-1\"} 1\nlogmill_retries_total{host=\"es-2\"} 2\n";
        assert!(text.ends_with(tail), "{text}");
        assert!(text.contains("logmill_request_duration_seconds_bucket{le=\"0.25\"} 0\n"));
        assert!(text.contains("logmill_request_duration_seconds_bucket{le=\"0.5\"} 1\n"));
        assert!(!text.contains("\n\n"));
    }

    #[test]
    fn open_metrics_has_its_own_heads() {
        let text = page(Format::OpenMetrics);
        assert!(text.contains(
            "# HELP logmill_retries Requests sent \\\"again\\\"\n# TYPE logmill_retries counter\n"
        ));
        assert!(text.contains("# TYPE logmill_odd unknown\n"));
    }

    #[test]
    fn installing_again_gives_the_same() {
        let first = Telemetry::install().unwrap();
        let second = Telemetry::install().unwrap();
        metrics::counter!("logmill_telemetry_test_total").increment(3);
        for telemetry in [first, second] {
            let mut out = Vec::new();
            telemetry.write(Format::Text, &mut out);
            let text = String::from_utf8(out).unwrap();
            assert!(text.contains("\nlogmill_telemetry_test_total 3\n"), "{text}");
        }
    }
}
