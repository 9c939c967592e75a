//! What the orders of a window tell about their persons (METRICS section 5, "repeat" and "cycle"). Counted in
//! `sql/views/orders/repeat_buyers.sql` and `sql/views/orders/cycles.sql`.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// Persons are customers where known, else visitors. A rate is `None` where nobody paid.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Repeat {
    /// With a paid order placed in the window.
    pub payers: u64,
    /// With two or more of them.
    pub repeat_buyers: u64,
    /// repeat_buyers / payers; null without any.
    #[schema(required)]
    pub repeat_buyer_rate: Option<f64>,
    /// Payers who also paid in the 365 days before the window.
    pub old_buyers: u64,
    /// old_buyers / payers; null without any.
    #[schema(required)]
    pub old_buyer_share: Option<f64>,
}

/// From the visit that began an order.
#[derive(Debug, Clone, Default, PartialEq, Serialize, ToSchema)]
pub struct Cycle {
    /// From the first visit to the order.
    pub days_to_order: Span,
    /// From the first visit to the payment.
    pub days_to_payment: Span,
}

/// Days with fractions; `None` without orders.
#[derive(Debug, Clone, Default, PartialEq, Serialize, ToSchema)]
pub struct Span {
    /// Those that are measured.
    pub orders: u64,
    /// In days, with fractions; null without orders.
    #[schema(required)]
    pub median: Option<f64>,
    /// In days, with fractions; null without orders.
    #[schema(required)]
    pub mean: Option<f64>,
}
