//! Native histograms and exemplars, as a real Prometheus takes them.

use std::fs;

use jiff::Timestamp;

use super::Host;
use crate::servers::{Prometheus, prometheus};

const PIPELINE: &str = "description = \"Orders\"\n\
    [parse]\npatterns = ['{@timestamp:rfc3339} trace={trace.id} span={span.id} took={event.duration:millis}']\n\
    [[histogram]]\nname = \"order_duration_seconds\"\nhelp = \"How long orders took\"\n\
    field = \"event.duration\"\nunit = \"ns\"\nnative = true\n";

const LINES: u64 = 20_000;

/// How long order number `n` took, in milliseconds: 1 to 20,000, each once.
fn millis(n: u64) -> u64 {
    // Coprime to the number of lines.
    n * 7_919 % LINES + 1
}

fn trace(n: u64) -> String {
    format!("{n:032x}")
}

#[tokio::test]
async fn quantiles_and_traces_are_those_of_the_lines() {
    let host = Host::new("pipelines = \"pipelines\"\n[stdout]\n").input(
        "orders.log",
        "orders",
        "service = \"shop\"",
    );
    fs::create_dir(host.path("pipelines")).unwrap();
    fs::write(host.path("pipelines/orders.toml"), PIPELINE).unwrap();
    let now = Timestamp::now();
    let lines = (0..LINES).map(|n| format!("{now:.3} trace={} span={n:016x} took={}", trace(n), millis(n)));
    host.append("orders.log", lines);
    let mut agent = host.start();
    agent.wait_for_log("started").await;
    let job = format!(
        "  - job_name: logmill\n    honor_labels: true\n    static_configs: [{{targets: ['{}']}}]\n",
        agent.address()
    );

    // By protobuf: native buckets, and a quantile that is as near as their bounds.
    let features = ["--enable-feature=native-histograms,exemplar-storage"];
    let native = Prometheus::start_with(&job, &features).await.unwrap();
    let count = "histogram_count(order_duration_seconds{service=\"shop\"})";
    native.wait_for(&format!("{count} == {LINES}")).await;
    let sum = (1..=LINES).sum::<u64>() as f64 / 1000.0;
    let found = native.wait_for("histogram_sum(order_duration_seconds)").await;
    assert!((found - sum).abs() < 1e-6, "{found} {sum}");
    for quantile in [0.01, 0.5, 0.9, 0.99] {
        let promql = format!("histogram_quantile({quantile}, order_duration_seconds)");
        let found = native.wait_for(&promql).await;
        let truth = quantile * LINES as f64 / 1000.0;
        assert!(
            (found / truth - 1.0).abs() < 0.045,
            "{promql}: {found}, not {truth}"
        );
    }
    assert_traces(&native.exemplars("order_duration_seconds").await);

    // By OpenMetrics: classic buckets, each with an event that is in it.
    let classic = Prometheus::start_with(&job, &["--enable-feature=exemplar-storage"])
        .await
        .unwrap();
    let bucket = "order_duration_seconds_bucket{le=\"0.25\"}";
    assert_eq!(classic.wait_for(&format!("{bucket} == 250")).await, 250.0);
    let exemplars = classic.exemplars("order_duration_seconds_bucket").await;
    assert!(exemplars.len() > 5, "{exemplars:?}");
    assert_traces(&exemplars);

    let (_, text) = agent.get("/metrics").await;
    prometheus::check_metrics(&text).unwrap();
    agent.stop();
}

/// Each is an order that took as long as it says.
fn assert_traces(exemplars: &[(String, f64)]) {
    assert!(!exemplars.is_empty());
    for (id, seconds) in exemplars {
        let n = u64::from_str_radix(id, 16).unwrap();
        assert_eq!(trace(n), *id);
        assert_eq!((seconds * 1000.0).round() as u64, millis(n), "{id}");
    }
}
