//! One kind of log, compiled: how its events are cut, parsed, changed and counted.
