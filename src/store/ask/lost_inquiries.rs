//! Who asked and has not bought.

use super::question::{date_time, instant};
use super::views::{Text, text_of};
use crate::funnel::{Dimension, Filters, Question};
use crate::money::{Currency, Sum};
use crate::store::client::Store;
use crate::store::error::StoreError;
use serde::Deserialize;
use std::collections::HashMap;

static LOST: Text = Text::new(|| text_of!("inquiries/lost_inquiries"));
static WISHES: Text = Text::new(|| text_of!("inquiries/visitor_wishes"));
/// After every moment that an event may have: the end of 2199.
const AFTER_ALL_MS: i64 = 7_258_118_399_999;

/// A visitor who asked and has not bought.
#[derive(Debug, Clone)]
pub struct LostInquiry {
    /// Empty where nobody is known.
    pub visitor: String,
    /// Known by a same-day id only.
    pub is_cookieless: bool,
    /// Epoch milliseconds of the first and the last pre-sale inquiry of the window that no order followed.
    pub first_asked_ms: i64,
    /// See `first_asked_ms`.
    pub last_asked_ms: i64,
    /// Who answered the last one, and in which chat tool.
    pub agent: Option<String>,
    /// See `agent`.
    pub channel: Option<String>,
    /// The last one that the visitor named in the window.
    pub product: Option<String>,
    /// What the visitor's last inquiry, cart or favorite that tells an amount was worth.
    pub value: Option<(Sum, Currency)>,
}

/// One page of the list, most recent first.
#[derive(Debug, Clone)]
pub struct LostInquiries {
    /// Of all pages.
    pub count: u64,
    /// In the order of the list.
    pub rows: Vec<LostInquiry>,
    /// Where the next page begins, when there is one.
    pub next: Option<LostPlace>,
}

/// A place in the list: right after this row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LostPlace {
    /// When the first page was asked for: later arrivals move nobody. Epoch milliseconds.
    pub as_of_ms: i64,
    /// Epoch milliseconds of the row.
    pub last_asked_ms: i64,
    /// Orders inquiries of one moment.
    pub person: u64,
}

/// Which part of the list is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LostPage {
    /// The page begins right after it.
    pub after: LostPlace,
    /// Rows of the page.
    pub limit: u32,
}

impl LostPlace {
    /// Before every row of a list that is asked for now. `as_of_ms`: epoch milliseconds.
    pub fn first(as_of_ms: i64) -> LostPlace {
        LostPlace { as_of_ms, last_asked_ms: AFTER_ALL_MS, person: 0 }
    }
}

#[derive(Debug, Deserialize)]
struct LostRow {
    lost_inquiries: u64,
    is_next: bool,
    person: u64,
    visitor: String,
    is_cookieless: bool,
    #[serde(deserialize_with = "instant")]
    first_asked_at: i64,
    #[serde(deserialize_with = "instant")]
    last_asked_at: i64,
    agent: Option<String>,
    channel: Option<String>,
}

#[derive(Debug, Deserialize)]
struct WishRow {
    visitor: String,
    product: Option<String>,
    amount: Option<Sum>,
    currency: Option<Currency>,
}

impl Store {
    /// A page of the visitors who asked in the window and have not bought. Of the filters those by agent and
    /// channel count.
    ///
    /// # Errors
    /// As [`Store::figures`].
    pub async fn lost_inquiries(
        &self,
        question: &Question,
        filters: &Filters,
        page: LostPage,
    ) -> Result<LostInquiries, StoreError> {
        let asked = self
            .about(&LOST, question)
            .param("agents", filters.values(Dimension::Agent))
            .param("channels", filters.values(Dimension::Channel))
            .param("as_of", date_time(page.after.as_of_ms))
            .param("after_at", date_time(page.after.last_asked_ms))
            .param("after_person", page.after.person)
            // One more tells whether anything follows.
            .param("limit", page.limit + 1);
        let mut rows: Vec<LostRow> = self.rows(asked).await?;
        let count = rows.first().map_or(0, |row| row.lost_inquiries);
        rows.retain(|row| row.is_next);
        let follows = rows.len() > page.limit as usize;
        rows.truncate(page.limit as usize);
        let next = rows.last().filter(|_| follows).map(|last| LostPlace {
            as_of_ms: page.after.as_of_ms,
            last_asked_ms: last.last_asked_at,
            person: last.person,
        });
        let mut wishes = self.wishes(question, &rows).await?;
        let rows = rows.into_iter().map(|row| {
            let wish = wishes.remove(&row.visitor);
            LostInquiry::new(row, wish)
        });
        Ok(LostInquiries { count, rows: rows.collect(), next })
    }

    async fn wishes(
        &self,
        question: &Question,
        rows: &[LostRow],
    ) -> Result<HashMap<String, WishRow>, StoreError> {
        if rows.is_empty() {
            return Ok(HashMap::new());
        }
        let visitors: Vec<&str> = rows.iter().map(|row| row.visitor.as_str()).collect();
        let wishes: Vec<WishRow> =
            self.rows(self.about(&WISHES, question).param("visitors", visitors)).await?;
        Ok(wishes.into_iter().map(|wish| (wish.visitor.clone(), wish)).collect())
    }
}

impl LostInquiry {
    fn new(row: LostRow, wish: Option<WishRow>) -> LostInquiry {
        let (product, value) =
            wish.map(|wish| (wish.product, wish.amount.zip(wish.currency))).unwrap_or_default();
        LostInquiry {
            visitor: row.visitor,
            is_cookieless: row.is_cookieless,
            first_asked_ms: row.first_asked_at,
            last_asked_ms: row.last_asked_at,
            agent: row.agent,
            channel: row.channel,
            product,
            value,
        }
    }
}
