use std::ops::Range;
use std::sync::Arc;

use super::SourceFile;

/// Where in which file, and what to say under the caret.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    pub file: Arc<SourceFile>,
    /// Bytes of the file's text.
    pub span: Range<usize>,
    /// May be empty.
    pub label: String,
}
