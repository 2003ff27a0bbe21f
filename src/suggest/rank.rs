//! How well the pipelines of a library fit a log.

use std::cmp::Reverse;

use super::fit::{Candidate, Fit};
use super::likeness::Likeness;
use crate::config::Diagnostics;
use crate::event::Timestamp;
use crate::pipeline::{HostWords, Library, compile};

/// A pipeline of a smaller share is not worth a word.
const SHARE_MIN: f64 = 0.05;

/// A pipeline of a smaller share does not know the log.
const SHARE_KNOWN: f64 = 0.475;

/// What takes so much says how many fields there are to be found.
const SHARE_MOST: f64 = 0.8;

/// What finds so much of what the best one finds, finds about the same.
const FIELDS_CLOSE: f64 = 0.87;

/// Two pipelines of which one is worth so much of the other fit alike: then the path decides.
const WORTH_CLOSE: f64 = 0.85;

/// What finds fewer fields in an event, on average, knows next to nothing of it.
const FIELDS_POOR: f64 = 0.5;

/// So many lines are held beside the examples.
const SHAPES_MAX: usize = 40;

/// Every pipeline that fits some of `lines`, the best one first.
///
/// What a container runtime has wrapped is to be unwrapped. Then that pipeline is best that takes the most lines, finds
/// the most in them, and whose own examples look most like them: one of many that read the same lines is made for them.
/// Among those that fit alike it is the one that `path` speaks of. Those that find next to nothing, then
/// those that take anything stand behind all that know half of the lines.
pub fn rank(library: &Library, lines: &[&[u8]], path: &str, now: Timestamp) -> Vec<Fit> {
    among(&candidates(library), lines, path, now)
}

/// The pipelines of a library, those with mistakes left out.
pub(super) fn candidates(library: &Library) -> Vec<Candidate> {
    let mut diagnostics = Diagnostics::new();
    library
        .names()
        .into_iter()
        .filter_map(|name| {
            let file = library.pipeline(name, &mut diagnostics)?;
            let pipeline = compile(&file, library, &HostWords::default(), &mut diagnostics)?;
            Some(Candidate::new(file, pipeline))
        })
        .collect()
}

/// As [`rank`], among these.
pub(super) fn among(candidates: &[Candidate], lines: &[&[u8]], path: &str, now: Timestamp) -> Vec<Fit> {
    let path = path.to_lowercase();
    let spoken_of = |name: &str| name.split('-').filter(|part| path.contains(part)).count();
    let heads = lines
        .iter()
        .filter(|line| line.first().is_some_and(u8::is_ascii_graphic));
    let shapes: Vec<Likeness> = heads.take(SHAPES_MAX).map(|line| Likeness::of(line)).collect();
    let mut fits: Vec<Fit> = candidates
        .iter()
        .map(|candidate| candidate.fit(lines, &shapes, now))
        .filter(|fit| fit.share >= SHARE_MIN)
        .collect();
    let fields = |share_min: f64| {
        let known = fits
            .iter()
            .filter(|fit| !fit.takes_anything && fit.share >= share_min);
        known.map(|fit| fit.fields).fold(0.0, f64::max)
    };
    let fields_most = match fields(SHARE_MOST) {
        0.0 => fields(SHARE_MIN),
        most => most,
    };
    // Finding half of what is there is worth a quarter: the rest is what one wants.
    let worth = |fit: &Fit| {
        let found = (fit.fields / (FIELDS_CLOSE * fields_most)).min(1.0);
        fit.share * found.powi(2) * fit.likeness
    };
    let worth_most = fits
        .iter()
        .filter(|fit| fit.share >= SHARE_KNOWN && !fit.wraps)
        .map(worth)
        .fold(0.0, f64::max);
    fits.sort_by_cached_key(|fit| {
        let worth = worth(fit);
        let last = fit.takes_anything || fit.share < SHARE_KNOWN;
        let close = worth >= WORTH_CLOSE * worth_most;
        let poor = fit.fields < FIELDS_POOR;
        (
            (last, fit.takes_anything, poor),
            Reverse(fit.wraps),
            Reverse(if fit.wraps { thousandths(fit.fields) } else { 0 }),
            // Of those that find as little as the others that one is honest which promises the least.
            if fit.wraps || poor { fit.knows } else { 0 },
            Reverse(close),
            Reverse(if close { spoken_of(&fit.pipeline) } else { 0 }),
            close && fit.misses_wrapping,
            Reverse(thousandths(worth)),
            fit.pipeline.clone(),
        )
    });
    fits
}

/// A number that has an order.
fn thousandths(number: f64) -> u64 {
    (number * 1000.0) as u64
}
