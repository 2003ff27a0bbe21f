//! The company as a whole, looked at from outside: through what it writes.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::LazyLock;

use super::*;

/// 2026-11-22T17:28:30Z.
const START_SECS: i64 = 1_795_368_510;

fn at(millis: i64) -> Timestamp {
    Timestamp::from_millis(START_SECS * 1_000 + millis)
}

/// Everything written in `secs`, asked for every `step_ms`.
fn written(company: &mut Company, secs: i64, step_ms: i64) -> BTreeMap<LogFile, String> {
    let mut files = BTreeMap::<LogFile, String>::new();
    for tick in 1..=secs * 1_000 / step_ms {
        company.advance(at(tick * step_ms), &mut |file, bytes| {
            let text = std::str::from_utf8(bytes).unwrap();
            assert!(text.ends_with('\n'));
            files.entry(file).or_default().push_str(text);
        });
    }
    files
}

/// Long enough for an incident in each system.
fn five_minutes() -> &'static BTreeMap<LogFile, String> {
    static FILES: LazyLock<BTreeMap<LogFile, String>> =
        LazyLock::new(|| written(&mut Company::new(7, at(0)), 300, 1_000));
    &FILES
}

#[test]
fn a_seed_is_a_company_however_often_it_is_asked() {
    let minute = |seed, step_ms| written(&mut Company::new(seed, at(0)), 60, step_ms);
    let once = minute(42, 100);
    assert!(once == minute(42, 20_000));
    assert!(once != minute(43, 100));
}

#[test]
fn the_rate_is_what_it_says() {
    for (rate, lines_low, lines_high) in [(1.0, 320, 520), (2.5, 800, 1_300)] {
        let files = written(&mut Company::new(1, at(0)).rate(rate), 120, 1_000);
        let lines: usize = files.values().map(|text| text.lines().count()).sum();
        let per_sec = lines / 120;
        assert!((lines_low..lines_high).contains(&per_sec), "{rate}: {per_sec}");
        assert_eq!(files.len(), LogFile::ALL.len());
    }
}

#[test]
fn after_a_sleep_it_goes_on_where_it_was() {
    let mut company = Company::new(3, at(0));
    let before = written(&mut company, 10, 1_000);
    let mut lines = 0;
    company.advance(at(3_600_000), &mut |_, _| lines += 1);
    assert!(lines < 10, "{lines}");
    let mut first = None;
    company.advance(at(3_610_000), &mut |file, bytes| {
        if file == LogFile::ShopAccess {
            first = Some(String::from_utf8(bytes.to_vec()).unwrap());
        }
    });
    assert!(first.unwrap().contains("[22/Nov/2026:18:28:"));
    assert!(before[&LogFile::ShopAccess].lines().count() > 100);
    company.advance(at(0), &mut |_, _| panic!("time went back"));
}

/// The parts of an access line, cut by hand: quotes first, then blanks.
#[test]
fn access_lines_have_their_fields() {
    let files = five_minutes();
    let mut statuses = BTreeSet::new();
    for file in [LogFile::ShopAccess, LogFile::CrmAccess, LogFile::MesAccess] {
        let mut last_time = String::new();
        for line in files[&file].lines() {
            let quoted: Vec<&str> = line.split('"').collect();
            assert_eq!(quoted.len(), 9, "{line}");
            let head: Vec<&str> = quoted[0].split(' ').collect();
            assert_eq!((head.len(), head[1], head[4]), (6, "-", "+0000]"), "{line}");
            assert!(head[0].parse::<std::net::IpAddr>().is_ok(), "{line}");
            assert!(head[3] >= last_time.as_str(), "{line}");
            last_time = head[3].to_owned();
            let numbers: Vec<u64> = quoted[2]
                .split_whitespace()
                .map(|number| number.parse().unwrap())
                .collect();
            assert_eq!(numbers.len(), 2, "{line}");
            statuses.insert(numbers[0]);
            let tail: Vec<&str> = quoted[6].split(' ').collect();
            let secs = tail[1].strip_prefix("rt=").unwrap();
            assert!(secs.parse::<f64>().unwrap() < 10.1, "{line}");
            assert_eq!(secs.split_once('.').unwrap().1.len(), 3, "{line}");
            assert!(tail[2].strip_prefix("rl=").unwrap().parse::<u64>().is_ok());
            assert_eq!(tail[3], "sid=");
            let session = quoted[7];
            assert!(session == "-" || session.len() == 32, "{line}");
            let request: Vec<&str> = quoted[1].split(' ').collect();
            assert!(request.len() == 3 || numbers[0] == 400, "{line}");
        }
    }
    for status in [200, 201, 204, 304, 400, 401, 404, 422, 500] {
        assert!(statuses.contains(&status), "{status} is missing in {statuses:?}");
    }
}

#[test]
fn the_format_string_names_what_the_line_holds() {
    let files = five_minutes();
    let line = files[&LogFile::ShopAccess].lines().next().unwrap();
    // What stands between the variables is what stands between the values.
    let between: Vec<&str> = LOG_FORMAT
        .split('$')
        .skip(1)
        .map(|part| part.trim_start_matches(|c: char| c.is_ascii_lowercase() || c == '_'))
        .collect();
    let mut rest = line;
    for text in between.iter().filter(|text| !text.is_empty()) {
        let (_, after) = rest
            .split_once(text)
            .unwrap_or_else(|| panic!("{text:?} in {rest}"));
        rest = after;
    }
    assert_eq!(rest, "");
    assert_eq!(between.len(), 11);
}

#[test]
fn spring_boot_lines_have_header_or_belong_to_a_trace() {
    let files = five_minutes();
    for (file, app) in [(LogFile::ShopApp, "shop-api"), (LogFile::CrmApp, "crm-api")] {
        let mut last_time = "";
        let mut causes = 0;
        for line in files[&file].lines() {
            let Some((time, rest)) = line.split_once("Z ").filter(|(time, _)| time.len() == 23) else {
                let of_trace = line.is_empty()
                    || line.starts_with("\tat ")
                    || line.starts_with("\t... ")
                    || line.contains("Exception: ");
                assert!(of_trace, "{line}");
                causes += usize::from(line.starts_with("Caused by: "));
                continue;
            };
            assert!(time >= last_time, "{line}");
            last_time = time;
            assert!(
                ["TRACE", "DEBUG", " INFO", " WARN", "ERROR"].contains(&&rest[..5]),
                "{line}"
            );
            let (head, rest) = rest[5..].split_once(" [").unwrap();
            let (pid, dashes) = head[1..].split_once(' ').unwrap();
            assert!(pid.parse::<u32>().is_ok(), "{line}");
            assert_eq!(dashes, "---", "{line}");
            let (application, rest) = rest.split_once("] [").unwrap();
            assert_eq!(application, app, "{line}");
            let (_thread, rest) = rest.split_once("] ").unwrap();
            let (logger, message) = rest.split_once(" : ").unwrap();
            assert_eq!(logger.chars().count(), 40, "{line}");
            assert!(!message.is_empty());
        }
        assert!(causes > 0, "{file:?} has no exception");
    }
}

#[test]
fn aspnet_lines_are_a_header_and_an_indented_body() {
    let files = five_minutes();
    let mut levels = BTreeSet::new();
    let mut last_time = "";
    for line in files[&LogFile::MesApp].lines() {
        if line.starts_with("      ") {
            continue;
        }
        let (time, rest) = line.split_at(23);
        assert!(time >= last_time, "{line}");
        last_time = time;
        let (level, category) = rest[1..].split_once(": ").unwrap();
        levels.insert(level);
        let (_, event_id) = category.strip_suffix(']').unwrap().rsplit_once('[').unwrap();
        assert!(event_id.parse::<u32>().is_ok(), "{line}");
    }
    assert_eq!(levels, BTreeSet::from(["fail", "info", "warn"]));
}

#[test]
fn postgres_and_rabbit_lines_have_their_prefix() {
    let files = five_minutes();
    let mut severities = BTreeSet::new();
    let mut last_time = "";
    for line in files[&LogFile::Postgres].lines() {
        if line.starts_with('\t') {
            continue;
        }
        let (time, rest) = line.split_once(" UTC [").unwrap();
        assert!(time.len() == 23 && time >= last_time, "{line}");
        last_time = time;
        let (pid, rest) = rest.split_once("] ").unwrap();
        assert!(pid.parse::<u32>().is_ok(), "{line}");
        let (head, _) = rest.split_once(":  ").unwrap();
        severities.insert(head.rsplit(' ').next().unwrap());
        assert!(matches!(head.split(' ').count(), 1 | 2), "{line}");
    }
    assert_eq!(
        severities,
        BTreeSet::from(["DETAIL", "ERROR", "LOG", "STATEMENT"])
    );

    let mut last_time = "";
    for line in files[&LogFile::Rabbit].lines() {
        let (time, rest) = line.split_once("+00:00 [").unwrap();
        assert!(time.len() == 26 && time >= last_time, "{line}");
        last_time = time;
        let (level, rest) = rest.split_once("] <0.").unwrap();
        assert!(["info", "warning"].contains(&level), "{line}");
        let (process, message) = rest.split_once(".0> ").unwrap();
        assert!(process.parse::<u32>().is_ok() && !message.is_empty(), "{line}");
    }
}

/// The number of the order that each line with `marker` tells of.
fn orders(text: &str, marker: &str) -> BTreeSet<u64> {
    text.lines()
        .filter_map(|line| {
            let (_, rest) = line.split_once("Order ")?;
            let (number, rest) = rest.split_once(' ')?;
            rest.starts_with(marker).then(|| number.parse().unwrap())
        })
        .collect()
}

#[test]
fn orders_are_made_or_lost_or_under_way_and_the_logs_tell_which() {
    let mut company = Company::new(9, at(0)).rate(2.0).lost_share(0.1);
    let files = written(&mut company, 300, 1_000);
    let ledger = company.ledger();
    assert_eq!(ledger.placed, ledger.made + ledger.lost() + ledger.under_way());

    let placed = orders(&files[&LogFile::ShopApp], "placed");
    let published = orders(&files[&LogFile::ShopApp], "published");
    let taken_up = orders(&files[&LogFile::CrmApp], "taken up");
    let accepted = orders(&files[&LogFile::MesApp], "accepted");
    let made = orders(&files[&LogFile::MesApp], "made");
    let counts = [&placed, &taken_up, &accepted, &made].map(|orders| orders.len() as u64);
    let expected = [ledger.placed, ledger.taken_up, ledger.accepted, ledger.made];
    assert_eq!(counts, expected);
    assert!(placed.is_superset(&taken_up) && taken_up.is_superset(&accepted));
    assert!(ledger.placed > 1_000, "{}", ledger.placed);

    // 10 % of at least 1,000, give or take three standard deviations.
    let share = ledger.lost() as f64 / ledger.placed as f64;
    assert!((0.07..0.13).contains(&share), "{share}");
    assert!(ledger.lost_shop_to_crm > 0 && ledger.lost_crm_to_mes > 0);
    for lost in ledger.lost_orders() {
        assert!(published.contains(&lost.order));
        assert!(!accepted.contains(&lost.order));
        assert_eq!(taken_up.contains(&lost.order), lost.gap == Gap::CrmToMes);
    }
    // An order that nothing befell gets to the MES within 5 s.
    let missing = published.difference(&accepted).count() as u64;
    assert!(
        missing >= ledger.lost() && missing <= ledger.lost() + 40,
        "{missing}"
    );
}

#[test]
fn all_orders_arrive_where_none_get_lost() {
    let mut company = Company::new(9, at(0)).lost_share(0.0);
    written(&mut company, 120, 1_000);
    assert_eq!(company.ledger().lost(), 0);
    assert!(company.ledger().made > 50);
}

#[test]
fn an_incident_shows_in_the_access_logs() {
    let files = written(&mut Company::new(5, at(0)), 240, 1_000);
    let worst = [LogFile::ShopAccess, LogFile::CrmAccess, LogFile::MesAccess].map(|file| {
        let mut by_window = BTreeMap::<&str, (u32, u32)>::new();
        for line in files[&file].lines() {
            // Ten seconds share all of the time but its last digit.
            let window = &line[line.find('[').unwrap() + 1..][..19];
            let status = line.split('"').nth(2).unwrap();
            let (all, errors) = by_window.entry(window).or_default();
            *all += 1;
            *errors += u32::from(status.starts_with(" 5"));
        }
        by_window
            .values()
            .filter(|(all, _)| *all > 20)
            .map(|(all, errors)| errors * 100 / all)
            .max()
            .unwrap()
    });
    assert!(worst.iter().any(|&percent| percent >= 6), "{worst:?}");
}
