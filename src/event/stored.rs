//! One event as the store gives it back, and as it is told: every field that is not empty, under the
//! contract's name.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

/// A row of the views that list events. Times are RFC 3339 in UTC with milliseconds.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct StoredEvent {
    /// When it happened.
    #[schema(format = DateTime)]
    pub at: String,
    /// The id under which it was told.
    pub id: Uuid,
    /// One of the contract's kinds.
    #[schema(value_type = super::Kind)]
    pub kind: String,
    /// When it arrived first.
    #[schema(format = DateTime)]
    pub received_at: String,
    /// Absent where nobody is known.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub visitor: String,
    /// The visitor's id was made here and holds for one shop day.
    pub cookieless: bool,
    /// Told by the shop's server.
    pub verified: bool,
    /// A program's, and in no figure.
    pub bot: bool,
    /// Of the page, masked.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub url: String,
    /// Where the visitor came from, masked.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub referrer: String,
    /// Of the page, masked.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub title: String,
    /// Of an order, a payment or a refund.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub order_id: String,
    /// Of a payment.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub payment_id: String,
    /// Of a refund.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub refund_id: String,
    /// With 4 decimals.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub amount: Option<String>,
    /// ISO 4217.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub currency: String,
    /// When the sender last changed its record, where it says so.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(format = DateTime)]
    pub as_of: Option<String>,
    /// Who reported an order, a payment or a refund that did not come from a page.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub via: String,
    /// An order that says whose it is, and nothing else.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub only_names: bool,
    /// Lines of an order or a refund.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub items: Vec<StoredItem>,
    /// Of an order: what its goods cost the shop, with 4 decimals, as the next three.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cost: Option<String>,
    /// Of an order.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub shipping: Option<String>,
    /// Of an order.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tax: Option<String>,
    /// Of an order: what no line holds yet.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub discount: Option<String>,
    /// The chat tool's id of it, of an inquiry or a reply.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub conversation: String,
    /// Who wrote: `person` or `bot`.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub by: String,
    /// Who answers an inquiry.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub agent: String,
    /// The chat tool of an inquiry.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub channel: String,
    /// `pre_sale` or `after_sale`, where the sender says it.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub topic: String,
    /// 1 to 5, of a rating.
    #[serde(skip_serializing_if = "is_no_score")]
    pub score: u8,
    /// For how long the page was looked at.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub engaged_ms: Option<u32>,
    /// `experiment:arm`.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub variant: String,
    /// What it is about.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub product: String,
}

/// A line of an order or a refund, as the store gives it back.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct StoredItem {
    /// What was bought.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub product: String,
    /// As the shop calls it.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub name: String,
    /// Which of the product's.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub variant: String,
    /// With at most 3 decimals.
    pub quantity: f64,
    /// Of the whole line, with 4 decimals.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub amount: Option<String>,
    /// Of the whole line, with 4 decimals.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cost: Option<String>,
}

impl StoredEvent {
    /// 1 to 5, of a rating.
    pub fn score(&self) -> Option<u8> {
        Some(self.score).filter(|score| !is_no_score(score))
    }
}

/// Scores begin with 1.
fn is_no_score(score: &u8) -> bool {
    *score == 0
}
