//! Questions: each is a parameterised view of `sql/views`, called with typed parameters, never with glued text.

use super::{Store, StoreError, in_time};
use crate::funnel::{
    Branch, Cash, Dimension, FINAL_DAYS, Figures, Filters, Funnel, Interval, Orders, Parts, Question,
    Waiting, Window,
};
use crate::money::{Currency, Sum};
use chrono::{DateTime, NaiveDate, NaiveDateTime};
use clickhouse::query::Query;
use serde::de::{DeserializeOwned, Error};
use serde::{Deserialize, Deserializer};
use std::collections::BTreeMap;

const FUNNEL: &str = "SELECT * FROM funnel(shop = {shop:String}, from = {from:Date}, to = {to:Date}, \
    today = {today:Date}, now = {now:DateTime64(3, 'UTC')}, after_sale_days = {after_sale_days:UInt16}, \
    currency = {currency:String}, interval = {interval:String})";
const FUNNEL_BY: &str = "SELECT *, count() OVER () AS groups FROM funnel_by(shop = {shop:String}, from = {from:Date}, \
    to = {to:Date}, today = {today:Date}, now = {now:DateTime64(3, 'UTC')}, \
    after_sale_days = {after_sale_days:UInt16}, final_days = {final_days:UInt16}, currency = {currency:String}, \
    interval = {interval:String}, breakdown = {breakdown:String}, \
    filter_dimensions = {filter_dimensions:Array(String)}, filter_values = {filter_values:Array(Array(String))}) \
    ORDER BY visitors DESC, value IS NULL, value LIMIT {limit:UInt32}";
const CASH: &str = "SELECT * FROM cash(shop = {shop:String}, from = {from:Date}, to = {to:Date}, \
    currency = {currency:String}, interval = {interval:String})";
const LATE_CHANGES: &str =
    "SELECT * FROM late_changes(shop = {shop:String}, from = {from:Date}, to = {to:Date})";

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

/// A moment as ClickHouse writes it, in epoch milliseconds.
pub(super) fn moment<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<i64>, D::Error> {
    let text = Option::<String>::deserialize(deserializer)?;
    text.map(|text| NaiveDateTime::parse_from_str(&text, "%Y-%m-%d %H:%M:%S%.f").map_err(D::Error::custom))
        .map(|moment| moment.map(|moment| moment.and_utc().timestamp_millis()))
        .transpose()
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
        let asked = self.about(FUNNEL, question).param("interval", interval.map_or("", Interval::as_str));
        let cash = self.about(CASH, question).param("interval", interval.map_or("", Interval::as_str));
        let (rows, cash) = tokio::try_join!(answers::<FunnelRow>(asked), answers::<CashRow>(cash))?;
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
            .asking(LATE_CHANGES)
            .param("shop", shop)
            .param("from", window.from.to_string())
            .param("to", window.to.to_string());
        Ok(answers::<LateRow>(asked).await?.pop().and_then(|row| row.received_at))
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
            .about(FUNNEL_BY, question)
            .param("final_days", FINAL_DAYS)
            .param("interval", interval.map_or("", Interval::as_str))
            .param("breakdown", breakdown.map_or("", Dimension::as_str))
            .param("filter_dimensions", dimensions)
            .param("filter_values", values)
            .param("limit", limit);
        answers(asked).await
    }

    /// A statement about a window of a shop.
    pub(super) fn about(&self, statement: &str, question: &Question) -> Query {
        let now = DateTime::from_timestamp_millis(question.now_ms).unwrap_or_default();
        self.asking(statement)
            .param("shop", &question.shop)
            .param("from", question.window.from.to_string())
            .param("to", question.window.to.to_string())
            .param("today", question.today.to_string())
            .param("now", now.format("%Y-%m-%d %H:%M:%S%.3f").to_string())
            .param("after_sale_days", question.after_sale_days)
            .param("currency", question.currency.code())
    }

    /// A statement whose answer is read by [`answers`].
    pub(super) fn asking(&self, statement: &str) -> Query {
        self.client
            .query_raw(statement)
            // When nobody waits for the answer any more, the server stops looking for it.
            .with_setting("max_execution_time", "30")
            .with_setting("cancel_http_readonly_queries_on_client_close", "1")
            .with_setting("output_format_json_quote_64bit_integers", "0")
            .with_setting("output_format_json_quote_denormals", "0")
            .with_setting("output_format_json_quote_decimals", "1")
    }
}

fn row_of<K>(row: &FunnelRow, of: K, cash: Option<&[Cash]>) -> Row<K> {
    Row { of, figures: row.figures(cash), changed_at_ms: row.changed_at }
}

/// The rows of an answer.
pub(super) async fn answers<T: DeserializeOwned>(query: Query) -> Result<Vec<T>, StoreError> {
    let mut lines = query.fetch_bytes("JSONEachRow")?;
    let lines = in_time(lines.collect()).await?;
    serde_json::Deserializer::from_slice(&lines)
        .into_iter()
        .collect::<Result<_, _>>()
        .map_err(|error| StoreError::Refused(format!("an answer has an unexpected shape: {error}")))
}
