/// The event is not of this format.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Mismatch {
    /// The byte of the event up to which it was.
    pub at: usize,
    /// What was expected there.
    pub expected: &'static str,
}

impl Mismatch {
    /// The line says too much: more than [`crate::limits::EXTRAS_MAX`] such keys.
    pub fn too_many_keys(at: usize) -> Mismatch {
        Mismatch {
            at,
            expected: "fewer keys that the pipeline does not name",
        }
    }
}
