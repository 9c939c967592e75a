//! Inquiry cohorts.

use super::views::{Text, text_of};
use crate::funnel::{Cohort, Question};
use crate::store::client::Store;
use crate::store::error::StoreError;
use chrono::NaiveDate;
use serde::Deserialize;

static COHORTS: Text = Text::new(|| text_of!("funnel/cohorts"));

#[derive(Debug, Deserialize)]
struct CohortRow {
    day: Option<NaiveDate>,
    #[serde(flatten)]
    cohort: Cohort,
}

impl Store {
    /// The cohorts of the days that have inquirers, and under no day that of the whole window.
    ///
    /// # Errors
    /// As [`Store::figures`].
    pub async fn cohorts(&self, question: &Question) -> Result<Vec<(Option<NaiveDate>, Cohort)>, StoreError> {
        let rows: Vec<CohortRow> = self.rows(self.about(&COHORTS, question)).await?;
        Ok(rows.into_iter().map(|row| (row.day, row.cohort)).collect())
    }
}
