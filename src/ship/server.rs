use std::future::Future;

use bytes::Bytes;

use super::trouble::Failure;
use super::verdict::Refusal;

/// Sends one bulk body to one host: the client, or a script in tests.
pub trait Server: Send + Sync + 'static {
    fn bulk(&self, host: usize, body: Bytes) -> impl Future<Output = Answer> + Send;
}

/// What came of one request.
#[derive(Debug)]
pub enum Answer {
    /// Status 200; the text is not read yet.
    Text(Vec<u8>),
    /// Status 413.
    TooLarge,
    /// Elasticsearch itself finds the body as a whole wrong (status 400).
    Refused(Refusal),
    /// Anything else: no verdicts, and nothing is known about what was stored.
    Failed(Failure),
}
