//! The pattern language: a line with its changing parts replaced by `{field}`.
