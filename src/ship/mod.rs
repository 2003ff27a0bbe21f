//! Events become bulk bodies, bodies become verdicts.

mod batch;
mod pool;
mod settings;
mod settle;

pub use batch::{Batch, Doc, Origin, Part};
pub use pool::BatchPool;
pub use settings::{Auth, ClientCertificate, ElasticsearchSettings, REQUESTS_MAX, Secret};
pub use settle::{Settle, Tally};
