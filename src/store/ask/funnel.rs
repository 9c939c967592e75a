//! The funnel of a window, of its buckets and of its groups.

use super::question::moment;
use super::views::{Text, part_of, text_of, whole};
use crate::funnel::{
    Branch, Cash, Counts, Dimension, Figures, Filters, Funnel, Interval, Orders, Parts, Question, Waiting,
    Window,
};
use crate::ledger::chain::Set;
use crate::money::{Currency, Sum};
use crate::store::client::Store;
use crate::store::error::StoreError;
use chrono::NaiveDate;
use clickhouse::query::Query;
use serde::de::Error;
use serde::{Deserialize, Deserializer};
use std::cmp::Reverse;
use std::collections::BTreeMap;

static LEDGER_COUNTS: Text = Text::new(|| part_of!("ledger_counts"));
static OPEN_COUNTS: Text = Text::new(|| part_of!("open_counts"));
static FUNNEL_OF_DAYS: Text = Text::new(|| part_of!("funnel_of_days"));
static GROUPS_BY: Text = Text::new(|| {
    format!(
        "SELECT *, count() OVER () AS groups FROM (\n{}) ORDER BY visitors DESC, value IS NULL, value LIMIT \
        {{limit:UInt32}}",
        *FUNNEL_OF_DAYS
    )
});
/// Whether the ledger answers, as the view decides it.
static ANSWERS: Text =
    Text::new(|| whole("SELECT count() > 0 AS answers FROM system.one WHERE true\n-- part: if_ledger\n"));
static LATE_CHANGES: Text = Text::new(|| text_of!("funnel/late_changes"));

/// How the part `open_counts` calls what it counts.
const OPEN: &str = "open";

/// A question to the ledger reads so little that a second thread costs more than it saves.
const ONE_THREAD: &str = "1";

/// Figures with what they are of.
#[derive(Debug, Clone)]
pub struct Row<K> {
    /// First day of the bucket, or value of the group.
    pub of: K,
    /// The figures.
    pub figures: Figures,
}

/// The largest groups of a break-down.
#[derive(Debug, Clone)]
pub struct Groups {
    /// Most visitors first; `None` is "unknown".
    pub rows: Vec<Row<Option<String>>>,
    /// Groups beyond those.
    pub left_off: u64,
}

/// A row of `funnel`.
#[derive(Debug, Deserialize)]
struct FunnelRow {
    bucket: NaiveDate,
    value: Option<String>,
    #[serde(flatten)]
    funnel: Funnel,
    cookieless_share: Option<f64>,
    money: Vec<OrdersRow>,
    payers_in: Vec<PayersRow>,
    #[serde(default)]
    groups: u64,
}

#[derive(Debug, Deserialize)]
struct OrdersRow {
    currency: Currency,
    #[serde(deserialize_with = "branch")]
    branch: Branch,
    ordered: Sum,
    paid: Sum,
    refunded: Sum,
    unverified: Sum,
    cost: Sum,
    profit: Sum,
    orders: u64,
    paid_orders: u64,
    uncosted_orders: u64,
}

#[derive(Debug, Deserialize)]
struct PayersRow {
    currency: Currency,
    payers: u64,
}

/// A row of `ledger_counts` and `open_counts`.
#[derive(Debug, Deserialize)]
struct CountRow {
    bucket: NaiveDate,
    value: String,
    /// None: visitors of today who are still open, who are no set of the ledger.
    #[serde(deserialize_with = "set")]
    what: Option<Set>,
    /// None where persons are counted whatever they paid in.
    #[serde(deserialize_with = "currency")]
    currency: Option<Currency>,
    #[serde(deserialize_with = "branch")]
    branch: Branch,
    /// Never negative: each row of the ledger adds up what is there.
    #[serde(deserialize_with = "count")]
    counted: u64,
    sum: Sum,
}

/// A set that this version does not know is an error, and is never taken for another.
fn set<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Set>, D::Error> {
    let name = String::deserialize(deserializer)?;
    if name == OPEN {
        return Ok(None);
    }
    Set::parse(&name).map(Some).ok_or_else(|| D::Error::custom(format!("`{name}` is the name of no set")))
}

fn branch<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Branch, D::Error> {
    match u8::deserialize(deserializer)? {
        0 => Ok(Branch::Unattributed),
        1 => Ok(Branch::Inquiry),
        2 => Ok(Branch::Silent),
        other => Err(D::Error::custom(format!("{other} is the number of no branch"))),
    }
}

fn currency<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Currency>, D::Error> {
    let code = String::deserialize(deserializer)?;
    if code.is_empty() {
        return Ok(None);
    }
    Currency::parse(&code)
        .map(Some)
        .ok_or_else(|| D::Error::custom(format!("`{code}` is the code of no currency")))
}

fn count<'de, D: Deserializer<'de>>(deserializer: D) -> Result<u64, D::Error> {
    let count = i64::deserialize(deserializer)?;
    u64::try_from(count).map_err(|_| D::Error::custom(format!("{count} is no number of persons or orders")))
}

#[derive(Debug, Deserialize)]
struct AnswersRow {
    answers: u8,
}

#[derive(Debug, Deserialize)]
struct LateRow {
    #[serde(deserialize_with = "moment")]
    received_at: Option<i64>,
}

impl FunnelRow {
    fn figures(&self) -> Figures {
        let orders: Vec<Orders> = self.money.iter().map(OrdersRow::orders).collect();
        let payers: Vec<_> = self.payers_in.iter().map(|row| (row.currency, row.payers)).collect();
        let parts = Parts { orders: &orders, payers: &payers, visitors: self.funnel.visitors, cash: None };
        Figures { funnel: self.funnel.clone(), money: parts.money(), cookieless_share: self.cookieless_share }
    }
}

/// What the ledger counts of one bucket and value.
#[derive(Debug, Default)]
struct Counted {
    counts: Counts,
    orders: Vec<Orders>,
    payers_in: Vec<(Currency, u64)>,
    cash: Vec<Cash>,
}

impl Counted {
    fn add(&mut self, row: &CountRow) -> Result<(), StoreError> {
        let Some(set) = row.what else {
            self.counts.open += row.counted;
            return Ok(());
        };
        match self.counts.set(set.as_str()) {
            Some(persons) => *persons += row.counted,
            None => self.add_money(set, row)?,
        }
        Ok(())
    }

    fn add_money(&mut self, set: Set, row: &CountRow) -> Result<(), StoreError> {
        let count = row.counted;
        // Corrections leave rows of nothing behind.
        if count == 0 && row.sum == Sum::default() {
            return Ok(());
        }
        let Some(currency) = row.currency else {
            return Err(StoreError::Refused(format!("a row of the ledger counts {set:?} in no currency")));
        };
        match set {
            Set::PayersIn => self.payers_in.push((currency, count)),
            Set::Received => self.cash_in(currency).received = row.sum,
            Set::Waiting => self.cash_in(currency).waiting = Waiting { count, amount: row.sum },
            Set::Orders | Set::UnattributedOrders => {
                let orders = self.orders_in(currency, row.branch);
                (orders.orders, orders.ordered) = (count, row.sum);
            }
            Set::PaidOrders | Set::UnattributedPaidOrders => {
                let orders = self.orders_in(currency, row.branch);
                (orders.paid_orders, orders.paid) = (count, row.sum);
            }
            Set::Refunds | Set::UnattributedRefunds => {
                self.orders_in(currency, row.branch).refunded = row.sum;
            }
            Set::Unverified | Set::UnattributedUnverified => {
                self.orders_in(currency, row.branch).unverified = row.sum;
            }
            Set::Costs | Set::UnattributedCosts => {
                self.orders_in(currency, row.branch).cost = row.sum;
            }
            Set::Profits | Set::UnattributedProfits => {
                self.orders_in(currency, row.branch).profit = row.sum;
            }
            Set::UncostedOrders | Set::UnattributedUncostedOrders => {
                self.orders_in(currency, row.branch).uncosted_orders = count;
            }
            other => {
                return Err(StoreError::Refused(format!("{other:?} of the ledger is no part of a funnel")));
            }
        }
        Ok(())
    }

    fn orders_in(&mut self, currency: Currency, branch: Branch) -> &mut Orders {
        let index =
            self.orders.iter().position(|orders| orders.currency == currency && orders.branch == branch);
        let index = index.unwrap_or_else(|| {
            self.orders.push(Orders::none(currency, branch));
            self.orders.len() - 1
        });
        &mut self.orders[index]
    }

    fn cash_in(&mut self, currency: Currency) -> &mut Cash {
        let index = self.cash.iter().position(|cash| cash.currency == currency).unwrap_or_else(|| {
            self.cash.push(Cash { currency, received: Sum::default(), waiting: Waiting::default() });
            self.cash.len() - 1
        });
        &mut self.cash[index]
    }

    /// Whether nobody was there and nothing moved.
    fn is_nothing(&self) -> bool {
        self.counts.visitors == 0 && self.orders.is_empty() && self.cash.is_empty()
    }

    fn figures(&self, has_cash: bool) -> Figures {
        let parts = Parts {
            orders: &self.orders,
            payers: &self.payers_in,
            visitors: self.counts.visitors,
            cash: has_cash.then_some(&self.cash),
        };
        Figures {
            funnel: self.counts.funnel(),
            money: parts.money(),
            cookieless_share: self.counts.cookieless_share(),
        }
    }
}

impl OrdersRow {
    fn orders(&self) -> Orders {
        Orders {
            currency: self.currency,
            branch: self.branch,
            ordered: self.ordered,
            paid: self.paid,
            refunded: self.refunded,
            unverified: self.unverified,
            cost: self.cost,
            profit: self.profit,
            uncosted_orders: self.uncosted_orders,
            orders: self.orders,
            paid_orders: self.paid_orders,
        }
    }
}

impl Store {
    /// The figures of the window as one, or of each bucket in which anything happened. Under filters there is
    /// no cash.
    ///
    /// # Errors
    /// As of every question: away, ask again later; refused, the question costs more than the server allows,
    /// or the tables are not this version's.
    pub async fn figures(
        &self,
        question: &Question,
        interval: Option<Interval>,
        filters: &Filters,
    ) -> Result<Vec<Row<NaiveDate>>, StoreError> {
        if let Some(found) = self.ledger_counts(question, interval, None, filters).await? {
            let mut buckets: BTreeMap<NaiveDate, Counted> = BTreeMap::new();
            for row in found {
                buckets.entry(row.bucket).or_default().add(&row)?;
            }
            let has_cash = filters.is_empty();
            let buckets = buckets.into_iter().filter(|(_, counted)| !counted.is_nothing());
            return Ok(buckets.map(|(of, counted)| Row { of, figures: counted.figures(has_cash) }).collect());
        }
        let found: Vec<FunnelRow> =
            self.rows(self.about_days(&FUNNEL_OF_DAYS, question, interval, None, filters)).await?;
        Ok(found.iter().map(|row| Row { of: row.bucket, figures: row.figures() }).collect())
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
        if let Some(found) = self.ledger_counts(question, None, Some(breakdown), filters).await? {
            let mut values: BTreeMap<Option<String>, Counted> = BTreeMap::new();
            for row in found {
                let value = Some(row.value.clone()).filter(|value| !value.is_empty());
                values.entry(value).or_default().add(&row)?;
            }
            let mut groups: Vec<_> =
                values.into_iter().filter(|(_, counted)| !counted.is_nothing()).collect();
            // Unknown comes after the values of as many visitors.
            groups.sort_by_key(|(value, counted)| (Reverse(counted.counts.visitors), value.is_none()));
            let left_off = groups.len().saturating_sub(limit as usize) as u64;
            groups.truncate(limit as usize);
            let rows = groups.into_iter().map(|(of, counted)| Row { of, figures: counted.figures(false) });
            return Ok(Groups { rows: rows.collect(), left_off });
        }
        let asked = self.about_days(&GROUPS_BY, question, None, Some(breakdown), filters);
        let rows: Vec<FunnelRow> = self.rows(asked.param("limit", limit)).await?;
        let all = rows.first().map_or(0, |row| row.groups);
        Ok(Groups {
            left_off: all - rows.len() as u64,
            rows: rows.iter().map(|row| Row { of: row.value.clone(), figures: row.figures() }).collect(),
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
            .param("to", window.to.to_string())
            .with_setting("max_threads", ONE_THREAD);
        Ok(self.rows::<LateRow>(asked).await?.pop().and_then(|row| row.received_at))
    }

    /// What the ledger counts, and who is open where the window holds today; nothing when the ledger has no
    /// answer.
    async fn ledger_counts(
        &self,
        question: &Question,
        interval: Option<Interval>,
        breakdown: Option<Dimension>,
        filters: &Filters,
    ) -> Result<Option<Vec<CountRow>>, StoreError> {
        let may_answer = Likely::of(breakdown, filters);
        if may_answer == Likely::No {
            return Ok(None);
        }
        let about = |text: &str| {
            self.about_days(text, question, interval, breakdown, filters)
                .with_setting("max_threads", ONE_THREAD)
        };
        let answers = async {
            if may_answer == Likely::Always {
                return Ok(true);
            }
            self.row::<AnswersRow>(about(&ANSWERS)).await.map(|row| row.answers != 0)
        };
        let open = async {
            if question.window.holds(question.today) {
                self.rows(about(&OPEN_COUNTS)).await
            } else {
                Ok(Vec::new())
            }
        };
        let (mut found, open, answers) =
            tokio::try_join!(self.rows::<CountRow>(about(&LEDGER_COUNTS)), open, answers)?;
        found.extend(open);
        Ok(answers.then_some(found))
    }

    fn about_days(
        &self,
        text: &str,
        question: &Question,
        interval: Option<Interval>,
        breakdown: Option<Dimension>,
        filters: &Filters,
    ) -> Query {
        let (dimensions, values) = filters.columns();
        self.about(text, question)
            .param("interval", interval.map_or("", Interval::as_str))
            .param("breakdown", breakdown.map_or("", Dimension::as_str))
            .param("filter_dimensions", dimensions)
            .param("filter_values", values)
    }
}

/// Whether it is worth asking the ledger. The part `if_ledger` alone decides; what it would decide for every
/// shop is known without asking.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Likely {
    /// The ledger keeps the total of every shop.
    Always,
    /// It keeps all values of a dimension, and each by itself, unless there are too many.
    Unless,
    /// No row of it holds several values at once.
    No,
}

impl Likely {
    fn of(breakdown: Option<Dimension>, filters: &Filters) -> Likely {
        match breakdown {
            None if filters.is_empty() => Likely::Always,
            None if filters.single().is_some() => Likely::Unless,
            Some(_) if filters.is_empty() => Likely::Unless,
            _ => Likely::No,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(change: (&str, serde_json::Value)) -> Result<CountRow, serde_json::Error> {
        let mut row = serde_json::json!({ "bucket": "2026-11-22", "value": "", "what": "orders", "currency": "CNY",
            "branch": 1, "counted": 3, "sum": "12.5000" });
        row[change.0] = change.1;
        serde_json::from_value(row)
    }

    #[test]
    fn what_this_version_does_not_know_is_an_error_and_no_other_figure() {
        assert!(read(("what", "refunds".into())).is_ok());
        for (field, value) in [
            ("what", serde_json::json!("gifts")),
            ("what", "".into()),
            ("branch", 3.into()),
            ("currency", "XYZ".into()),
            ("counted", (-1).into()),
        ] {
            assert!(read((field, value.clone())).is_err(), "{field} {value}");
        }
        let in_no_currency = read(("currency", "".into())).unwrap();
        assert!(matches!(Counted::default().add(&in_no_currency), Err(StoreError::Refused(_))));
    }
}
