//! Questions: each is a parameterised view of `sql/views`, called with typed parameters, never with glued text.

use super::{Store, StoreError, in_time};
use crate::funnel::{Answer, Question};
use chrono::DateTime;

const FUNNEL: &str = "SELECT * FROM funnel(shop = {shop:String}, from = {from:Date}, to = {to:Date}, \
    today = {today:Date}, now = {now:DateTime64(3, 'UTC')}, after_sale_days = {after_sale_days:UInt16})";

impl Store {
    /// The shop funnel of one window.
    ///
    /// # Errors
    /// Away: ask again later. Refused: the question costs more than the server allows, or the tables are not
    /// this version's.
    pub async fn funnel(&self, question: &Question) -> Result<Answer, StoreError> {
        let now = DateTime::from_timestamp_millis(question.now_ms).unwrap_or_default();
        let mut rows = self
            .client
            .query_raw(FUNNEL)
            .param("shop", &question.shop)
            .param("from", question.window.from.to_string())
            .param("to", question.window.to.to_string())
            .param("today", question.today.to_string())
            .param("now", now.format("%Y-%m-%d %H:%M:%S%.3f").to_string())
            .param("after_sale_days", question.after_sale_days)
            // When nobody waits for the answer any more, the server stops looking for it.
            .with_setting("max_execution_time", "30")
            .with_setting("cancel_http_readonly_queries_on_client_close", "1")
            .with_setting("output_format_json_quote_64bit_integers", "0")
            .with_setting("output_format_json_quote_denormals", "0")
            .fetch_bytes("JSONEachRow")?;
        let row = in_time(rows.collect()).await?;
        serde_json::from_slice(&row)
            .map_err(|error| StoreError::Refused(format!("the funnel has an unexpected shape: {error}")))
    }
}
