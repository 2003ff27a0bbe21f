//! A real Prometheus reads what the agent says.

use super::{Host, access_line};
use crate::servers::{Prometheus, prometheus};

#[tokio::test]
async fn prometheus_counts_what_was_logged() {
    let host = Host::new("[stdout]\n").input("access.log", "nginx-access", "service = \"shop-frontend\"");
    host.append("access.log", (0..1000).map(access_line));
    let mut agent = host.start();
    let (status, _) = agent.get("/healthz").await;
    assert_eq!(status, 200);
    let server = Prometheus::start(&[("logmill", agent.address())]).await.unwrap();
    let total = "sum(http_requests_total{service=\"shop-frontend\",method=\"GET\",route=\"/orders/{id}\"})";
    let expect = async |query: &str, value: f64| {
        let found = server.wait_for(&format!("({query}) == {value}")).await;
        assert_eq!(found, value, "{query}");
    };
    expect(total, 1000.0).await;
    expect("sum(http_requests_total{status=\"500\"})", 20.0).await;
    expect(
        "http_request_duration_seconds_count{route=\"/orders/{id}\"}",
        1000.0,
    )
    .await;
    let bytes: f64 = (0..1000).map(|n| f64::from(n % 5000)).sum();
    expect("http_response_bytes_total", bytes).await;
    expect("logmill_events_total{verdict=\"accepted\"}", 1000.0).await;
    expect("logmill_events_pending", 0.0).await;

    let (_, text) = agent.get("/metrics").await;
    prometheus::check_metrics(&text).unwrap();
    agent.stop();
}
