/// The event is not of this format.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Mismatch {
    /// The byte of the event up to which it was.
    pub at: usize,
}
