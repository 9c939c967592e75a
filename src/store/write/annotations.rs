//! What people wrote about days of a shop.

use super::batch::day_number;
use crate::funnel::Window;
use crate::store::ask::views::{Text, text_of};
use crate::store::client::{Store, in_time};
use crate::store::error::StoreError;
use chrono::NaiveDate;
use clickhouse::Row;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

static ANNOTATED_DAYS: Text = Text::new(|| text_of!("funnel/annotated_days"));
/// Never changed once it is written, so there are two states, and the later one wins.
const WRITTEN: u8 = 1;
const REMOVED: u8 = 2;

/// What somebody wants to remember of a day.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Annotation {
    /// Made on arrival.
    pub id: Uuid,
    /// The shop's day.
    pub day: NaiveDate,
    /// On one line.
    pub text: String,
}

#[derive(Row, Serialize)]
struct AnnotationRow<'a> {
    shop: &'a str,
    #[serde(with = "clickhouse::serde::uuid")]
    id: Uuid,
    /// Since 1970-01-01.
    day: u16,
    text: &'a str,
    version: u8,
    is_removed: u8,
}

impl Store {
    /// What was written about the days of a window, or about any day; by day, then by text.
    ///
    /// # Errors
    /// Away: ask again later. Refused: the tables are not this version's.
    pub async fn annotations(
        &self,
        shop: &str,
        window: Option<Window>,
    ) -> Result<Vec<Annotation>, StoreError> {
        let (from, to) = match window {
            Some(window) => (window.from.to_string(), window.to.to_string()),
            None => ("1970-01-01".into(), "2149-06-06".into()),
        };
        let question = self.question(&ANNOTATED_DAYS);
        self.rows(question.param("shop", shop).param("from", from).param("to", to)).await
    }

    /// Keeps an annotation.
    ///
    /// # Errors
    /// As [`Store::annotations`].
    pub async fn write_annotation(&self, shop: &str, annotation: &Annotation) -> Result<(), StoreError> {
        self.insert_annotation(shop, annotation, WRITTEN).await
    }

    /// Removes an annotation.
    ///
    /// # Errors
    /// As [`Store::annotations`].
    pub async fn remove_annotation(&self, shop: &str, annotation: &Annotation) -> Result<(), StoreError> {
        self.insert_annotation(shop, annotation, REMOVED).await
    }

    async fn insert_annotation(
        &self,
        shop: &str,
        annotation: &Annotation,
        version: u8,
    ) -> Result<(), StoreError> {
        let row = AnnotationRow {
            shop,
            id: annotation.id,
            day: day_number(annotation.day)?,
            text: &annotation.text,
            version,
            is_removed: u8::from(version == REMOVED),
        };
        in_time(async {
            let insert = self.client.insert::<AnnotationRow<'_>>("annotations").await?;
            let mut insert = insert.with_setting("async_insert", "0");
            insert.write(&row).await?;
            insert.end().await
        })
        .await
    }
}
