//! The shop funnel as a question and its answer. Pure values: persons are counted in `sql/views/funnel/funnel.sql`, money is
//! summed there and divided here.

mod cohort;
mod dimension;
mod money;
mod orders;
mod window;

use crate::money::Currency;
use chrono::NaiveDate;
pub use cohort::Cohort;
pub use dimension::{Dimension, Filters};
pub use money::{Branch, Cash, Money, Orders, Parts, Waiting};
pub use orders::{Cycle, Repeat, Span};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
pub use window::{Comparison, DEFAULT_WINDOW_DAYS, Interval, MAX_WINDOW_DAYS, Window};

/// Days for which an inquiry's agent and channel are carried, and after which a cohort is closed (`final_days`).
pub const FINAL_DAYS: u16 = 3;

/// Everything that decides the answer.
#[derive(Debug, Clone)]
pub struct Question {
    /// Slug of the shop.
    pub shop: String,
    /// The days, both included.
    pub window: Window,
    /// The shop's day of `now_ms`.
    pub today: NaiveDate,
    /// Epoch milliseconds; decides who is still open.
    pub now_ms: i64,
    /// Days after an order on which an inquiry is after-sale.
    pub after_sale_days: u16,
    /// Of amounts that name none.
    pub currency: Currency,
}

/// Counts are distinct visitors of the window; a rate is `None` where its base is 0.
/// Ids and formulas are those of METRICS section 2.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Funnel {
    /// Everybody present in the window.
    pub visitors: u64,
    /// One page and nothing more.
    pub bounced: u64,
    /// Two pages on one day, or an inquiry, cart, favorite or order.
    pub effective: u64,
    /// One page today, less than half an hour ago: may become either.
    pub open: u64,
    /// With a pre-sale inquiry that no order of the window precedes.
    pub inquirers: u64,
    /// Effective, and no inquirers.
    pub silent_visitors: u64,
    /// Buyers who asked before their first order.
    pub inquiry_buyers: u64,
    /// The other buyers.
    pub silent_buyers: u64,
    /// Who placed an order.
    pub buyers: u64,
    /// Payers whose first order is of an inquiry.
    pub inquiry_payers: u64,
    /// The other payers.
    pub silent_payers: u64,
    /// Buyers one of whose orders has been paid.
    pub payers: u64,
    /// Who asked after a purchase only.
    pub after_sale_inquirers: u64,
    /// effective / (effective + bounced); null without any.
    #[schema(required)]
    pub effective_entry_rate: Option<f64>,
    /// bounced / (effective + bounced).
    #[schema(required)]
    pub bounce_rate: Option<f64>,
    /// inquirers / visitors.
    #[schema(required)]
    pub inquiry_rate: Option<f64>,
    /// inquiry_buyers / inquirers.
    #[schema(required)]
    pub inquiry_conversion_rate: Option<f64>,
    /// inquiry_payers / inquirers.
    #[schema(required)]
    pub inquiry_paid_rate: Option<f64>,
    /// silent_buyers / silent_visitors.
    #[schema(required)]
    pub silent_conversion_rate: Option<f64>,
    /// silent_payers / silent_visitors.
    #[schema(required)]
    pub silent_paid_rate: Option<f64>,
    /// silent_buyers / visitors.
    #[schema(required)]
    pub silent_rate_all_visitors: Option<f64>,
    /// silent_buyers / buyers.
    #[schema(required)]
    pub silent_share_of_buyers: Option<f64>,
    /// payers / buyers.
    #[schema(required)]
    pub payment_rate: Option<f64>,
    /// payers / visitors.
    #[schema(required)]
    pub overall_conversion_rate: Option<f64>,
}

/// The counts of which all others are differences and shares.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Counts {
    /// Everybody present.
    pub visitors: u64,
    /// With two pages on one day, or an inquiry, cart, favorite or placed order.
    pub effective: u64,
    /// Still undecided.
    pub open: u64,
    /// With a pre-sale inquiry.
    pub inquirers: u64,
    /// Who placed an order.
    pub buyers: u64,
    /// Those of them who asked before.
    pub inquiry_buyers: u64,
    /// Those of the buyers who paid.
    pub payers: u64,
    /// Those of them who asked before.
    pub inquiry_payers: u64,
    /// With any inquiry.
    pub inquired: u64,
    /// With a pre-sale inquiry.
    pub asked: u64,
    /// Known by a same-day id only.
    pub cookieless: u64,
}

impl Counts {
    /// Every count and rate, as the view `funnel` makes them.
    pub fn funnel(&self) -> Funnel {
        let Counts {
            visitors,
            effective,
            open,
            inquirers,
            buyers,
            inquiry_buyers,
            payers,
            inquiry_payers,
            ..
        } = *self;
        // A part is never more than its whole, unless the ledger has lost rows; then the night mends it, and nothing ends here.
        let bounced = visitors.saturating_sub(effective + open);
        let silent_visitors = effective.saturating_sub(inquirers);
        let silent_buyers = buyers.saturating_sub(inquiry_buyers);
        let silent_payers = payers.saturating_sub(inquiry_payers);
        let closed = effective + bounced;
        Funnel {
            visitors,
            bounced,
            effective,
            open,
            inquirers,
            silent_visitors,
            inquiry_buyers,
            silent_buyers,
            buyers,
            inquiry_payers,
            silent_payers,
            payers,
            after_sale_inquirers: self.inquired.saturating_sub(self.asked),
            effective_entry_rate: share(effective, closed),
            bounce_rate: share(bounced, closed),
            inquiry_rate: share(inquirers, visitors),
            inquiry_conversion_rate: share(inquiry_buyers, inquirers),
            inquiry_paid_rate: share(inquiry_payers, inquirers),
            silent_conversion_rate: share(silent_buyers, silent_visitors),
            silent_paid_rate: share(silent_payers, silent_visitors),
            silent_rate_all_visitors: share(silent_buyers, visitors),
            silent_share_of_buyers: share(silent_buyers, buyers),
            payment_rate: share(payers, buyers),
            overall_conversion_rate: share(payers, visitors),
        }
    }

    /// Share of visitors known by a same-day id only; `None` without visitors.
    pub fn cookieless_share(&self) -> Option<f64> {
        share(self.cookieless, self.visitors)
    }
}

/// `None` where the base is 0.
fn share(part: u64, base: u64) -> Option<f64> {
    (base > 0).then(|| part as f64 / base as f64)
}

/// The figures of one window, bucket or group.
#[derive(Debug, Clone, PartialEq)]
pub struct Figures {
    /// Persons and rates.
    pub funnel: Funnel,
    /// Sums, one entry per currency.
    pub money: Vec<Money>,
    /// Share of visitors known by a same-day id only; `None` without visitors.
    pub cookieless_share: Option<f64>,
}

impl Figures {
    /// Of a window in which nothing happened.
    pub fn of_nobody() -> Figures {
        Figures { funnel: Funnel::default(), money: Vec::new(), cookieless_share: None }
    }
}
