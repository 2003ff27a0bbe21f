//! Labels that have too many values, or that not everybody is to read.

use std::fs;
use std::process::Command;

use super::{Host, program};
use crate::servers::prometheus;

const PIPELINE: &str = "description = \"Visits\"\n\
    [parse]\npatterns = ['{@timestamp:rfc3339} {user.name} {url.path}']\n\
    [[counter]]\nname = \"visits_total\"\nhelp = \"Visits\"\nlabels = { user = \"user.name\", path = \"url.path\" }\n\
    series_max = 10\n\
    [[top]]\nname = \"user_visits\"\nhelp = \"Visits\"\nlabels = { user = \"user.name\" }\n";

const VISITS: u64 = 100;

/// `logmill status` names the label to blame with some of its values; these are hashes, and the documents have the users.
#[tokio::test]
async fn status_names_the_label_to_blame_and_hashes_are_in_labels_alone() {
    let dir = Host::new("");
    let output = format!(
        "pipelines = \"pipelines\"\n[file]\npath = {:?}\n[metrics]\nhash_labels = [\"user\"]\n\
         hash_key = \"a key of twenty bytes\"\n",
        dir.path("out.ndjson")
    );
    let host = Host { output, ..dir }.input("visits.log", "visits", "service = \"shop\"");
    fs::create_dir(host.path("pipelines")).unwrap();
    fs::write(host.path("pipelines/visits.toml"), PIPELINE).unwrap();
    let now = jiff::Timestamp::now();
    host.append(
        "visits.log",
        (0..VISITS).map(|n| format!("{now:.3} user-{n} /{}", n % 3)),
    );
    let mut agent = host.start();
    let accepted = format!("verdict=\"accepted\"}} {VISITS}\n");
    let mut page = String::new();
    for _ in 0..600 {
        page = agent.get("/metrics").await.1;
        if page.contains(&accepted) {
            break;
        }
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    }
    assert!(page.contains(&accepted), "{page}");
    prometheus::check_metrics(&page).unwrap();
    assert!(!page.contains("user-"), "{page}");
    assert_eq!(page.matches("\nuser_visits{").count(), 50, "{page}");
    // Seven users, then two of three paths without a user, then neither.
    for path in ["/1", "/2", "other"] {
        let folded = format!("\nvisits_total{{service=\"shop\",user=\"other\",path=\"{path}\"}} 31\n");
        assert!(page.contains(&folded), "{path}: {page}");
    }
    let documents = fs::read_to_string(host.path("out.ndjson")).unwrap();
    assert_eq!(documents.matches("\"user-").count() as u64, VISITS, "{documents}");

    let status = Command::new(program())
        .args(["status", "--config"])
        .arg(host.path("logmill.toml"))
        .output()
        .expect("the program starts");
    let said = String::from_utf8(status.stdout).unwrap();
    let words: Vec<&str> = said.split_whitespace().collect();
    assert!(
        words
            .windows(3)
            .any(|words| words == ["93", "10", "visits_total"]),
        "{said}"
    );
    let blamed = said.split("its label `user` has 7 values, such as ").nth(1);
    let examples: Vec<&str> = blamed
        .unwrap_or_default()
        .lines()
        .next()
        .unwrap_or_default()
        .split(", ")
        .collect();
    assert_eq!(examples.len(), 3, "{said}");
    for example in examples {
        assert!(
            example.len() == 32 && page.contains(&format!("user=\"{example}\"")),
            "{said}"
        );
    }
    agent.stop();
}
