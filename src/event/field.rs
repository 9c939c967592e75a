//! One field of an event as it was sent.

use serde::de::Error;
use serde::{Deserialize, Deserializer};
use std::borrow::Cow;

/// One field as it was sent. `null` is absent, and so is a text of blanks alone.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum Field<'a> {
    /// Not there, or `null`.
    #[default]
    Absent,
    /// A JSON string.
    Text(Cow<'a, str>),
    /// A number, by its text, so that no digit is lost.
    Number(&'a str),
    /// Text that was not Unicode, without the half surrogate pairs that made it so.
    Broken(Cow<'a, str>),
    /// A list, as it was written.
    List(&'a str),
    /// A boolean or an object.
    Other,
}

impl<'a> Field<'a> {
    /// The field that a raw JSON value stands for.
    pub fn of_json(raw: &'a str) -> Field<'a> {
        match raw.as_bytes().first() {
            Some(b'"') if !raw.contains('\\') => Field::Text(Cow::Borrowed(&raw[1..raw.len() - 1])),
            Some(b'"') => match serde_json::from_str::<String>(raw) {
                Ok(text) => Field::Text(Cow::Owned(text)),
                // Half a surrogate pair is valid JSON but no text.
                Err(_) => serde_json::from_str::<Halves>(raw)
                    .map_or(Field::Other, |Halves(text)| Field::Broken(Cow::Owned(text))),
            },
            Some(b'-' | b'0'..=b'9') => Field::Number(raw),
            Some(b'[') => Field::List(raw),
            Some(b'n') | None => Field::Absent,
            Some(_) => Field::Other,
        }
    }

    /// Whether nothing was sent: no field, `null`, or a text of blanks alone.
    pub fn is_absent(&self) -> bool {
        match self {
            Field::Absent => true,
            Field::Text(text) => text.trim().is_empty(),
            Field::Number(_) | Field::Broken(_) | Field::List(_) | Field::Other => false,
        }
    }

    /// Text, or a number taken as such, without the blanks around it; none of anything else.
    pub fn as_text(&self) -> Option<&str> {
        match self {
            Field::Text(text) => Some(text.trim()),
            Field::Number(text) => Some(text),
            Field::Absent | Field::Broken(_) | Field::List(_) | Field::Other => None,
        }
    }
}

/// JSON text without its half surrogate pairs.
struct Halves(String);

impl<'de> Deserialize<'de> for Halves {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Visitor;

        impl serde::de::Visitor<'_> for Visitor {
            type Value = Halves;

            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("text")
            }

            fn visit_bytes<E: Error>(self, bytes: &[u8]) -> Result<Halves, E> {
                Ok(Halves(bytes.utf8_chunks().map(|chunk| chunk.valid()).collect()))
            }
        }

        deserializer.deserialize_bytes(Visitor)
    }
}
