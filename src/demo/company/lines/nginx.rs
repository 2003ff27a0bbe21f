//! nginx's access log.

use super::super::moment::Moment;

/// The `log_format` of the company's servers: *combined*, then how long the request took, how much was received,
/// and whose session it was.
pub const LOG_FORMAT: &str = concat!(
    r#"$remote_addr - $remote_user [$time_local] "$request" $status $body_bytes_sent "#,
    r#""$http_referer" "$http_user_agent" rt=$request_time rl=$request_length sid="$cookie_session""#
);

/// One answered request. Text is given as nginx writes it: `-` for what is absent, `"`, `\` and control
/// characters as `\xHH`.
#[derive(Clone, Debug)]
pub struct Access<'a> {
    pub client: &'a str,
    pub user: &'a str,
    /// The request line: method, target, version.
    pub request: &'a str,
    pub status: u16,
    pub sent_bytes: u64,
    pub referer: &'a str,
    pub agent: &'a str,
    pub secs: f64,
    pub received_bytes: u64,
    pub session: &'a str,
}

/// nginx writes when the answer is complete; `at` is that moment.
pub fn line(at: Moment, access: &Access<'_>) -> String {
    let Access {
        client,
        user,
        request,
        status,
        sent_bytes,
        referer,
        agent,
        secs,
        received_bytes,
        session,
    } = access;
    format!(
        "{client} - {user} [{}] \"{request}\" {status} {sent_bytes} \"{referer}\" \"{agent}\" \
         rt={secs:.3} rl={received_bytes} sid=\"{session}\"\n",
        at.nginx()
    )
}
