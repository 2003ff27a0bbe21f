//! RabbitMQ's text log (3.9 and later): `time [level] <pid> message`, the header repeated on each line.

use super::super::moment::Moment;

/// `process` is the middle number of the Erlang process id `<0.process.0>`.
pub fn lines(at: Moment, level: &str, process: u32, message: &str) -> String {
    let at = at.rabbit().to_string();
    let mut text = String::new();
    for line in message.split('\n') {
        text.push_str(&format!("{at} [{level}] <0.{process}.0> {line}\n"));
    }
    text
}
