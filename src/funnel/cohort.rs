//! What became of the inquirers of a day (METRICS section 3). Counted in `ledger/life.rs`, added up in
//! `sql/views/funnel/cohorts.sql`.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// Counts are visitors; a rate is their share of the inquirers, `None` where there are none.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Cohort {
    /// With a pre-sale inquiry that day.
    pub inquirers: u64,
    /// Who placed an order after it on that day.
    pub buyers_d0: u64,
    /// Who placed one by [`FINAL_DAYS`](super::FINAL_DAYS) later.
    pub buyers_final: u64,
    /// Who paid such an order on that day.
    pub payers_d0: u64,
    /// Who paid one by the next day.
    pub payers_d1: u64,
    /// Who paid one by [`FINAL_DAYS`](super::FINAL_DAYS) later.
    pub payers_final: u64,
    /// With an order placed that day / inquirers.
    #[schema(required)]
    pub order_d0: Option<f64>,
    /// With one by `final_days` later / inquirers.
    #[schema(required)]
    pub order_final: Option<f64>,
    /// With such an order paid that day / inquirers.
    #[schema(required)]
    pub paid_d0: Option<f64>,
    /// Paid by the next day / inquirers.
    #[schema(required)]
    pub paid_d1: Option<f64>,
    /// Paid by `final_days` later / inquirers.
    #[schema(required)]
    pub paid_final: Option<f64>,
}
