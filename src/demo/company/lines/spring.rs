//! The default file layout of Spring Boot 3 (logback):
//! `%d{yyyy-MM-dd'T'HH:mm:ss.SSSXXX} %5p ${PID} --- [application] [%t] %-40.40logger{39} : %m%n%wEx`.

use super::super::moment::Moment;

/// One running application.
#[derive(Clone, Copy, Debug)]
pub struct App {
    pub name: &'static str,
    pub pid: u32,
}

/// `logger` as logback abbreviates it, at most 40 characters.
pub fn line(at: Moment, app: App, level: &str, thread: &str, logger: &str, message: &str) -> String {
    format!(
        "{} {level:>5} {} --- [{}] [{thread}] {logger:<40} : {message}\n",
        at.spring(),
        app.pid,
        app.name
    )
}

/// The same with an exception: a blank line, the trace (each line ended), a blank line.
pub fn line_with_trace(
    at: Moment,
    app: App,
    thread: &str,
    logger: &str,
    message: &str,
    trace: &str,
) -> String {
    let header = line(at, app, "ERROR", thread, logger, message);
    format!("{header}\n{trace}\n")
}
