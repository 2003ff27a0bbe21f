//! What the application and its database write about one request.

use super::answer::Answer;
use super::files::LogFile;
use super::lines::postgres::{self, Process};
use super::lines::{aspnet, spring};
use super::moment::Moment;
use super::routes::Route;
use super::system::{CRM_APP, SHOP_APP, System};
use super::traces;
use super::world::{Happening, World};

/// Of the requests that went well: how many the application mentions.
const MENTIONED: f64 = 0.35;
/// Of all requests: how many have a statement slow enough for PostgreSQL to log.
const SLOW_STATEMENTS: f64 = 0.22;
/// A request that takes longer is warned of, in seconds.
const SLOW_SECS: f64 = 1.0;

impl World {
    /// `start` is when the request came in; the lines are written just before it is answered.
    pub fn back_end(&mut self, start: Moment, system: System, route: &Route, target: &str, answer: &Answer) {
        let at = start.after((answer.secs - 0.001).max(0.0));
        if system != System::Crm {
            let at = start.after(answer.secs * self.random.between(0.3, 0.9));
            self.database(at, system, answer);
        }
        match system {
            System::Shop => self.java_app(at, LogFile::ShopApp, SHOP_APP, route, target, answer),
            System::Crm => self.java_app(at, LogFile::CrmApp, CRM_APP, route, target, answer),
            System::Mes => self.dotnet_app(at, route, target, answer),
        }
    }

    fn java_app(
        &mut self,
        at: Moment,
        file: LogFile,
        app: spring::App,
        route: &Route,
        target: &str,
        answer: &Answer,
    ) {
        let package = app.name.trim_end_matches("-api");
        let request = format!("{} {target}", route.method);
        let (level, logger, message) = match answer.status {
            500 => {
                let thread = self.web_thread();
                let logger = "o.a.c.c.C.[.[.[/].[dispatcherServlet]";
                let message = "Servlet.service() for servlet [dispatcherServlet] in context with path [] threw exception";
                let trace = traces::java(package, &mut self.random);
                let text = spring::line_with_trace(at, app, &thread, logger, message, &trace);
                return self.write(at, file, text);
            }
            503 => {
                let waiting = self.random.below(30);
                (
                    "WARN",
                    "com.zaxxer.hikari.pool.HikariPool",
                    format!("HikariPool-1 - Pool stats (total=10, active=10, idle=0, waiting={waiting})"),
                )
            }
            422 => (
                "WARN",
                ".w.s.m.s.DefaultHandlerExceptionResolver",
                format!(
                    "Resolved [org.springframework.web.bind.MethodArgumentNotValidException: Validation failed for {request}]"
                ),
            ),
            502 => return,
            _ if answer.secs > SLOW_SECS => (
                "WARN",
                "web.SlowRequestFilter",
                format!("{request} took {:.0} ms", answer.secs * 1000.0),
            ),
            _ if self.random.chance(MENTIONED) => (
                self.random.pick(&["INFO", "INFO", "DEBUG"]),
                "web.RequestLog",
                format!("{request} -> {} in {:.1} ms", answer.status, answer.secs * 1000.0),
            ),
            _ => return,
        };
        let logger = if logger.starts_with("web.") {
            format!("{package}.{logger}")
        } else {
            logger.to_owned()
        };
        let thread = self.web_thread();
        let text = spring::line(at, app, level, &thread, &logger, &message);
        self.write(at, file, text);
    }

    fn dotnet_app(&mut self, at: Moment, route: &Route, target: &str, answer: &Answer) {
        let (level, category, event_id, body) = match answer.status {
            500 => (
                "fail",
                "Microsoft.AspNetCore.Diagnostics.ExceptionHandlerMiddleware",
                1,
                traces::dotnet(&mut self.random),
            ),
            503 => (
                "warn",
                "Microsoft.AspNetCore.Server.Kestrel",
                28,
                "As of now, the heartbeat has been running for 00:00:01.0034 which is longer than 00:00:01.\nThis could be caused by thread pool starvation.".to_owned(),
            ),
            502 => return,
            status if self.random.chance(MENTIONED) => (
                "info",
                // Not the host's own line for each request, which nginx has counted for this service already.
                "Microsoft.AspNetCore.Mvc.Infrastructure.ControllerActionInvoker",
                105,
                format!(
                    "Executed action for {} {target} with status {status} in {:.4}ms",
                    route.method,
                    answer.secs * 1000.0
                ),
            ),
            _ => return,
        };
        let text = aspnet::lines(at, level, category, event_id, &body);
        self.write(at, LogFile::MesApp, text);
    }

    fn database(&mut self, at: Moment, system: System, answer: &Answer) {
        let session = match system {
            System::Shop => ("shop", "shop"),
            System::Crm | System::Mes => ("mes", "mes"),
        };
        let process = Process {
            pid: 900 + 11 * self.random.below(10) as u32,
            session: Some(session),
        };
        let mut say = |severity: &str, message: &str| {
            let text = postgres::line(at, process, severity, message);
            self.agenda.push(at, Happening::Line(LogFile::Postgres, text));
        };
        let id = 10_000 + self.random.below(900);
        if answer.status == 500 && self.random.chance(0.4) {
            let (error, statement) = self.random.pick(&[
                (
                    "canceling statement due to statement timeout",
                    "select o.id, o.status, m.volume from orders o join models m on m.id = o.model_id where o.customer_id = $1 order by o.id desc",
                ),
                (
                    "deadlock detected",
                    "update stock set reserved = reserved + $1 where sku = $2",
                ),
                (
                    "duplicate key value violates unique constraint \"orders_pkey\"",
                    "insert into orders (id, customer_id, model_id, total)\nvalues ($1, $2, $3, $4)",
                ),
            ]);
            say("ERROR", error);
            if error.starts_with("duplicate") {
                say("DETAIL", &format!("Key (id)=({id}) already exists."));
            }
            say("STATEMENT", statement);
        } else if self.random.chance(SLOW_STATEMENTS) {
            let statement = match system {
                System::Shop => self.random.pick(&[
                    "select id, status, total from orders where id = $1",
                    "select sku, name, price from products where id = $1",
                    "update carts set touched_at = now() where id = $1",
                ]),
                System::Crm | System::Mes => self.random.pick(&[
                    "select state, started_at from jobs where order_id = $1",
                    "insert into telemetry (printer, at, body) values ($1, now(), $2)",
                ]),
            };
            let ms = answer.secs * 600.0;
            say(
                "LOG",
                &format!("duration: {ms:.3} ms  execute <unnamed>: {statement}"),
            );
            say("DETAIL", &format!("parameters: $1 = '{id}'"));
        }
    }
}
