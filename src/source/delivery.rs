use std::path::Path;
use std::sync::Arc;
use std::time::SystemTime;

use super::Pooled;
use crate::event::FileKey;
use crate::lane::Lane;

/// Where the events of a chunk come from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Origin {
    pub key: FileKey,
    /// The name that the file was first seen under. It stays when the file is rotated, so that all documents
    /// of one file carry one path.
    pub path: Arc<Path>,
}

/// What the source sends to a worker.
#[derive(Debug)]
pub struct Delivery {
    pub origin: Arc<Origin>,
    /// What becomes of the events.
    pub lane: Arc<Lane>,
    /// Goes back to the pool when it is dropped.
    pub chunk: Pooled,
    /// Of a file that names its columns: what its last header before the chunk says.
    pub header: Option<Arc<[u8]>>,
    pub read_at: SystemTime,
}
