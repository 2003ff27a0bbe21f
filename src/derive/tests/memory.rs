//! What metrics remember stays within the memory that is said, whatever is made up.

use super::*;

const WORKERS: usize = 2;

/// A path that is like no other and has no digits, which would be taken for an id.
fn path(n: usize) -> String {
    let letter = |digit: u8| char::from(digit - b'0' + b'g');
    std::iter::once('/')
        .chain(n.to_string().bytes().map(letter))
        .collect()
}

#[test]
fn series_beyond_the_memory_are_folded_and_counted() {
    const PATHS: usize = 6_000;
    const BYTES: usize = 2 << 20;
    let access = Access::new();
    let registry = Registry::default();
    registry.set_memory(BYTES, WORKERS);
    let scanned = registry.rules(&access.specs, &[], "shop").unwrap();
    let quiet = registry.rules(&access.specs, &[], "crm").unwrap();
    let shards: Vec<Shard> = (0..WORKERS).map(|_| registry.shard()).collect();
    for n in 0..PATHS {
        let path = path(n);
        let shard = &shards[n % WORKERS];
        scanned.count(&request(&access, &path, 200, 1), &mut shard.lock());
    }
    // Another service has a few requests of its own, after all that.
    for n in 0..10 {
        quiet.count(&request(&access, &path(n), 200, 1), &mut shards[0].lock());
    }
    let taken = registry.memory_taken();
    assert!(taken > BYTES / 2 && taken <= BYTES, "{taken}");
    let page = page(&registry, Format::Text);
    let of = |service: &str| {
        let head = format!("http_requests_total{{service=\"{service}\"");
        let values = page.lines().filter(|line| line.starts_with(&head));
        let values = values.map(|line| line.rsplit_once(' ').unwrap().1.parse::<f64>().unwrap());
        let values: Vec<f64> = values.collect();
        (values.len(), values.iter().sum::<f64>())
    };
    let (series, events) = of("shop");
    assert_eq!(events, PATHS as f64);
    assert!((100..1_500).contains(&series), "{series}");
    assert_eq!(of("crm"), (10, 10.0));
    let folded = sample(
        &page,
        "logmill_series_folded_total{metric=\"http_requests_total\"}",
    )
    .unwrap();
    assert_eq!(folded, (PATHS + 1 - series) as f64);
    // Method and status of what is folded are true.
    let other = r#"http_requests_total{service="shop",method="GET",route="other",status="200"}"#;
    assert_eq!(sample(&page, other), Some(folded));
}

/// Idle series are forgotten where memory is short, and what they took is there for others.
#[test]
fn what_leaves_gives_its_memory_back() {
    const HOUR: i64 = 3_600_000;
    let access = Access::new();
    let registry = Registry::default();
    registry.set_memory(2 << 20, 1);
    registry.set_idle_after(Duration::from_secs(3_600));
    let rules = registry.rules(&access.specs, &[], "shop").unwrap();
    let shard = registry.shard();
    let shown = |first: usize| {
        for n in first..first + 3_000 {
            rules.count(&request(&access, &path(n), 200, 1), &mut shard.lock());
        }
        let page = page(&registry, Format::Text);
        let is_one = |line: &&str| line.starts_with("http_requests_total{");
        page.lines().filter(is_one).count()
    };
    let first = shown(0);
    let before = registry.memory_taken();
    let mut after = before;
    for half in 1..6 {
        registry.totals(Timestamp::from_millis(half * HOUR / 2));
        after = after.min(registry.memory_taken());
    }
    assert!(after < before - before / 4, "{after} of {before}");
    // Some of them rest yet: they are forgotten when memory is short again.
    let second = shown(10_000);
    assert!(second * 2 > first, "{second} after {first}");
    assert!(registry.memory_taken() <= 2 << 20);
}

#[test]
fn sessions_and_top_lists_stay_within_the_memory() {
    const IDS: u64 = 20_000;
    const BYTES: usize = 512 << 10;
    let visits = Visits::new(Duration::from_secs(300));
    let registry = Registry::default();
    registry.set_memory(BYTES, 1);
    let rules = registry.rules(&[], &visits.gathered, "shop").unwrap();
    let shard = registry.shard();
    for n in 0..IDS {
        let id = format!("session-{n}");
        rules.count(&visits.fields(&id, &path(n as usize), 1, 0), &mut shard.lock());
        // One that comes often.
        rules.count(&visits.fields("often", "/cart", 1, 0), &mut shard.lock());
    }
    let taken = registry.memory_taken();
    assert!(taken > BYTES / 2 && taken <= BYTES, "{taken}");
    let page = page(&registry, Format::Text);
    let active = sample(&page, "http_active_sessions{service=\"shop\"}").unwrap();
    let error = r#"logmill_sessions_error_ratio{metric="http_active_sessions",service="shop"}"#;
    let error = sample(&page, error).unwrap();
    assert!(error > 0.0 && error < 0.1, "{error}");
    let off = (active - (IDS + 1) as f64).abs() / IDS as f64;
    assert!(off < 5.0 * error, "{active} active, {error}");
    let missing = sample(
        &page,
        r#"logmill_top_missing_max{metric="http_session_requests",service="shop"}"#,
    );
    let often = page
        .lines()
        .find(|line| line.starts_with("http_session_requests{") && line.contains("often"))
        .and_then(|line| line.rsplit_once(' ')?.1.parse::<f64>().ok())
        .unwrap();
    assert!(
        often <= IDS as f64 && often >= IDS as f64 - missing.unwrap(),
        "{often}"
    );
}
