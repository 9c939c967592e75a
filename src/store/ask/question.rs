//! How a question is asked: with typed parameters, never with glued text, and with an end. Its answer is read
//! as JSON rows.

use crate::clock::moment as moment_of;
use crate::funnel::Question;
use crate::store::client::{Store, in_time};
use crate::store::error::StoreError;
use chrono::{DateTime, Utc};
use clickhouse::query::Query;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Deserializer};
use std::time::Instant;

/// What every question is asked with.
const SETTINGS: [(&str, &str); 8] = [
    // When nobody waits for the answer any more, the server stops looking for it.
    ("max_execution_time", "30"),
    ("cancel_http_readonly_queries_on_client_close", "1"),
    ("output_format_json_quote_64bit_integers", "0"),
    ("output_format_json_quote_denormals", "0"),
    ("output_format_json_quote_decimals", "1"),
    ("date_time_output_format", "iso"),
    // These two rewrite nothing in our questions, and looking for it takes half of the analysis.
    ("optimize_and_compare_chain", "0"),
    ("optimize_aggregators_of_group_by_keys", "0"),
];

impl Store {
    /// A question about a window of a shop.
    pub(in crate::store) fn about(&self, text: &str, question: &Question) -> Query {
        self.question(text)
            .param("shop", &question.shop)
            .param("from", question.window.from.to_string())
            .param("to", question.window.to.to_string())
            .param("today", question.today.to_string())
            .param("now", date_time(question.now_ms))
            .param("after_sale_days", question.after_sale_days)
            .param("currency", question.currency.code())
    }

    /// A question, to be read by [`Store::rows`] or [`Store::row`].
    pub(in crate::store) fn question(&self, text: &str) -> Query {
        SETTINGS
            .into_iter()
            .fold(self.client.query_raw(text), |question, (name, value)| question.with_setting(name, value))
    }

    /// All rows of an answer.
    pub(in crate::store) async fn rows<T: DeserializeOwned>(
        &self,
        question: Query,
    ) -> Result<Vec<T>, StoreError> {
        let began = Instant::now();
        let mut answer = question.fetch_bytes("JSONEachRow")?;
        let bytes = in_time(answer.collect()).await?;
        self.times.questions.observe(began.elapsed());
        serde_json::Deserializer::from_slice(&bytes)
            .into_iter()
            .collect::<Result<_, _>>()
            .map_err(|error| StoreError::Refused(format!("a row has an unexpected shape: {error}")))
    }

    /// The one row of an answer.
    pub(in crate::store) async fn row<T: DeserializeOwned>(&self, question: Query) -> Result<T, StoreError> {
        let found = self.rows(question).await?.pop();
        found.ok_or_else(|| StoreError::Refused("a row was expected, and none came".into()))
    }
}

/// A parameter of the type DateTime64(3, 'UTC').
pub(in crate::store) fn date_time(ms: i64) -> String {
    moment_of(ms).format("%Y-%m-%d %H:%M:%S%.3f").to_string()
}

/// A moment in RFC 3339, in epoch milliseconds.
pub(in crate::store) fn moment<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<i64>, D::Error> {
    let moment = Option::<DateTime<Utc>>::deserialize(deserializer)?;
    Ok(moment.map(|moment| moment.timestamp_millis()))
}

/// A moment in RFC 3339 that must be there, in epoch milliseconds.
pub(in crate::store) fn instant<'de, D: Deserializer<'de>>(deserializer: D) -> Result<i64, D::Error> {
    Ok(DateTime::<Utc>::deserialize(deserializer)?.timestamp_millis())
}
