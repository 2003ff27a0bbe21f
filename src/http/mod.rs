//! The endpoint: metrics, health, status.
//!
//! | path | answer |
//! | --- | --- |
//! | `/metrics` | all metrics, as Prometheus text or OpenMetrics, gzip where the client takes it |
//! | `/healthz` | 200 as long as the process answers |
//! | `/readyz` | 200, or 503 with the reason |
//! | `/status` | what the agent does at this moment, in JSON |
//!
//! [`serve`] takes plain connections. TLS and authentication, which a listener beyond loopback needs, belong
//! between accepting a connection and `Endpoint::answer`; protobuf is one more format of the page.

mod accept;
mod answer;
mod listen;
mod serve;
mod telemetry;

pub use answer::{Endpoint, MetricsPage};
pub use listen::{ListenError, listen};
pub use serve::serve;
pub use telemetry::{InstallError, Telemetry};
