//! The endpoint: metrics, health, status.
//!
//! | path | answer |
//! | --- | --- |
//! | `/metrics` | all metrics, as Prometheus text, OpenMetrics or protobuf, gzip where the client takes it |
//! | `/healthz` | 200 as long as the process answers |
//! | `/readyz` | 200, or 503 with the reason |
//! | `/status` | what the agent does at this moment, in JSON |
//!
//! A listener beyond loopback needs TLS and credentials: a [`Guard`] asks for both. TLS comes between accepting a
//! connection and HTTP, the credentials are looked at in `Endpoint::answer`.

mod accept;
mod answer;
mod guard;
mod listen;
mod serve;
mod telemetry;
mod tls;

pub use answer::{Endpoint, MetricsPage};
pub use guard::Guard;
pub use listen::{ListenError, listen};
pub use serve::serve;
pub use telemetry::{InstallError, Telemetry};
