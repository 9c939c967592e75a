//! What the orders of a window tell about their persons.

use super::views::{Text, text_of};
use crate::funnel::{Cycle, Question, Repeat, Span};
use crate::store::client::Store;
use crate::store::error::StoreError;
use serde::Deserialize;

static REPEAT: Text = Text::new(|| text_of!("orders/repeat_buyers"));
static CYCLES: Text = Text::new(|| text_of!("orders/cycles"));

#[derive(Debug, Deserialize)]
struct CycleRow {
    orders: u64,
    paid_orders: u64,
    order_median: Option<f64>,
    order_mean: Option<f64>,
    payment_median: Option<f64>,
    payment_mean: Option<f64>,
}

impl Store {
    /// Who paid for orders of the window, several times, and before.
    ///
    /// # Errors
    /// As [`Store::figures`].
    pub async fn repeat(&self, question: &Question) -> Result<Repeat, StoreError> {
        self.row(self.about(&REPEAT, question)).await
    }

    /// How long the orders of the window took.
    ///
    /// # Errors
    /// As [`Store::figures`].
    pub async fn cycle(&self, question: &Question) -> Result<Cycle, StoreError> {
        let row: CycleRow = self.row(self.about(&CYCLES, question)).await?;
        Ok(Cycle {
            days_to_order: Span { orders: row.orders, median: row.order_median, mean: row.order_mean },
            days_to_payment: Span {
                orders: row.paid_orders,
                median: row.payment_median,
                mean: row.payment_mean,
            },
        })
    }
}
