use crate::source::family::Sibling;
use crate::source::sibling::{Order, Packed};

/// Which rotated files next to a watched name were never seen under it.
#[derive(Debug)]
pub(super) enum Missed {
    None,
    /// Every one that is not known: the name's file has changed while we looked.
    All,
    /// Those that were made before the name's file, in nanoseconds since the epoch, and so had its name before it: a
    /// copy is made after the file that it is of. None where the file system does not say when files were made.
    BornBefore(Option<i64>),
    /// Those that were rotated after the file that was read last.
    Since {
        order: Option<Order>,
        modified: i64,
    },
}

impl Missed {
    /// Whether rotation gives the youngest file the highest number (`fileIndex="nomax"`) and not the lowest: what most
    /// of them say by their times. What was rotated before the file that was read last was not written to after it.
    pub fn by_rising_numbers(&self, siblings: &[Sibling]) -> bool {
        let Missed::Since {
            order: Some(Order::Number(last)),
            modified,
        } = self
        else {
            return false;
        };
        let number = |it: &Sibling| match it.order {
            Order::Number(number) => Some((it.packed, number, it.facts.modified)),
            Order::Stamp(_) | Order::Old => None,
        };
        let mut numbered: Vec<_> = siblings.iter().filter_map(number).collect();
        numbered.sort_unstable();
        // The time of a compressed file may be that of its compressing, so only those of one kind are compared.
        let pairs = || {
            let pairs = numbered.windows(2);
            pairs.filter(|it| it[0].0 == it[1].0)
        };
        let rising = pairs().filter(|it| it[0].2 < it[1].2).count();
        let below = |(_, number, time): &(Packed, u32, i64)| number < last && time > modified;
        rising > pairs().count() - rising && !numbered.iter().any(below)
    }

    /// `rises`: as [`Missed::by_rising_numbers`] says.
    pub fn includes(&self, sibling: &Sibling, rises: bool) -> bool {
        match self {
            Missed::None => false,
            Missed::All => true,
            Missed::BornBefore(live) => {
                let is_older = sibling
                    .facts
                    .born
                    .zip(*live)
                    .is_some_and(|(born, live)| born < live);
                sibling.packed == Packed::No && is_older
            }
            Missed::Since { order, modified } => order
                .as_ref()
                .and_then(|order| match sibling.order {
                    Order::Number(_) if rises => order.is_younger_than(&sibling.order),
                    _ => sibling.order.is_younger_than(order),
                })
                .unwrap_or(sibling.facts.modified > *modified),
        }
    }
}
