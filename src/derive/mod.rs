//! Counters and histograms from fields, each within its series budget.
