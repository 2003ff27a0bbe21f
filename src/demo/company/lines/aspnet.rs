//! The simple console formatter of ASP.NET Core with `TimestampFormat = "yyyy-MM-dd HH:mm:ss.fff "`.

use super::super::moment::Moment;

/// `level` is the formatter's four letters: `trce`, `dbug`, `info`, `warn`, `fail`, `crit`. Each line of `body`
/// goes below the header, six blanks in.
pub fn lines(at: Moment, level: &str, category: &str, event_id: u32, body: &str) -> String {
    let mut text = format!("{} {level}: {category}[{event_id}]\n", at.aspnet());
    for line in body.lines() {
        text.push_str("      ");
        text.push_str(line);
        text.push('\n');
    }
    text
}
