//! Inquiry cohorts.

use super::ask::answers;
use super::{Store, StoreError};
use crate::funnel::{Cohort, FINAL_DAYS, Question};
use chrono::NaiveDate;
use serde::Deserialize;

const COHORTS: &str = "SELECT * FROM cohorts(shop = {shop:String}, from = {from:Date}, to = {to:Date}, \
    after_sale_days = {after_sale_days:UInt16}, final_days = {final_days:UInt16}, currency = {currency:String})";

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
        let rows: Vec<CohortRow> =
            answers(self.about(COHORTS, question).param("final_days", FINAL_DAYS)).await?;
        Ok(rows.into_iter().map(|row| (row.day, row.cohort)).collect())
    }
}
