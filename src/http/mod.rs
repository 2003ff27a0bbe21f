//! The endpoint: metrics, health, status.
