//! The shop funnel as a question and its answer. Pure values: persons are counted in `sql/views/funnel.sql`, money is
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
    pub visitors: u64,
    pub bounced: u64,
    pub effective: u64,
    pub open: u64,
    pub inquirers: u64,
    pub silent_visitors: u64,
    pub inquiry_buyers: u64,
    pub silent_buyers: u64,
    pub buyers: u64,
    pub inquiry_payers: u64,
    pub silent_payers: u64,
    pub payers: u64,
    pub after_sale_inquirers: u64,
    #[schema(required)]
    pub effective_entry_rate: Option<f64>,
    #[schema(required)]
    pub bounce_rate: Option<f64>,
    #[schema(required)]
    pub inquiry_rate: Option<f64>,
    #[schema(required)]
    pub inquiry_conversion_rate: Option<f64>,
    #[schema(required)]
    pub inquiry_paid_rate: Option<f64>,
    #[schema(required)]
    pub silent_conversion_rate: Option<f64>,
    #[schema(required)]
    pub silent_paid_rate: Option<f64>,
    #[schema(required)]
    pub silent_rate_all_visitors: Option<f64>,
    #[schema(required)]
    pub silent_share_of_buyers: Option<f64>,
    #[schema(required)]
    pub payment_rate: Option<f64>,
    #[schema(required)]
    pub overall_conversion_rate: Option<f64>,
}

/// The figures of one window, bucket or group.
#[derive(Debug, Clone, PartialEq)]
pub struct Figures {
    pub funnel: Funnel,
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
