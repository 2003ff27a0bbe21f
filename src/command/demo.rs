//! `logmill demo`: a small company writes logs, the real agent reads them, the terminal shows what it says.

use std::fmt::Write as _;
use std::future::Future;
use std::io::Write as _;
use std::time::{Duration, Instant};

use anyhow::{Context, bail};
use reqwest::Url;
use tokio::time::MissedTickBehavior;

use super::ask::{Over, get};
use super::{DemoArguments, Refused, Terminal, out};
use crate::agent::{self, Agent, Plan};
use crate::config::{AgentFile, Diagnostics, Origin, Settings, SourceFile, System};
use crate::demo::company::{Company, LogFile};
use crate::demo::screen::{self, About, Screen};
use crate::demo::writer::Writer;
use crate::event::Timestamp;

/// How often the company writes.
const TICK: Duration = Duration::from_millis(100);

/// Ticks between two looks at the metrics.
const TICKS_PER_SCRAPE: u64 = 10;

pub fn run(arguments: &DemoArguments, terminal: Terminal) -> anyhow::Result<()> {
    let mut writer = Writer::create()?;
    let mut diagnostics = Diagnostics::new();
    let file = SourceFile::new("demo", configuration(arguments, &writer));
    let written = AgentFile::parse(&file, &System, &mut diagnostics);
    let plan = Settings::new(&written, &System, &mut diagnostics)
        .map(|settings| Settings {
            origin: Origin::CommandLine,
            ..settings
        })
        .and_then(|settings| Plan::new(settings, &mut diagnostics));
    terminal.report(&diagnostics)?;
    let agent = Agent::start(plan.ok_or(Refused)?, agent::runtime()?)?;
    let shown = show(arguments, &agent, &mut writer, terminal);
    let stopped = agent.stop();
    shown.and(stopped.map(drop))
}

/// What a user would write for these logs.
fn configuration(arguments: &DemoArguments, writer: &Writer) -> String {
    let at = |name: &str| writer.directory().join(name).display().to_string();
    let mut text = String::new();
    // Writing to a String cannot fail.
    let _ = write!(
        text,
        "[agent]\nstate_dir = {:?}\nlisten = {:?}\nlog_level = \"error\"\n",
        at("state"),
        arguments.listen.to_string()
    );
    let _ = match &arguments.elasticsearch {
        Some(url) => write!(text, "[elasticsearch]\nhosts = [{:?}]\n", url.as_str()),
        None => write!(
            text,
            "[file]\npath = {:?}\nrotate_keep = 1\n",
            at("events.ndjson")
        ),
    };
    for file in LogFile::ALL {
        let _ = write!(
            text,
            "[[input]]\npaths = [{:?}]\npipeline = {:?}\nservice = {:?}\n",
            writer.path(file).display().to_string(),
            file.pipeline(),
            file.service()
        );
        if let Some(format) = file.format() {
            let _ = writeln!(text, "format = '{format}'");
        }
    }
    text
}

/// Lets the company work and shows what the agent says, until it is over.
fn show(
    arguments: &DemoArguments,
    agent: &Agent,
    writer: &mut Writer,
    terminal: Terminal,
) -> anyhow::Result<()> {
    let mut screen = Screen::new(About {
        metrics_url: format!("http://{}/metrics", agent.address()),
        events: match &arguments.elasticsearch {
            Some(url) => url.to_string(),
            None => format!("file {}", writer.directory().join("events.ndjson").display()),
        },
        logs: writer.directory().join("logs"),
    });
    let company = Company::new(arguments.seed, now()).rate(arguments.rate);
    let over = over(arguments.duration);
    let shown = agent
        .handle()
        .block_on(work(company, writer, &mut screen, agent, terminal, over));
    let mut stdout = out::stdout();
    // The cursor comes back also when something went wrong.
    let _ = stdout.write_all(screen.farewell().as_bytes());
    shown?;
    match &arguments.elasticsearch {
        Some(url) => delivered(url, agent),
        None => Ok(()),
    }
}

/// The demo has no log; whether events arrive, the agent says when it is asked whether it is ready.
fn delivered(url: &Url, agent: &Agent) -> anyhow::Result<()> {
    let answer = get(agent.address(), Over::Plain, "/readyz", None).context("the agent does not answer")?;
    let (status, reason) = answer.split_once("\r\n\r\n").unwrap_or_default();
    match status.starts_with("HTTP/1.1 200") {
        true => Ok(()),
        false => bail!("events do not arrive at {url}: {}", reason.trim()),
    }
}

async fn work(
    mut company: Company,
    writer: &mut Writer,
    screen: &mut Screen,
    agent: &Agent,
    terminal: Terminal,
    over: impl Future<Output = ()>,
) -> anyhow::Result<()> {
    let began = Instant::now();
    let mut stdout = out::stdout();
    let mut over = std::pin::pin!(over);
    let mut tick = tokio::time::interval(TICK);
    tick.set_missed_tick_behavior(MissedTickBehavior::Skip);
    for ticks in 1u64.. {
        tokio::select! {
            _ = tick.tick() => {}
            () = &mut over => break,
        }
        let at = now();
        company.advance(at, &mut |file, lines| writer.append(file, lines));
        writer.flush(at)?;
        if ticks % TICKS_PER_SCRAPE == 0 {
            let answer =
                get(agent.address(), Over::Plain, "/metrics", None).context("the agent does not answer")?;
            let (_, page) = answer.split_once("\r\n\r\n").unwrap_or_default();
            screen.observe(began.elapsed(), page);
            let orders = Some(company.ledger().into());
            let frame = screen.frame(orders, &screen::Terminal::of_stdout(terminal.color));
            stdout.write_all(frame.as_bytes())?;
            stdout.flush()?;
            if stdout.is_closed() {
                break;
            }
        }
    }
    Ok(())
}

/// Ready when the demo shall end: at Ctrl-C, SIGTERM, or after its time.
async fn over(duration: Option<Duration>) {
    let timer = async {
        match duration {
            Some(duration) => tokio::time::sleep(duration).await,
            None => std::future::pending().await,
        }
    };
    let terminated = async {
        match tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate()) {
            Ok(mut signal) => {
                signal.recv().await;
            }
            Err(_) => std::future::pending().await,
        }
    };
    tokio::select! {
        () = timer => {}
        () = terminated => {}
        _ = tokio::signal::ctrl_c() => {}
    }
}

fn now() -> Timestamp {
    let moment = jiff::Timestamp::now();
    Timestamp {
        secs: moment.as_second(),
        nanos: moment.subsec_nanosecond().unsigned_abs(),
        digits: 9,
    }
}
