use super::fixed::Fixed;

/// Upper bounds of buckets, in the base unit.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Bounds {
    pub floats: Vec<f64>,
    pub exact: Vec<Fixed>,
}

impl Bounds {
    pub fn new(floats: &[f64]) -> Self {
        let exact = |&bound: &f64| Fixed::float(bound, 1_000_000_000);
        Bounds {
            floats: floats.to_vec(),
            exact: floats.iter().map(exact).collect(),
        }
    }

    /// The bounds and one for the rest.
    pub fn bucket_count(&self) -> usize {
        self.floats.len() + 1
    }
}
