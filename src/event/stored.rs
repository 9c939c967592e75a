//! One event as the store gives it back, and as it is told: every field that is not empty, under the contract's name.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

/// A row of the views that list events. Times are RFC 3339 in UTC with milliseconds.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct StoredEvent {
    #[schema(format = DateTime)]
    pub at: String,
    pub id: Uuid,
    #[schema(value_type = super::Kind)]
    pub kind: String,
    #[schema(format = DateTime)]
    pub received_at: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    pub visitor: String,
    pub cookieless: bool,
    pub verified: bool,
    pub bot: bool,
    #[serde(skip_serializing_if = "String::is_empty")]
    pub url: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    pub referrer: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    pub title: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    pub order_id: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    pub payment_id: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    pub refund_id: String,
    /// With 4 decimals.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub amount: Option<String>,
    #[serde(skip_serializing_if = "String::is_empty")]
    pub currency: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    pub agent: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    pub channel: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    pub topic: String,
    #[serde(skip_serializing_if = "is_no_score")]
    pub score: u8,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub engaged_ms: Option<u32>,
    #[serde(skip_serializing_if = "String::is_empty")]
    pub variant: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    pub product: String,
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
