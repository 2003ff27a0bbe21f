//! PostgreSQL's stderr log with Debian's `log_line_prefix = '%m [%p] %q%u@%d '`.

use super::super::moment::Moment;

/// Who wrote it: a client's back end has a user and a database, the server's own processes have neither.
#[derive(Clone, Copy, Debug)]
pub struct Process {
    pub pid: u32,
    pub session: Option<(&'static str, &'static str)>,
}

/// `severity` is `LOG`, `ERROR`, or what belongs to the message before: `DETAIL`, `HINT`, `STATEMENT`. Lines of
/// `message` after the first are marked with a tab, as the server does.
pub fn line(at: Moment, process: Process, severity: &str, message: &str) -> String {
    let message = message.replace('\n', "\n\t");
    let (at, pid) = (at.postgres(), process.pid);
    match process.session {
        Some((user, database)) => {
            format!("{at} [{pid}] {user}@{database} {severity}:  {message}\n")
        }
        None => format!("{at} [{pid}] {severity}:  {message}\n"),
    }
}
