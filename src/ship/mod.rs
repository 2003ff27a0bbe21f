//! Events become bulk bodies, bodies become verdicts.
