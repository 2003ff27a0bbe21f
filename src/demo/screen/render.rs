//! The view as text: pure, so that what a person sees is a fixture.

use anstyle::{AnsiColor, Style};

use super::canvas::{Canvas, Cell, Row};
use super::units;
use super::view::{Books, FileRow, Orders, Requests, RouteRow, ServiceRow, View};

const TITLE: Style = Style::new().bold();
const HEAD: Style = Style::new().dimmed();
const GOOD: Style = AnsiColor::Green.on_default();
const WARN: Style = AnsiColor::Yellow.on_default();
const BAD: Style = AnsiColor::Red.on_default().bold();
const BARS: Style = AnsiColor::Cyan.on_default();
const PLAIN: Style = Style::new();

/// Width of the words before the last lines.
const LABEL_WIDTH: usize = 9;

/// Thresholds of concern: share of errors, seconds, and bytes of lag.
const ERRORS_WARN: f64 = 0.01;
const ERRORS_BAD: f64 = 0.05;
const LATENCY_WARN_SECS: f64 = 1.0;
const LAG_WARN_BYTES: f64 = (1 << 20) as f64;

/// The whole screen, each line ended and no wider than `width` characters.
pub fn render(view: &View, width: usize, colour: bool) -> String {
    let mut canvas = Canvas::new(width, colour);
    title(&mut canvas, view);
    canvas.blank();
    services(&mut canvas, &view.services);
    if !view.routes.is_empty() {
        canvas.blank();
        routes(&mut canvas, &view.routes);
    }
    if !view.files.is_empty() {
        canvas.blank();
        files(&mut canvas, &view.files);
    }
    canvas.blank();
    books(&mut canvas, &view.books);
    if let Some(orders) = &view.orders {
        self::orders(&mut canvas, orders);
    }
    for (label, text) in &view.notes {
        canvas.line([name(label), Cell::plain(text)]);
    }
    canvas.into_text()
}

/// The same in one line, for a log or a pipe.
pub fn render_line(view: &View) -> String {
    let Books {
        read,
        accepted,
        rejected,
        pending,
        ..
    } = view.books;
    let mut text = format!(
        "{} read {} accepted {} rejected {} pending {}",
        units::clock(view.running),
        units::whole(read),
        units::whole(accepted),
        units::whole(rejected),
        units::whole(pending)
    );
    for service in &view.services {
        if let Some(requests) = &service.requests {
            text.push_str(&format!(
                " | {} {}/s errors {} p99 {}",
                service.name,
                units::number(requests.per_sec),
                units::percent(requests.errors),
                latency(requests.p99)
            ));
        }
    }
    // One line, whatever a service is called.
    text.retain(|character| !character.is_control());
    text.push('\n');
    text
}

fn title(canvas: &mut Canvas, view: &View) {
    canvas.line([
        Cell::new("logmill demo", TITLE),
        Cell::new(
            format!(
                "  {}  {} events/s  Ctrl-C ends it",
                units::clock(view.running),
                units::number(view.books.read_per_sec)
            ),
            HEAD,
        ),
    ]);
}

fn services(canvas: &mut Canvas, services: &[ServiceRow]) {
    let names = [
        "req/s",
        "errors",
        "p50",
        "p95",
        "p99",
        "log errors/s",
        "sent/s",
        "last 30 s",
    ];
    let rows = services.iter().map(|service| {
        let log_errors = service.log_errors_per_sec;
        let log_style = if log_errors > 0.0 { WARN } else { PLAIN };
        let log_errors = Cell::new(units::number(log_errors), log_style);
        let columns = match &service.requests {
            Some(requests) => {
                let [per_sec, errors, p50, p95, p99, sent] = request_cells(requests);
                let bars = Cell::new(units::bars(&service.history), BARS);
                vec![per_sec, errors, p50, p95, p99, log_errors, sent, bars]
            }
            None => {
                let mut columns = vec![Cell::plain(""); 5];
                columns.push(log_errors);
                columns
            }
        };
        Row {
            first: Cell::new(&service.name, TITLE),
            columns,
        }
    });
    canvas.table(head("service", &names), rows.collect());
}

fn request_cells(requests: &Requests) -> [Cell; 6] {
    let errors_style = match requests.errors {
        share if share >= ERRORS_BAD => BAD,
        share if share >= ERRORS_WARN => WARN,
        _ => PLAIN,
    };
    let slow = |secs: Option<f64>| {
        let style = if secs >= Some(LATENCY_WARN_SECS) {
            WARN
        } else {
            PLAIN
        };
        Cell::new(latency(secs), style)
    };
    [
        Cell::plain(units::number(requests.per_sec)),
        Cell::new(units::percent(requests.errors), errors_style),
        slow(requests.p50),
        slow(requests.p95),
        slow(requests.p99),
        Cell::plain(units::bytes(requests.sent_bytes_per_sec)),
    ]
}

fn routes(canvas: &mut Canvas, routes: &[RouteRow]) {
    let rows = routes.iter().map(|route| Row {
        first: Cell::plain(format!(
            "{:<5} {:<4} {}",
            route.service, route.method, route.route
        )),
        columns: vec![
            Cell::plain(latency(Some(route.p95))),
            Cell::plain(units::number(route.per_sec)),
        ],
    });
    canvas.table(head("slowest routes", &["p95", "req/s"]), rows.collect());
}

fn files(canvas: &mut Canvas, files: &[FileRow]) {
    let rows = files.iter().map(|file| {
        let lag_style = if file.lag_bytes >= LAG_WARN_BYTES {
            WARN
        } else {
            PLAIN
        };
        Row {
            first: Cell::plain(&file.path),
            columns: vec![
                Cell::plain(units::bytes(file.bytes_per_sec)),
                Cell::new(units::bytes(file.lag_bytes), lag_style),
            ],
        }
    });
    canvas.table(head("file", &["read/s", "lag"]), rows.collect());
}

fn books(canvas: &mut Canvas, books: &Books) {
    let mut sum = format!(
        ": read {} = accepted {}",
        units::whole(books.read),
        units::whole(books.accepted)
    );
    for (what, count, always) in [
        ("already there", books.already_there, false),
        ("filtered", books.filtered, false),
        ("rejected", books.rejected, true),
        ("pending", books.pending, true),
    ] {
        if always || count != 0.0 {
            sum.push_str(&format!(" + {what} {}", units::whole(count)));
        }
    }
    let verdict = match books.off_by() {
        0.0 => Cell::new("balanced", GOOD),
        off_by => Cell::new(format!("off by {}", units::whole(off_by)), BAD),
    };
    canvas.line([name("events"), verdict, Cell::plain(sum)]);
}

fn orders(canvas: &mut Canvas, orders: &Orders) {
    let Orders {
        placed,
        made,
        under_way,
        lost,
        last_lost,
    } = orders;
    let mut cells = vec![
        name("orders"),
        Cell::plain(format!("placed {placed}, made {made}, under way {under_way}, ")),
        Cell::new(format!("lost {lost}"), if *lost > 0 { WARN } else { PLAIN }),
    ];
    if let Some(last_lost) = last_lost {
        cells.push(Cell::plain(format!(" (the last: {last_lost})")));
    }
    canvas.line(cells);
}

fn latency(secs: Option<f64>) -> String {
    secs.map_or_else(|| "-".to_owned(), units::seconds)
}

fn head(first: &str, columns: &[&str]) -> Row {
    Row {
        first: Cell::new(first, HEAD),
        columns: columns.iter().map(|name| Cell::new(name, HEAD)).collect(),
    }
}

fn name(label: &str) -> Cell {
    Cell::new(format!("{label:<LABEL_WIDTH$}"), HEAD)
}
