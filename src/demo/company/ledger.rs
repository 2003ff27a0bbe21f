//! What the company itself knows about its orders: the truth that the logs are measured against.

use std::collections::VecDeque;

use super::moment::Moment;

/// Orders that stay known by number; older ones are only counted.
const LOST_KEPT: usize = 1_000;

/// Numbers of recent orders, for the pages that customers look at.
const RECENT_KEPT: usize = 200;

/// The number before the first order's.
const FIRST_ORDER: u64 = 10_400;

/// Between which systems an order got lost.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Gap {
    ShopToCrm,
    CrmToMes,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LostOrder {
    pub order: u64,
    pub gap: Gap,
    /// When it should have gone on, in microseconds since 1970-01-01T00:00:00Z.
    pub at_micros: i64,
}

/// `placed = made + lost + under way`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Ledger {
    pub placed: u64,
    /// By the CRM.
    pub taken_up: u64,
    /// By the MES.
    pub accepted: u64,
    pub made: u64,
    pub lost_shop_to_crm: u64,
    pub lost_crm_to_mes: u64,
    lost: VecDeque<LostOrder>,
    numbered: u64,
}

impl Ledger {
    pub fn lost(&self) -> u64 {
        self.lost_shop_to_crm + self.lost_crm_to_mes
    }

    pub fn under_way(&self) -> u64 {
        self.placed - self.made - self.lost()
    }

    /// The last thousand, the oldest first.
    pub fn lost_orders(&self) -> impl DoubleEndedIterator<Item = &LostOrder> {
        self.lost.iter()
    }

    pub(super) fn lose(&mut self, order: u64, gap: Gap, at: Moment) {
        match gap {
            Gap::ShopToCrm => self.lost_shop_to_crm += 1,
            Gap::CrmToMes => self.lost_crm_to_mes += 1,
        }
        if self.lost.len() == LOST_KEPT {
            self.lost.pop_front();
        }
        self.lost.push_back(LostOrder {
            order,
            gap,
            at_micros: at.0,
        });
    }

    /// The number of the next order.
    pub(super) fn number(&mut self) -> u64 {
        self.numbered += 1;
        FIRST_ORDER + self.numbered
    }

    /// How many numbers back from the last one a page may look.
    pub(super) fn recent(&self, back: u64) -> u64 {
        FIRST_ORDER + self.numbered - back.min(self.numbered).min(RECENT_KEPT as u64)
    }
}
