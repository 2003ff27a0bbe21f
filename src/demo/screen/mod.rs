//! The terminal while the demo runs: what the agent's metrics say, drawn over itself once a second.
//!
//! ```text
//! exposition text ─▶ scrape ─▶ (window of scrapes) ─▶ view ─▶ render ─▶ frame
//! ```
//!
//! Everything up to the frame is pure: text in, text out. The caller fetches the metrics and prints the frame.

mod canvas;
mod names;
mod quantile;
mod render;
mod scrape;
mod terminal;
mod units;
mod view;

#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, VecDeque};
use std::path::PathBuf;
use std::time::Duration;

pub use render::{render, render_line};
pub use terminal::Terminal;
pub use view::{Books, FileRow, Orders, Requests, RouteRow, ServiceRow, View};

use scrape::Scrape;

/// Rates and quantiles are those of this long: one second of a small company has too few requests to tell.
const WINDOW: Duration = Duration::from_secs(10);

/// Scrapes that are kept, should they come more often than once a second.
const SCRAPES_MAX: usize = 20;

/// Seconds of history in the bars.
const HISTORY: usize = 30;

/// What does not change while the demo runs.
#[derive(Clone, Debug)]
pub struct About {
    /// Where Prometheus would scrape.
    pub metrics_url: String,
    /// Where the events go, in words: `file /tmp/…/events.ndjson`, `http://localhost:9200`.
    pub events: String,
    /// The directory of the log files.
    pub logs: PathBuf,
}

/// Collects scrapes and draws them.
#[derive(Debug)]
pub struct Screen {
    about: About,
    /// The oldest first. The first one is the start, when everything was 0.
    scrapes: VecDeque<(Duration, Scrape)>,
    history: BTreeMap<String, VecDeque<f64>>,
    /// Of the frame that stands on the terminal.
    lines_drawn: usize,
    /// A frame has hidden the cursor.
    hides_cursor: bool,
}

impl Screen {
    pub fn new(about: About) -> Self {
        Screen {
            about,
            scrapes: VecDeque::from([(Duration::ZERO, Scrape::default())]),
            history: BTreeMap::new(),
            lines_drawn: 0,
            hides_cursor: false,
        }
    }

    /// Takes in what `/metrics` says `running` after the start.
    pub fn observe(&mut self, running: Duration, exposition: &str) {
        let scrape = Scrape::parse(exposition, names::is_shown);
        if let Some((last, earlier)) = self.scrapes.back() {
            let secs = running.saturating_sub(*last).as_secs_f64();
            let now = View::between(earlier, &scrape, secs);
            self.remember(&now);
        }
        self.scrapes.push_back((running, scrape));
        while self.scrapes.len() > SCRAPES_MAX
            || (self.scrapes.get(1)).is_some_and(|(second, _)| running.saturating_sub(*second) >= WINDOW)
        {
            self.scrapes.pop_front();
        }
    }

    fn remember(&mut self, now: &View) {
        for service in &now.services {
            let Some(requests) = &service.requests else {
                continue;
            };
            if !self.history.contains_key(&service.name) {
                self.history.insert(service.name.clone(), VecDeque::new());
            }
            if let Some(history) = self.history.get_mut(&service.name) {
                history.push_back(requests.per_sec);
                if history.len() > HISTORY {
                    history.pop_front();
                }
            }
        }
    }

    /// What there is to see now.
    pub fn view(&self, orders: Option<Orders>) -> View {
        let (Some((from, earlier)), Some((to, later))) = (self.scrapes.front(), self.scrapes.back()) else {
            return View::default();
        };
        let mut view = View::between(earlier, later, to.saturating_sub(*from).as_secs_f64());
        view.running = *to;
        view.orders = orders;
        for service in &mut view.services {
            if let Some(history) = self.history.get(&service.name) {
                service.history = history.iter().copied().collect();
            }
        }
        let logs = format!("{}/", self.about.logs.display());
        for file in &mut view.files {
            if let Some(below) = file.path.strip_prefix(&logs) {
                file.path = below.to_owned();
            }
        }
        view.notes = self.notes(orders);
        view
    }

    /// Where to look, and what to do next; short enough for 80 columns.
    fn notes(&self, orders: Option<Orders>) -> Vec<(String, String)> {
        let logs = self.about.logs.display();
        let look = match orders.and_then(|orders| orders.last_lost) {
            Some(order) => format!("grep -rh 'Order {order} ' {logs}"),
            None => format!("tail -F {logs}/*/*/*.log"),
        };
        let next = "logmill parse --pipeline nginx-access /var/log/nginx/access.log";
        [
            ("sent to", self.about.events.clone()),
            ("metrics", self.about.metrics_url.clone()),
            ("look at", look),
            ("next", next.to_owned()),
        ]
        .map(|(label, text)| (label.to_owned(), text))
        .into()
    }

    /// What to print: on a terminal, the screen over the one before; elsewhere, one more line.
    pub fn frame(&mut self, orders: Option<Orders>, terminal: &Terminal) -> String {
        let mut view = self.view(orders);
        if !terminal.interactive {
            return render_line(&view);
        }
        // A frame higher than the terminal would scroll, and there is no drawing over what scrolled away. The last
        // row is for the cursor.
        let rows = terminal.rows.saturating_sub(1);
        view.fit(rows);
        let text = render(&view, terminal.width, terminal.colour);
        let lines_before = self.lines_drawn.min(rows);
        let mut frame = String::from(HIDE_CURSOR);
        self.hides_cursor = true;
        if lines_before > 0 {
            frame.push_str(&format!("\x1b[{lines_before}A"));
        }
        self.lines_drawn = 0;
        for line in text.lines().take(rows) {
            // Carriage return first: somebody may have typed. Erase to the end of the line, not before, or it
            // flickers.
            frame.push_str(&format!("\r{line}{ERASE_LINE}\n"));
            self.lines_drawn += 1;
        }
        frame.push_str(ERASE_BELOW);
        frame
    }

    /// What to print at the end: gives the cursor back where a frame hid it.
    pub fn farewell(&self) -> &'static str {
        if self.hides_cursor { SHOW_CURSOR } else { "" }
    }
}

// ECMA-48, and DEC's private mode 25 for the cursor, which every terminal in use understands.
const HIDE_CURSOR: &str = "\x1b[?25l";
const SHOW_CURSOR: &str = "\x1b[?25h";
const ERASE_LINE: &str = "\x1b[K";
const ERASE_BELOW: &str = "\x1b[J";
