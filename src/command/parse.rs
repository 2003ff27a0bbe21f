//! `logmill parse`: what a pipeline makes of lines.

use std::io::{self, BufWriter, Stdout, Write};
use std::sync::Arc;

use anstyle::{AnsiColor, Style};
use anyhow::Context;

use super::library::{argument, library, pipeline};
use super::out::{self, Out};
use super::replay::{self, Event};
use super::{ParseArguments, Reading, Refused, Terminal, explain, log_file};
use crate::config::{Diagnostics, count};
use crate::encode::{self, Page};
use crate::event::{Timestamp, TimestampWriter, Value};
use crate::pattern::Clock;
use crate::pipeline::{HostWords, Outcome, Pipeline};

/// So many unmatched events are explained; a log of another kind would fill the screen for nothing.
const EXPLAINED_MAX: usize = 20;

pub fn run(arguments: &ParseArguments, terminal: Terminal) -> anyhow::Result<()> {
    let mut diagnostics = Diagnostics::new();
    let host = HostWords {
        format: arguments.format.as_deref().map(|text| argument("--format", text)),
        timezone: arguments.reading.timezone.clone(),
        ..HostWords::default()
    };
    let library = library(arguments.pipelines.as_deref(), &mut diagnostics);
    let name = argument("--pipeline", &arguments.pipeline);
    let pipeline = pipeline(&library, &name, &host, &mut diagnostics);
    terminal.report(&diagnostics)?;
    let Some(pipeline) = pipeline else {
        return Err(Refused.into());
    };

    let pipeline = Arc::new(pipeline);
    let now = arguments.reading.now();
    let mut printer = Printer {
        pipeline: &pipeline,
        clock: pipeline.clock(now),
        times: TimestampWriter::default(),
        page: Page::default(),
        events: 0,
        unmatched: 0,
        dropped: 0,
        terminal,
        out: BufWriter::with_capacity(64 << 10, out::stdout()),
    };
    let input = log_file::open(arguments.file.as_deref())?;
    let read = replay::each(&pipeline, arguments.wrapper.into(), now, input, |event| {
        printer.event(event, arguments)
    });
    let read = read.and_then(|()| match arguments.explain {
        true => printer.conclude(),
        false => printer.out.flush(),
    });
    match read {
        // Whoever reads has seen enough.
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        read => read.context("cannot read the log or write what comes of it"),
    }
}

impl Reading {
    /// The moment that stands in for the time of reading; now, when it is not given.
    fn now(&self) -> Timestamp {
        let moment = self.now.unwrap_or_else(jiff::Timestamp::now);
        Timestamp::from_millis(moment.as_millisecond())
    }
}

struct Printer<'p> {
    pipeline: &'p Pipeline,
    clock: Clock,
    times: TimestampWriter,
    page: Page,
    events: usize,
    /// How many of them no pattern matched; counted when they are to be explained.
    unmatched: usize,
    /// How many the pipeline does not ship.
    dropped: usize,
    terminal: Terminal,
    out: BufWriter<Out<Stdout>>,
}

impl Printer<'_> {
    fn event(&mut self, event: &Event<'_, '_>, arguments: &ParseArguments) -> io::Result<()> {
        self.events += 1;
        if let Outcome::Filtered { .. } = event.outcome {
            self.dropped += 1;
            return Ok(());
        }
        if arguments.pretty {
            self.pretty(event)?;
        } else {
            self.json(event)?;
        }
        if arguments.explain && event.outcome == Outcome::Unmatched {
            self.explain(event.text)?;
        }
        match self.out.get_ref().is_closed() {
            true => Err(io::ErrorKind::BrokenPipe.into()),
            false => Ok(()),
        }
    }

    fn json(&mut self, event: &Event<'_, '_>) -> io::Result<()> {
        let schema = &self.pipeline.schema;
        let unmatched = event.outcome == Outcome::Unmatched;
        self.page.write(|pen| {
            encode::write_event(
                schema,
                event.fields,
                event.stream,
                unmatched,
                &mut self.times,
                pen,
            );
            pen.byte(b'\n');
        });
        self.out.write_all(self.page.text())
    }

    /// One field per line, names aligned, an empty line between events.
    fn pretty(&mut self, event: &Event<'_, '_>) -> io::Result<()> {
        let (name_style, bad) = match self.terminal.color {
            true => (AnsiColor::Cyan.on_default(), AnsiColor::Red.on_default().bold()),
            false => (Style::new(), Style::new()),
        };
        if event.outcome == Outcome::Unmatched {
            writeln!(self.out, "{bad}no pattern matches{bad:#}")?;
        }
        let schema = &self.pipeline.schema;
        let shown: Vec<(String, Value<'_>)> = schema
            .iter()
            .filter(|(field, _)| !schema.is_hidden(*field))
            .map(|(field, name)| (name.to_owned(), event.fields.get(field)))
            .filter(|(_, value)| !value.is_absent())
            .chain(
                event
                    .fields
                    .extra()
                    .iter()
                    .map(|extra| (String::from_utf8_lossy(extra.name).into_owned(), extra.value)),
            )
            .collect();
        let width = shown.iter().map(|(name, _)| name.len()).max().unwrap_or(0);
        for (name, value) in shown {
            write!(self.out, "{name_style}{name:width$}{name_style:#}  ")?;
            match value {
                Value::Text(text) => {
                    let text = String::from_utf8_lossy(text);
                    let indent = format!("\n{:1$}", "", width + 2);
                    writeln!(self.out, "{}", text.replace('\n', &indent))?;
                }
                value => {
                    self.page
                        .write(|pen| encode::write_value(value, &mut self.times, pen));
                    let shown = String::from_utf8_lossy(self.page.text());
                    // A time has no quotes outside of JSON.
                    writeln!(self.out, "{}", shown.trim_matches('"'))?;
                }
            }
        }
        writeln!(self.out)
    }

    /// Says on standard error why the event is unmatched, behind what has been printed of it.
    fn explain(&mut self, text: &[u8]) -> io::Result<()> {
        self.unmatched += 1;
        if self.unmatched > EXPLAINED_MAX {
            return Ok(());
        }
        self.out.flush()?;
        let unmatched = self.pipeline.explain(text, &mut self.clock);
        let name = &self.pipeline.name;
        let explanation = explain::render(&unmatched, name, self.events, self.terminal.error_color);
        writeln!(out::stderr(), "{explanation}\n")
    }

    /// How much of the log the pipeline matched.
    fn conclude(&mut self) -> io::Result<()> {
        self.out.flush()?;
        let (events, unmatched) = (self.events, self.unmatched);
        let mut err = out::stderr();
        if unmatched > EXPLAINED_MAX {
            writeln!(err, "{} more not explained\n", unmatched - EXPLAINED_MAX)?;
        }
        match unmatched {
            0 => write!(err, "{}, all matched", count(events, "event"))?,
            _ => write!(
                err,
                "{}, {unmatched} matched by no pattern",
                count(events, "event")
            )?,
        }
        match self.dropped {
            0 => writeln!(err),
            dropped => writeln!(err, ", {dropped} dropped"),
        }
    }
}
