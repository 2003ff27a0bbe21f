//! What was measured, for people and for programs.

use std::fmt::Write;
use std::time::Duration;

use anstyle::Style;
use serde_json::json;

use super::line::Tally;

/// What one stage costs an event, in ns of CPU time.
#[derive(Debug, Clone, Copy)]
pub struct StageCost {
    name: &'static str,
    nanos: f64,
}

impl StageCost {
    /// A difference of two measurements may come out a little below nothing.
    pub fn new(name: &'static str, nanos: f64) -> Self {
        StageCost {
            name,
            nanos: nanos.max(0.0),
        }
    }
}

/// One run of `logmill bench`.
#[derive(Debug)]
pub struct Report {
    pub pipeline: String,
    /// Where the lines are from.
    pub lines: String,
    pub sink: String,
    pub gzip: u32,
    pub tally: Tally,
    pub unmatched: u64,
    pub elapsed: Duration,
    /// Of the whole process without the built-in server.
    pub cpu_nanos: u64,
    /// Of the threads that send.
    pub send_nanos: u64,
    /// Of the worker.
    pub allocations: u64,
    /// Accepted by the server; `None` where there is none.
    pub documents: Option<u64>,
    pub rss_bytes_max: Option<u64>,
    /// The fastest of several rounds; empty when they were not measured.
    pub stages: Vec<StageCost>,
}

impl Report {
    /// Documents that the server did not accept.
    pub fn lost(&self) -> u64 {
        match self.documents {
            Some(accepted) => self.tally.events.saturating_sub(accepted),
            None => 0,
        }
    }

    fn per_event(&self, amount: u64) -> f64 {
        amount as f64 / self.tally.events.max(1) as f64
    }

    fn per_second(&self, amount: u64) -> f64 {
        amount as f64 / self.elapsed.as_secs_f64().max(f64::EPSILON)
    }

    /// The stages within this process, together.
    fn stages_nanos(&self) -> f64 {
        self.stages.iter().map(|stage| stage.nanos).sum()
    }

    pub fn json(&self) -> String {
        let stages: serde_json::Map<String, serde_json::Value> = self
            .stages
            .iter()
            .map(|stage| (stage.name.to_owned(), json!(rounded(stage.nanos))))
            .collect();
        json!({
            "pipeline": self.pipeline,
            "lines": self.lines,
            "sink": self.sink,
            "gzip": self.gzip,
            "events": self.tally.events,
            "unmatched": self.unmatched,
            "log_bytes": self.tally.bytes,
            "seconds": self.elapsed.as_secs_f64(),
            "events_per_second": rounded(self.per_second(self.tally.events)),
            "bytes_per_second": rounded(self.per_second(self.tally.bytes)),
            "cpu_ns_per_event": rounded(self.per_event(self.cpu_nanos)),
            "allocations_per_event": self.per_event(self.allocations),
            "document_bytes": rounded(self.per_event(self.tally.body_bytes)),
            "documents_accepted": self.documents,
            "rss_bytes_max": self.rss_bytes_max,
            "stages_cpu_ns_per_event": stages,
            "send_cpu_ns_per_event": self.documents.map(|_| rounded(self.per_event(self.send_nanos))),
            "fastest_cpu_ns_per_event": (!self.stages.is_empty()).then(|| rounded(self.stages_nanos())),
        })
        .to_string()
    }

    pub fn text(&self, color: bool) -> String {
        let bold = if color { Style::new().bold() } else { Style::new() };
        let mut text = String::new();
        // Writing to a string cannot fail.
        let _ = self.write(&mut text, bold);
        text
    }

    fn write(&self, out: &mut String, bold: Style) -> std::fmt::Result {
        let gzip = match self.gzip {
            0 => String::new(),
            level => format!(", gzip {level}"),
        };
        writeln!(
            out,
            "{bold}{}{bold:#}  {} events ({}, {:.0} bytes each) into {}{gzip}\n",
            self.pipeline,
            grouped(self.tally.events),
            self.lines,
            self.per_event(self.tally.bytes),
            self.sink,
        )?;
        let mut row = |name: &str, value: String| writeln!(out, "  {name:22}{value:>12}");
        row("events/s", grouped(self.per_second(self.tally.events) as u64))?;
        row("MB/s", format!("{:.0}", self.per_second(self.tally.bytes) / 1e6))?;
        row(
            "CPU per event",
            format!("{:.0} ns", self.per_event(self.cpu_nanos)),
        )?;
        row(
            "allocations per event",
            format!("{:.4}", self.per_event(self.allocations)),
        )?;
        row(
            "bulk body per event",
            format!("{:.0} bytes", self.per_event(self.tally.body_bytes)),
        )?;
        if let Some(bytes) = self.rss_bytes_max {
            row("peak memory", format!("{:.1} MiB", bytes as f64 / 1_048_576.0))?;
        }
        if let Some(documents) = self.documents {
            row("documents accepted", grouped(documents))?;
        }
        if self.unmatched > 0 {
            row("matched by no pattern", grouped(self.unmatched))?;
        }
        self.write_stages(out, bold)
    }

    /// Each stage with a bar, and sending where there is an output.
    fn write_stages(&self, out: &mut String, bold: Style) -> std::fmt::Result {
        if self.stages.is_empty() {
            return Ok(());
        }
        let mut stages = self.stages.clone();
        if self.documents.is_some() {
            stages.push(StageCost::new("send", self.per_event(self.send_nanos)));
        }
        let all: f64 = stages.iter().map(|stage| stage.nanos).sum();
        writeln!(out, "\n  {bold}stage{bold:#}                ns per event   share")?;
        for stage in &stages {
            let share = 100.0 * stage.nanos / all.max(f64::EPSILON);
            let bar = "█".repeat((share / 2.5).round() as usize);
            writeln!(
                out,
                "  {:22}{:>11.0}   {share:4.0} %  {bar}",
                stage.name, stage.nanos
            )?;
        }
        let sending = if self.documents.is_some() {
            "; send: of all"
        } else {
            ""
        };
        writeln!(
            out,
            "  {:22}{all:>11.0}   (the fastest rounds{sending})",
            "together"
        )
    }
}

fn rounded(number: f64) -> f64 {
    (number * 10.0).round() / 10.0
}

/// `1234567` as `1,234,567`.
fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn report() -> Report {
        Report {
            pipeline: "nginx-access".to_owned(),
            lines: "made access lines".to_owned(),
            sink: "bulk".to_owned(),
            gzip: 1,
            tally: Tally {
                events: 2_000,
                bytes: 554_000,
                body_bytes: 1_336_000,
            },
            unmatched: 3,
            elapsed: Duration::from_millis(1),
            cpu_nanos: 1_400_000,
            send_nanos: 400_000,
            allocations: 10,
            documents: Some(1_999),
            rss_bytes_max: Some(20 << 20),
            stages: vec![StageCost::new("parse", 300.0), StageCost::new("encode", 200.0)],
        }
    }

    #[test]
    fn a_person_reads_it_at_a_glance() {
        assert_eq!(
            report().text(false),
            "\
nginx-access  2,000 events (made access lines, 277 bytes each) into bulk, gzip 1

  events/s                 2,000,000
  MB/s                           554
  CPU per event               700 ns
  allocations per event       0.0050
  bulk body per event      668 bytes
  peak memory               20.0 MiB
  documents accepted           1,999
  matched by no pattern            3

  stage                ns per event   share
  parse                         300     43 %  █████████████████
  encode                        200     29 %  ███████████
  send                          200     29 %  ███████████
  together                      700   (the fastest rounds; send: of all)
"
        );
    }

    #[test]
    fn a_program_reads_the_same() {
        let report = report();
        let json: serde_json::Value = serde_json::from_str(&report.json()).unwrap();
        assert_eq!(json["events"], 2_000);
        assert_eq!(json["cpu_ns_per_event"], 700.0);
        assert_eq!(json["fastest_cpu_ns_per_event"], 500.0);
        assert_eq!(json["send_cpu_ns_per_event"], 200.0);
        assert_eq!(json["stages_cpu_ns_per_event"]["parse"], 300.0);
        assert_eq!(report.lost(), 1);
    }

    #[test]
    fn without_rounds_nothing_is_said_of_stages() {
        let report = Report {
            stages: Vec::new(),
            documents: None,
            ..report()
        };
        assert!(!report.text(false).contains("stage"));
        let json: serde_json::Value = serde_json::from_str(&report.json()).unwrap();
        assert!(json["fastest_cpu_ns_per_event"].is_null());
        assert!(json["send_cpu_ns_per_event"].is_null());
        assert_eq!(report.lost(), 0);
    }
}
