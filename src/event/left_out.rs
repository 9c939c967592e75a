//! What of an accepted event is not kept, and how its sender is told.

use super::{Field, Rejection};
use crate::text::cleaned;
use serde::Serialize;
use utoipa::ToSchema;

/// Of what is told to the sender as it was sent.
const MAX_SHOWN_CHARS: usize = 64;

/// A part of an accepted event that could not be kept.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct LeftOut {
    /// Which field.
    pub field: &'static str,
    /// Place of the line in `items`, counted from 0.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub item: Option<usize>,
    /// How it was sent, without hidden characters, cut at 64 characters.
    pub text: String,
    /// What it must be.
    pub message: String,
}

impl LeftOut {
    /// A field, as it was `sent`.
    pub(super) fn field(field: &'static str, sent: &Field<'_>, message: String) -> LeftOut {
        let text = match sent {
            Field::Text(text) | Field::Broken(text) => text.as_ref(),
            Field::Number(text) | Field::List(text) => text,
            Field::Absent | Field::Other => "",
        };
        LeftOut { field, item: None, text: cleaned(text, MAX_SHOWN_CHARS), message }
    }

    /// A line of `items`, as it was `sent`.
    pub(super) fn line(place: usize, sent: &str, message: String) -> LeftOut {
        LeftOut { field: "items", item: Some(place), text: cleaned(sent, MAX_SHOWN_CHARS), message }
    }
}

/// Keeps an event whose describing field is odd: the field is left out instead.
#[derive(Debug)]
pub(super) struct Lenient<'a>(pub &'a mut Vec<LeftOut>);

impl Lenient<'_> {
    /// What was read of the field, or nothing.
    pub fn take<T: Default>(
        &mut self,
        field: &'static str,
        sent: &Field<'_>,
        read: Result<T, Rejection>,
    ) -> T {
        read.unwrap_or_else(|rejection| {
            self.0.push(LeftOut::field(field, sent, format!("{}; it is left out", rejection.message)));
            T::default()
        })
    }
}
