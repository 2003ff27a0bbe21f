/// How an output came to its end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ended {
    /// The input closed, and everything that came is settled.
    Drained,
    /// Some of what came is not settled: it is read again at the next start.
    GaveUp,
    /// Nobody reads standard output any more.
    Closed,
    /// Standard output cannot be written to; the log says why.
    Failed,
}
