//! What programs write without being asked: at their start, and now and then.

use super::files::LogFile;
use super::lines::{aspnet, postgres, rabbit, spring};
use super::moment::Moment;
use super::system::{CHECKPOINTER, CRM_APP, POSTMASTER, SHOP_APP};
use super::world::World;

/// Seconds between two beats.
pub const BEAT_SECS: f64 = 0.5;

/// PostgreSQL writes a checkpoint every so many beats.
const CHECKPOINT_BEATS: u64 = 50;

impl World {
    /// The first lines of every program.
    pub fn start_up(&mut self, at: Moment) {
        for (app, file, class) in [
            (SHOP_APP, LogFile::ShopApp, "shop.ShopApplication"),
            (CRM_APP, LogFile::CrmApp, "crm.CrmApplication"),
        ] {
            let (_, name) = class.split_once('.').unwrap_or(("", class));
            for (logger, message) in [
                (
                    class,
                    format!(
                        "Starting {name} v2.8.1 using Java 21.0.5 with PID {} (/app/app.jar started by app in /app)",
                        app.pid
                    ),
                ),
                (
                    "o.s.b.w.embedded.tomcat.TomcatWebServer",
                    "Tomcat initialized with port 8080 (http)".to_owned(),
                ),
                (
                    "o.apache.catalina.core.StandardService",
                    "Starting service [Tomcat]".to_owned(),
                ),
                (
                    "com.zaxxer.hikari.HikariDataSource",
                    "HikariPool-1 - Start completed.".to_owned(),
                ),
                (
                    "o.s.b.w.embedded.tomcat.TomcatWebServer",
                    "Tomcat started on port 8080 (http) with context path '/'".to_owned(),
                ),
                (
                    class,
                    format!("Started {name} in 3.418 seconds (process running for 3.977)"),
                ),
            ] {
                self.write(at, file, spring::line(at, app, "INFO", "main", logger, &message));
            }
        }
        for body in [
            "Now listening on: http://[::]:8080",
            "Application started. Press Ctrl+C to shut down.",
            "Hosting environment: Production",
        ] {
            let text = aspnet::lines(at, "info", "Microsoft.Hosting.Lifetime", 14, body);
            self.write(at, LogFile::MesApp, text);
        }
        for message in [
            "starting PostgreSQL 15.18 (Debian 15.18-0+deb12u1) on x86_64-pc-linux-gnu, compiled by gcc (Debian 12.2.0-14+deb12u1) 12.2.0, 64-bit",
            "listening on IPv4 address \"0.0.0.0\", port 5432",
            "database system is ready to accept connections",
        ] {
            let text = postgres::line(at, POSTMASTER, "LOG", message);
            self.write(at, LogFile::Postgres, text);
        }
        for message in [
            "Running boot step networking defined by app rabbit",
            "started TCP listener on [::]:5672",
            "Server startup complete; 4 plugins started.\n * rabbitmq_prometheus\n * rabbitmq_management\n * rabbitmq_web_dispatch\n * rabbitmq_management_agent",
        ] {
            let text = rabbit::lines(at, "info", 223, message);
            self.write(at, LogFile::Rabbit, text);
        }
    }

    /// What happens every [`BEAT_SECS`].
    pub fn beat(&mut self, at: Moment) {
        self.beats += 1;
        match self.beats % CHECKPOINT_BEATS {
            20 => self.checkpoint(at, "checkpoint starting: time".to_owned()),
            40 => {
                let buffers = 40 + self.random.below(900);
                let message = format!(
                    "checkpoint complete: wrote {buffers} buffers ({:.1}%); 0 WAL file(s) added, 0 removed, 0 recycled; \
                     write=9.812 s, sync=0.014 s, total=9.861 s; sync files={}, longest=0.004 s, average=0.001 s; \
                     distance=1204 kB, estimate=1530 kB",
                    buffers as f64 / 163.84,
                    10 + self.random.below(60),
                );
                self.checkpoint(at, message);
            }
            _ => {}
        }
        if self.random.chance(0.35) {
            self.rabbit_connection(at);
        }
        if self.random.chance(0.12) {
            let thread = format!("scheduling-{}", 1 + self.random.below(2));
            let number = self.random.below(40);
            let text = spring::line(
                at,
                CRM_APP,
                "INFO",
                &thread,
                "crm.customers.CustomerSynchronizationJob",
                &format!("Synchronized {number} customers"),
            );
            self.write(at, LogFile::CrmApp, text);
        }
        if self.random.chance(0.08) {
            let printer = 1 + self.random.below(24);
            let degrees = self.random.between(214.0, 231.0);
            let body = format!("Printer P-{printer:02} nozzle at {degrees:.2} °C, target 210.00 °C");
            let category = "Acme.Mes.Production.PrinterMonitor";
            let text = aspnet::lines(at, "warn", category, 310, &body);
            self.write(at, LogFile::MesApp, text);
        }
    }

    fn checkpoint(&mut self, at: Moment, message: String) {
        let text = postgres::line(at, CHECKPOINTER, "LOG", &message);
        self.write(at, LogFile::Postgres, text);
    }

    /// Somebody connects, and a little later leaves.
    fn rabbit_connection(&mut self, at: Moment) {
        let process = 700 + self.random.below(9_000) as u32;
        let port = 32_768 + self.random.below(28_000);
        let user = self.random.pick(&["shop", "crm", "mes"]);
        let address = format!("10.20.1.{}:{port} -> 10.20.1.5:5672", 10 + self.random.below(20));
        let accepting = format!("accepting AMQP connection <0.{process}.0> ({address})");
        self.write(
            at,
            LogFile::Rabbit,
            rabbit::lines(at, "info", process, &accepting),
        );

        let granted = at.after(self.random.between(0.002, 0.020));
        let message = format!(
            "connection <0.{process}.0> ({address}): user '{user}' authenticated and granted access to vhost '/'"
        );
        let text = rabbit::lines(granted, "info", process, &message);
        self.write(granted, LogFile::Rabbit, text);

        let closing = granted.after(self.random.between(1.0, 20.0));
        let message =
            format!("closing AMQP connection <0.{process}.0> ({address}, vhost: '/', user: '{user}')");
        let text = rabbit::lines(closing, "info", process, &message);
        self.write(closing, LogFile::Rabbit, text);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::demo::company::world::Happening;

    #[test]
    fn every_back_end_starts_with_something_to_read() {
        let at = Moment(1_795_368_510_000_000);
        let mut world = World::new(1, at, 0.0);
        world.start_up(at);
        let mut seen = Vec::new();
        while let Some((_, happening)) = world.agenda.pop(at) {
            match happening {
                Happening::Line(file, text) => {
                    assert!(text.ends_with('\n') && !text.contains("\n\n"));
                    seen.push(file);
                }
                other => panic!("{other:?}"),
            }
        }
        seen.dedup();
        assert_eq!(seen, &LogFile::ALL[3..]);
    }
}
