//! Settled spans become safe offsets; safe offsets become the checkpoint.
