//! The embedded default: something to look at before anything is configured.
//!
//! ```text
//! company ─▶ writer ─▶ log files ─▶ (the real agent) ─▶ /metrics text ─▶ screen ─▶ terminal
//! ```
//!
//! [`company`] makes up what a Shop, a CRM and a MES write into their logs; [`writer`] appends it to real files
//! and rotates them; [`screen`] reads the agent's metrics and draws them. The two halves know nothing of each
//! other: whatever the screen shows went through the agent, but for the orders, which the company counts itself.

pub mod company;
pub mod screen;
pub mod writer;

impl From<&company::Ledger> for screen::Orders {
    fn from(ledger: &company::Ledger) -> Self {
        screen::Orders {
            placed: ledger.placed,
            made: ledger.made,
            under_way: ledger.under_way(),
            lost: ledger.lost(),
            last_lost: ledger.lost_orders().next_back().map(|lost| lost.order),
        }
    }
}
