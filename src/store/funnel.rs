//! The funnel of a window, of its buckets and of its groups.

use super::ask::{moment, rows};
use super::views::{Text, text_of};
use super::{Store, StoreError};
use crate::funnel::{
    Branch, Cash, Dimension, FINAL_DAYS, Figures, Filters, Funnel, Interval, Orders, Parts, Question,
    Waiting, Window,
};
use crate::money::{Currency, Sum};
use chrono::NaiveDate;
use serde::Deserialize;
use std::collections::BTreeMap;

static FUNNEL: Text = Text::new(|| text_of!("funnel"));
static FUNNEL_BY: Text = Text::new(|| {
    format!(
        "SELECT *, count() OVER () AS groups FROM (\n{}) ORDER BY visitors DESC, value IS NULL, value LIMIT {{limit:UInt32}}",
        text_of!("funnel_by")
    )
});
static CASH: Text = Text::new(|| text_of!("cash"));
static LATE_CHANGES: Text = Text::new(|| text_of!("late_changes"));

/// Figures with what they are of.
#[derive(Debug, Clone)]
pub struct Row<K> {
    /// First day of the bucket, or value of the group.
    pub of: K,
    pub figures: Figures,
    /// Arrival, in epoch milliseconds, of the last payment or refund that came on a later day than its order.
    pub changed_at_ms: Option<i64>,
}

/// The largest groups of a break-down.
#[derive(Debug, Clone)]
pub struct Groups {
    /// Most visitors first; `None` is "unknown".
    pub rows: Vec<Row<Option<String>>>,
    pub left_off: u64,
}

/// A row of `funnel` and `funnel_by`.
#[derive(Debug, Deserialize)]
struct FunnelRow {
    bucket: NaiveDate,
    value: Option<String>,
    #[serde(flatten)]
    funnel: Funnel,
    cookieless_share: Option<f64>,
    money: Vec<OrdersRow>,
    payers_in: Vec<PayersRow>,
    #[serde(deserialize_with = "moment")]
    changed_at: Option<i64>,
    #[serde(default)]
    groups: u64,
}

#[derive(Debug, Deserialize)]
struct OrdersRow {
    currency: Currency,
    branch: u8,
    ordered: Sum,
    paid: Sum,
    refunded: Sum,
    orders: u64,
    paid_orders: u64,
}

#[derive(Debug, Deserialize)]
struct PayersRow {
    currency: Currency,
    payers: u64,
}

#[derive(Debug, Deserialize)]
struct CashRow {
    bucket: NaiveDate,
    currency: Currency,
    received: Sum,
    waiting_count: u64,
    waiting: Sum,
}

#[derive(Debug, Deserialize)]
struct LateRow {
    #[serde(deserialize_with = "moment")]
    received_at: Option<i64>,
}

impl FunnelRow {
    fn figures(&self, cash: Option<&[Cash]>) -> Figures {
        let orders: Vec<Orders> = self.money.iter().map(OrdersRow::orders).collect();
        let payers: Vec<_> = self.payers_in.iter().map(|row| (row.currency, row.payers)).collect();
        let parts = Parts { orders: &orders, payers: &payers, visitors: self.funnel.visitors, cash };
        Figures { funnel: self.funnel.clone(), money: parts.money(), cookieless_share: self.cookieless_share }
    }
}

impl OrdersRow {
    fn orders(&self) -> Orders {
        Orders {
            currency: self.currency,
            branch: match self.branch {
                0 => Branch::Unattributed,
                1 => Branch::Inquiry,
                _ => Branch::Silent,
            },
            ordered: self.ordered,
            paid: self.paid,
            refunded: self.refunded,
            orders: self.orders,
            paid_orders: self.paid_orders,
        }
    }
}

impl Store {
    /// The figures of the window as one, or of each bucket in which anything happened. Under filters there is no cash.
    ///
    /// # Errors
    /// As of every question: away, ask again later; refused, the question costs more than the server allows, or the
    /// tables are not this version's.
    pub async fn figures(
        &self,
        question: &Question,
        interval: Option<Interval>,
        filters: &Filters,
    ) -> Result<Vec<Row<NaiveDate>>, StoreError> {
        if !filters.is_empty() {
            let rows = self.funnel_by(question, interval, None, filters, u32::MAX).await?;
            return Ok(rows.iter().map(|row| row_of(row, row.bucket, None)).collect());
        }
        let asked = self.about(&FUNNEL, question).param("interval", interval.map_or("", Interval::as_str));
        let cash = self.about(&CASH, question).param("interval", interval.map_or("", Interval::as_str));
        let (rows, cash) = tokio::try_join!(rows::<FunnelRow>(asked), rows::<CashRow>(cash))?;
        let mut cash_of: BTreeMap<NaiveDate, Vec<Cash>> = BTreeMap::new();
        for row in cash {
            let waiting = Waiting { count: row.waiting_count, amount: row.waiting };
            let cash = Cash { currency: row.currency, received: row.received, waiting };
            cash_of.entry(row.bucket).or_default().push(cash);
        }
        let mut found: Vec<Row<NaiveDate>> = rows
            .iter()
            .map(|row| row_of(row, row.bucket, Some(&cash_of.remove(&row.bucket).unwrap_or_default())))
            .collect();
        // Days on which money came and nobody was there.
        found.extend(cash_of.into_iter().map(|(bucket, cash)| Row {
            of: bucket,
            figures: Figures {
                funnel: Funnel::default(),
                money: Parts { cash: Some(&cash), ..Parts::default() }.money(),
                cookieless_share: None,
            },
            changed_at_ms: None,
        }));
        Ok(found)
    }

    /// The `limit` largest groups of the window.
    ///
    /// # Errors
    /// As [`Store::figures`].
    pub async fn groups(
        &self,
        question: &Question,
        breakdown: Dimension,
        filters: &Filters,
        limit: u32,
    ) -> Result<Groups, StoreError> {
        let rows = self.funnel_by(question, None, Some(breakdown), filters, limit).await?;
        let all = rows.first().map_or(0, |row| row.groups);
        Ok(Groups {
            left_off: all - rows.len() as u64,
            rows: rows.iter().map(|row| row_of(row, row.value.clone(), None)).collect(),
        })
    }

    /// Arrival, in epoch milliseconds, of the last event of the window that came after its day had ended.
    ///
    /// # Errors
    /// As [`Store::figures`].
    pub async fn late_change(&self, shop: &str, window: Window) -> Result<Option<i64>, StoreError> {
        let asked = self
            .question(&LATE_CHANGES)
            .param("shop", shop)
            .param("from", window.from.to_string())
            .param("to", window.to.to_string());
        Ok(rows::<LateRow>(asked).await?.pop().and_then(|row| row.received_at))
    }

    async fn funnel_by(
        &self,
        question: &Question,
        interval: Option<Interval>,
        breakdown: Option<Dimension>,
        filters: &Filters,
        limit: u32,
    ) -> Result<Vec<FunnelRow>, StoreError> {
        let (dimensions, values) = filters.columns();
        let asked = self
            .about(&FUNNEL_BY, question)
            .param("final_days", FINAL_DAYS)
            .param("interval", interval.map_or("", Interval::as_str))
            .param("breakdown", breakdown.map_or("", Dimension::as_str))
            .param("filter_dimensions", dimensions)
            .param("filter_values", values)
            .param("limit", limit);
        rows(asked).await
    }
}

fn row_of<K>(row: &FunnelRow, of: K, cash: Option<&[Cash]>) -> Row<K> {
    Row { of, figures: row.figures(cash), changed_at_ms: row.changed_at }
}
