//! `logmill bench`: what a pipeline costs, measured on the parts that the agent runs.
//!
//! ```text
//! Workload ──▶ Repeat ──▶ Chunks ──▶ pipeline, rules, Mill ──▶ Outlet
//! a file, or   the same   256 KiB    as in the agent           nothing, a bulk server
//! made lines   for ever   of events                            in here, or a URL
//! ```
//!
//! The whole way is measured over all lines. What each stage costs is measured on the side: passes that stop after
//! one stage more each, several rounds of them in turn, the fastest of each; the differences are the stages.

mod access_line;
mod bulk_server;
mod line;
mod meter;
mod outlet;
mod progress;
mod report;
mod workload;

use std::io::Write;

use anyhow::Context;

pub use self::line::{Line, Stage, Tally};
pub use self::workload::{Endless, Workload};

use self::meter::Meter;
use self::outlet::Outlet;
pub use self::outlet::Sink;
use self::progress::Progress;
use self::report::{Report, StageCost};
use super::library::{argument, library};
use super::{BenchArguments, Failed, Refused, Terminal, out};
use crate::config::{Diagnostics, count};
use crate::pipeline::{HostWords, compile};

/// A pass of a round has so many events: some ms, since the shorter a pass is, the more of them nobody disturbs on a
/// machine that is shared, and enough access lines for more than one body.
const EVENTS_OF_A_PASS: u64 = 10_000;

pub(super) fn run(arguments: &BenchArguments, terminal: Terminal) -> anyhow::Result<()> {
    let mut diagnostics = Diagnostics::new();
    let library = library(arguments.pipelines.as_deref(), &mut diagnostics);
    let name = argument("--pipeline", &arguments.pipeline);
    let host = HostWords {
        format: arguments.format.as_deref().map(|text| argument("--format", text)),
        timezone: None,
        ..HostWords::default()
    };
    let file = library.named(&name, &mut diagnostics);
    let pipeline = file
        .as_ref()
        .and_then(|file| compile(file, &library, &host, &mut diagnostics));
    terminal.report(&diagnostics)?;
    let (Some(file), Some(pipeline)) = (file, pipeline) else {
        return Err(Refused.into());
    };
    let workload = match &arguments.file {
        Some(path) => Workload::of_file(path)?,
        None => Workload::of_pipeline(&file).context("cannot make lines")?,
    };
    let mut line = Line::new(pipeline).map_err(|error| anyhow::anyhow!("{error}"))?;
    let mut input = workload.endless(line.frame_rule());

    let stages = stages(&mut line, &mut input, arguments)?;
    let report = whole(&mut line, &mut input, &workload, stages, arguments)?;
    let mut out = out::stdout();
    if arguments.json {
        writeln!(out, "{}", report.json())?;
    } else {
        write!(out, "{}", report.text(terminal.color))?;
    }
    match report.lost() {
        0 => Ok(()),
        lost => {
            writeln!(
                out::stderr(),
                "error: not accepted by {}: {}",
                arguments.sink,
                count(usize::try_from(lost).unwrap_or(usize::MAX), "document")
            )?;
            Err(Failed.into())
        }
    }
}

/// What each stage costs by itself, the fastest of several rounds; with no round, nothing.
fn stages(
    line: &mut Line,
    input: &mut Endless<'_>,
    arguments: &BenchArguments,
) -> anyhow::Result<Vec<StageCost>> {
    let events = arguments.lines.clamp(1, EVENTS_OF_A_PASS);
    let mut fastest = [f64::INFINITY; Stage::ALL.len()];
    for _ in 0..arguments.rounds {
        for (stage, fastest) in Stage::ALL.into_iter().zip(&mut fastest) {
            let meter = Meter::start();
            let tally = line.pass(stage, input, events, drop)?;
            *fastest = fastest.min(meter.cpu_nanos() as f64 / tally.events.max(1) as f64);
        }
    }
    let mut before = 0.0;
    let costs = Stage::ALL.into_iter().zip(fastest).map(|(stage, to_here)| {
        let nanos = to_here - before;
        before = to_here;
        StageCost::new(stage.name(), nanos)
    });
    Ok(match arguments.rounds {
        0 => Vec::new(),
        _ => costs.collect(),
    })
}

/// All lines, all the way.
fn whole(
    line: &mut Line,
    input: &mut Endless<'_>,
    workload: &Workload,
    stages: Vec<StageCost>,
    arguments: &BenchArguments,
) -> anyhow::Result<Report> {
    if stages.is_empty() {
        // What is made once is made before anything is counted.
        line.pass(Stage::Encode, input, 1, drop)?;
    }
    drop(line.take_rest());
    line.take_counts();
    let outlet = Outlet::open(&arguments.sink, arguments.gzip)?;
    let mut progress = Progress::new(arguments.lines);
    let meter = Meter::start();
    let mut tally = Tally::default();
    while tally.events < arguments.lines {
        // As often as a person can see.
        let some = (arguments.lines - tally.events).min(Progress::EVENTS);
        tally += line.pass(Stage::Encode, input, some, |batch| outlet.put(batch))?;
        progress.show(tally.events);
    }
    if let Some(batch) = line.take_rest() {
        outlet.put(batch);
    }
    let allocations = meter.allocations();
    let worker_nanos = meter.thread_cpu_nanos();
    let arrived = outlet.close();
    let elapsed = meter.elapsed();
    let cpu_nanos = meter.cpu_nanos().saturating_sub(arrived.server_cpu_nanos);
    progress.clear();
    Ok(Report {
        pipeline: arguments.pipeline.clone(),
        lines: workload.name().to_owned(),
        sink: arguments.sink.to_string(),
        gzip: arguments.gzip,
        tally,
        unmatched: line.take_counts().unmatched,
        elapsed,
        cpu_nanos,
        // What other threads took, was sending.
        send_nanos: cpu_nanos.saturating_sub(worker_nanos),
        allocations,
        documents: arrived.documents,
        rss_bytes_max: meter::rss_bytes_max(),
        stages,
    })
}
