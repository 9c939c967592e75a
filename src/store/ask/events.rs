//! Single events: the last ones of a shop, and what one visitor did.

use super::question::date_time;
use super::views::{Text, text_of};
use crate::event::{Kind, StoredEvent};
use crate::store::client::Store;
use crate::store::error::StoreError;
use serde::Deserialize;
use uuid::Uuid;

static RECENT: Text = Text::new(|| text_of!("shops/recent_events"));
/// Rows of a full answer to it.
const RECENT_EVENTS: usize = 100;
/// Arrivals of the last ten minutes are asked for first, so that a large shop's answer costs no more than a
/// small one's; then of a day, of a month, of ever.
const RECENT_SPANS_MS: [i64; 4] = [10 * 60_000, 86_400_000, 31 * 86_400_000, i64::MAX];
static HEAD: Text = Text::new(|| text_of!("visitors/visitor_head"));
static PATH: Text = Text::new(|| text_of!("visitors/visitor_path"));

/// What is known of one visitor at a glance.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct VisitorHead {
    /// Distinct events that name the visitor; 0 = nobody knows this id.
    pub events: u64,
    /// RFC 3339; absent when only payments, refunds or ratings name the visitor.
    pub first_seen: Option<String>,
    /// RFC 3339, as `first_seen`.
    pub last_seen: Option<String>,
    /// That the visitor placed.
    pub orders: u64,
}

/// A place in a visitor's path: right after this event.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct PathPosition {
    /// Epoch milliseconds.
    pub at_ms: i64,
    /// Orders events of one moment.
    pub id: Uuid,
}

impl Store {
    /// The last events of a shop by their arrival, newest first. `now_ms`: epoch milliseconds.
    ///
    /// # Errors
    /// Away: ask again later. Refused: the tables are not this version's.
    pub async fn recent_events(
        &self,
        shop: &str,
        kind: Option<Kind>,
        now_ms: i64,
    ) -> Result<Vec<StoredEvent>, StoreError> {
        let mut found = Vec::new();
        for span_ms in RECENT_SPANS_MS {
            let question = self
                .question(&RECENT)
                .param("shop", shop)
                .param("kind", kind.map_or("", Kind::as_str))
                .param("since", date_time(now_ms.saturating_sub(span_ms).max(0)));
            found = self.rows(question).await?;
            if found.len() >= RECENT_EVENTS {
                break;
            }
        }
        Ok(found)
    }

    /// What is known of a visitor at a glance.
    ///
    /// # Errors
    /// As [`Store::recent_events`].
    pub async fn visitor_head(&self, shop: &str, visitor: &str) -> Result<VisitorHead, StoreError> {
        self.row(self.question(&HEAD).param("shop", shop).param("visitor", visitor)).await
    }

    /// At most `limit` events of a visitor after a place in their path, in time order.
    ///
    /// # Errors
    /// As [`Store::recent_events`].
    pub async fn visitor_path(
        &self,
        shop: &str,
        visitor: &str,
        after: PathPosition,
        limit: u32,
    ) -> Result<Vec<StoredEvent>, StoreError> {
        let question = self
            .question(&PATH)
            .param("shop", shop)
            .param("visitor", visitor)
            .param("after_at", date_time(after.at_ms))
            .param("after_id", after.id.to_string())
            .param("limit", limit);
        self.rows(question).await
    }
}
