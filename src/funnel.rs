//! The shop funnel as a question and its answer. Pure values: the figures are made in `sql/views/funnel.sql`.

use chrono::{Days, NaiveDate};
use serde::{Deserialize, Serialize};

/// Days of a window that names none.
pub const DEFAULT_WINDOW_DAYS: u64 = 30;
/// Longest window that may be asked for: two years, one of them a leap year.
pub const MAX_WINDOW_DAYS: i64 = 731;

/// Days `from`..`to`, both included, of the shop's calendar.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Window {
    pub from: NaiveDate,
    pub to: NaiveDate,
}

impl Window {
    /// The [`DEFAULT_WINDOW_DAYS`] days that end with `today`.
    pub fn last_days(today: NaiveDate) -> Window {
        Window { from: today - Days::new(DEFAULT_WINDOW_DAYS - 1), to: today }
    }

    /// Number of days, at least 1.
    pub fn days(&self) -> i64 {
        (self.to - self.from).num_days() + 1
    }

    /// Whether `day` lies in the window.
    pub fn holds(&self, day: NaiveDate) -> bool {
        self.from <= day && day <= self.to
    }
}

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
}

/// Counts are distinct visitors of the window; a rate is `None` where its base is 0.
/// Ids and formulas are those of METRICS section 2.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
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
    pub effective_entry_rate: Option<f64>,
    pub bounce_rate: Option<f64>,
    pub inquiry_rate: Option<f64>,
    pub inquiry_conversion_rate: Option<f64>,
    pub inquiry_paid_rate: Option<f64>,
    pub silent_conversion_rate: Option<f64>,
    pub silent_paid_rate: Option<f64>,
    pub silent_rate_all_visitors: Option<f64>,
    pub silent_share_of_buyers: Option<f64>,
    pub payment_rate: Option<f64>,
    pub overall_conversion_rate: Option<f64>,
}

/// The funnel, and how far its persons can be trusted.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub struct Answer {
    #[serde(flatten)]
    pub funnel: Funnel,
    /// Share of visitors known by a same-day id only; `None` without visitors.
    pub cookieless_share: Option<f64>,
}
