//! From exposition text to the screen that a person sees.
//!
//! The screens are files in `golden/`. After a wanted change, look at the difference that the test prints and
//! take the new text over.

use std::time::Duration;

use super::*;

/// What the agent would say `secs` after the start: everything grows by as much every second.
fn exposition(secs: u64) -> String {
    let mut text = String::from("# HELP http_requests_total Requests answered.\n");
    let mut say = |series: &str, per_sec: u64| text.push_str(&format!("{series} {}\n", per_sec * secs));
    for (service, ok, failed) in [("shop", 120, 1), ("crm", 40, 4), ("mes", 30, 0)] {
        for (status, count) in [("200", ok), ("503", failed)] {
            let labels = format!(
                "service=\"{service}\",method=\"GET\",route=\"/api/orders/{{id}}\",status=\"{status}\""
            );
            say(&format!("http_requests_total{{{labels}}}"), count);
        }
        say(
            &format!("http_response_bytes_total{{service=\"{service}\",route=\"/\"}}"),
            70_000,
        );
    }
    for (service, method, route, buckets) in [
        ("shop", "GET", "/api/orders/{id}", [60, 108, 116, 120]),
        ("shop", "POST", "/api/models", [0, 0, 1, 2]),
        ("crm", "GET", "/api/orders/{id}", [10, 40, 44, 44]),
        ("mes", "GET", "/api/jobs", [30, 30, 30, 30]),
    ] {
        for (le, count) in ["0.01", "0.1", "2.5", "+Inf"].into_iter().zip(buckets) {
            let labels = format!("service=\"{service}\",method=\"{method}\",route=\"{route}\",le=\"{le}\"");
            say(
                &format!("http_request_duration_seconds_bucket{{{labels}}}"),
                count,
            );
        }
    }
    for (service, level, count) in [
        ("shop", "ERROR", 1),
        ("shop", "INFO", 50),
        ("mes", "fail", 0),
        ("postgresql", "LOG", 30),
        ("rabbitmq", "warning", 1),
    ] {
        say(
            &format!("log_events_total{{service=\"{service}\",level=\"{level}\"}}"),
            count,
        );
    }
    for (file, bytes) in [
        ("shop/nginx/access.log", 30_000),
        ("shop/nginx/access.log.1", 0),
        ("crm/app/crm-api.log", 4_000),
    ] {
        say(
            &format!("logmill_file_read_bytes{{file=\"/tmp/demo/logs/{file}\"}}"),
            bytes,
        );
        text_lag(&mut say, file);
    }
    say("logmill_read_events_total{input=\"a\"}", 300);
    say("logmill_read_events_total{input=\"b\"}", 100);
    say("logmill_events_total{input=\"a\",verdict=\"accepted\"}", 298);
    say("logmill_events_total{input=\"b\",verdict=\"accepted\"}", 99);
    say("logmill_events_total{input=\"b\",verdict=\"rejected\"}", 1);
    text
}

fn text_lag(say: &mut impl FnMut(&str, u64), file: &str) {
    let per_sec = if file == "crm/app/crm-api.log" { 100_000 } else { 0 };
    say(
        &format!("logmill_file_lag_bytes{{file=\"/tmp/demo/logs/{file}\"}}"),
        per_sec,
    );
}

fn screen(secs: u64) -> Screen {
    let mut screen = Screen::new(About {
        metrics_url: "http://127.0.0.1:9598/metrics".to_owned(),
        events: "file /tmp/demo/events.ndjson".to_owned(),
        logs: "/tmp/demo/logs".into(),
    });
    for second in 1..=secs {
        screen.observe(Duration::from_secs(second), &exposition(second));
    }
    screen
}

const ORDERS: Orders = Orders {
    placed: 52,
    made: 31,
    under_way: 19,
    lost: 2,
    last_lost: Some(10_423),
};

fn assert_golden(actual: &str, golden: &str) {
    assert!(
        actual == golden,
        "the screen is now:\n{actual}\nand was:\n{golden}"
    );
}

#[test]
fn a_wide_screen() {
    let text = render(&screen(42).view(Some(ORDERS)), 120, false);
    assert_golden(&text, include_str!("golden/wide.txt"));
}

#[test]
fn a_narrow_screen() {
    let text = render(&screen(42).view(Some(ORDERS)), 60, false);
    assert_golden(&text, include_str!("golden/narrow.txt"));
    assert!(text.lines().all(|line| line.chars().count() <= 60));
}

#[test]
fn a_coloured_screen() {
    let text = render(&screen(42).view(Some(ORDERS)), 80, true);
    assert_golden(&text.replace('\x1b', "<ESC>"), include_str!("golden/colour.txt"));
    let plain = render(&screen(42).view(Some(ORDERS)), 80, false);
    let mut stripped = text;
    while let Some(from) = stripped.find('\x1b') {
        let to = from + stripped[from..].find('m').unwrap();
        stripped.replace_range(from..=to, "");
    }
    assert_eq!(stripped, plain);
}

#[test]
fn before_the_first_scrape_there_is_a_screen_too() {
    assert_golden(
        &render(&screen(0).view(None), 80, false),
        include_str!("golden/empty.txt"),
    );
    assert_eq!(
        View::default(),
        View {
            notes: Vec::new(),
            ..screen(0).view(None)
        }
    );
}

#[test]
fn elsewhere_it_is_a_line() {
    let terminal = Terminal {
        interactive: false,
        colour: false,
        width: 80,
        rows: 24,
    };
    let mut screen = screen(42);
    assert_eq!(
        screen.frame(Some(ORDERS), &terminal),
        "0:42 read 16,800 accepted 16,674 rejected 42 pending 84 \
         | crm 44.0/s errors 9.1 % p99 2.2 s | mes 30.0/s errors 0 % p99 9.9 ms \
         | shop 121/s errors 0.8 % p99 2.5 s\n"
    );
    assert_eq!(screen.farewell(), "");
}

#[test]
fn a_frame_is_drawn_over_the_one_before() {
    let mut terminal = Terminal {
        interactive: true,
        colour: false,
        width: 80,
        rows: 100,
    };
    let mut screen = screen(3);
    let first = screen.frame(None, &terminal);
    let lines = first.matches('\n').count();
    assert!(lines > 15 && !first.contains('A'), "{first:?}");
    let second = screen.frame(None, &terminal);
    assert!(second.starts_with(&format!("\x1b[?25l\x1b[{lines}A\rlogmill demo")));
    // The window has become smaller: draw over what is left of it.
    terminal.rows = 10;
    let third = screen.frame(None, &terminal);
    assert!(third.starts_with("\x1b[?25l\x1b[9A"), "{third:?}");
    assert_eq!(third.matches('\n').count(), 9);
    assert!(third.ends_with("\x1b[J"));
    assert_eq!(screen.farewell(), "\x1b[?25h");
}

#[test]
fn what_matters_less_makes_room() {
    let full = screen(42).view(Some(ORDERS));
    assert_eq!((full.routes.len(), full.files.len()), (4, 2));
    let fitted = |rows| {
        let mut view = full.clone();
        view.fit(rows);
        assert_eq!(view.height(), render(&view, 80, false).lines().count());
        (view.height(), view.routes.len(), view.files.len())
    };
    assert_eq!(fitted(100), (25, 4, 2));
    assert_eq!(fitted(23), (23, 2, 2));
    assert_eq!(fitted(22), (19, 2, 0));
    assert_eq!(fitted(1), (15, 0, 0));

    let mut many = full.clone();
    for bytes_per_sec in [5.0, 1.0, 9e9] {
        many.files.push(FileRow {
            path: String::new(),
            bytes_per_sec,
            lag_bytes: 0.0,
        });
    }
    many.fit(26);
    let rates: Vec<f64> = many.files.iter().map(|file| file.bytes_per_sec).collect();
    assert_eq!(rates, [4_000.0, 30_000.0, 9e9]);
}

#[test]
fn rates_are_those_of_the_window() {
    let mut screen = screen(30);
    // Nothing more for five seconds: half of the window is silent.
    for second in 31..=35 {
        screen.observe(Duration::from_secs(second), &exposition(30));
    }
    let view = screen.view(None);
    let mes = view
        .services
        .iter()
        .find(|service| service.name == "mes")
        .unwrap();
    assert_eq!(mes.requests.unwrap().per_sec, 15.0);
    assert_eq!(mes.history.len(), HISTORY);
    assert_eq!(&mes.history[24..], [30.0, 0.0, 0.0, 0.0, 0.0, 0.0]);
    assert!(screen.scrapes.len() <= 11);
    for tick in 0..1_000 {
        screen.observe(
            Duration::from_secs(36) + Duration::from_millis(tick),
            &exposition(30),
        );
    }
    assert_eq!(screen.scrapes.len(), SCRAPES_MAX);
}

#[test]
fn books_that_do_not_balance_say_so() {
    let mut screen = screen(1);
    let text = format!("{}logmill_events_pending 0\n", exposition(2));
    screen.observe(Duration::from_secs(2), &text);
    assert_eq!(screen.view(None).books.off_by(), 4.0);
    let text = render(&screen.view(None), 80, false);
    assert!(text.contains("events   off by 4: read 800"), "{text}");
}

/// In a terminal of one row there is room for the cursor alone.
#[test]
fn the_cursor_comes_back_where_there_was_no_room_for_a_line() {
    let mut screen = screen(3);
    let terminal = Terminal {
        interactive: true,
        colour: false,
        width: 80,
        rows: 1,
    };
    let frame = screen.frame(None, &terminal);
    assert!(
        frame.starts_with("\x1b[?25l") && !frame.contains('\n'),
        "{frame:?}"
    );
    assert_eq!(screen.farewell(), "\x1b[?25h");
}
