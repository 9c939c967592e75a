//! The form of each field: bounds, character sets, and the sentence for whoever breaks them.

use super::{Arrival, Author, Field, Kind, Rejection, Sender, Topic, Via, Visitor};
use crate::text::{cleaned, holds_hidden};
use chrono::DateTime;
use uuid::Uuid;

pub(super) const MAX_ID_CHARS: usize = 128;
pub(super) const MAX_NAME_CHARS: usize = 64;
pub(super) const MAX_URL_CHARS: usize = 2_048;
pub(super) const MAX_TITLE_CHARS: usize = 512;
/// Of what is found out about a visit.
pub(super) const MAX_DETAIL_CHARS: usize = 512;
pub(super) const MAX_ENGAGED_MS: u32 = 86_400_000;
pub(super) const MAX_SCORE: u8 = 5;
pub(super) const MINUTE_MS: i64 = 60_000;
pub(super) const DAY_MS: i64 = 86_400_000;
pub(super) const MAX_AHEAD_MS: i64 = 5 * MINUTE_MS;
pub(super) const MAX_BROWSER_AGE_MS: i64 = 8 * DAY_MS;
/// 2000-01-01T00:00:00Z.
pub(super) const EARLIEST_SERVER_MS: i64 = 946_684_800_000;

/// What a page's script writes where it has nothing: no visitor, and no customer.
const NOBODY: [&str; 2] = ["undefined", "null"];

pub(super) fn made_id(received_at_ms: i64) -> Uuid {
    let seconds = received_at_ms.max(0) as u64 / 1_000;
    let nanos = received_at_ms.rem_euclid(1_000) as u32 * 1_000_000;
    Uuid::new_v7(uuid::Timestamp::from_unix(uuid::NoContext, seconds, nanos))
}

pub(super) fn kind(field: &Field<'_>) -> Result<Kind, Rejection> {
    let known = || Kind::ALL.map(Kind::as_str).join(", ");
    if field.is_absent() {
        return Err(Rejection::new("kind_required", format!("`kind` is required: one of {}", known())));
    }
    field
        .as_text()
        .and_then(Kind::parse)
        .ok_or_else(|| Rejection::new("invalid_kind", format!("`kind` must be one of {}", known())))
}

pub(super) fn id(field: &Field<'_>) -> Result<Option<Uuid>, Rejection> {
    if field.is_absent() {
        return Ok(None);
    }
    let found = field.as_text().and_then(|text| Uuid::try_parse(text).ok());
    found.map(Some).ok_or_else(|| Rejection::new("invalid_id", "`id` must be a UUID"))
}

/// Why a field is refused: what hides in its text, else what its form is.
fn refused(field: &Field<'_>, name: &str, code: &'static str, form: String) -> Rejection {
    match field {
        Field::Text(text) if holds_hidden(text.trim()) => Rejection::new(
            "invalid_text",
            format!("`{name}` must not hold control characters, nor marks of writing direction"),
        ),
        Field::Broken(_) => Rejection::new(
            "invalid_text",
            format!("`{name}` must be Unicode text; half of a surrogate pair is none"),
        ),
        _ => Rejection::new(code, form),
    }
}

/// Whether `id` has the form of every visitor's id.
pub fn is_visitor_id(id: &str) -> bool {
    let allowed = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'.' | b':' | b'-');
    (1..=MAX_NAME_CHARS).contains(&id.len()) && id.bytes().all(allowed)
}

pub(super) fn visitor(field: &Field<'_>) -> Result<Visitor, Rejection> {
    match field.as_text() {
        _ if field.is_absent() => Ok(Visitor::Unknown),
        Some(id) if NOBODY.contains(&id) => Ok(Visitor::Unknown),
        Some(id) if is_visitor_id(id) => Ok(Visitor::Named(id.to_owned())),
        _ => Err(refused(
            field,
            "visitor",
            "invalid_visitor",
            "`visitor` must be 1 to 64 characters of A-Z a-z 0-9 _ . : -".into(),
        )),
    }
}

pub(super) fn at_ms(field: &Field<'_>, id: Option<Uuid>, arrival: Arrival<'_>) -> Result<i64, Rejection> {
    match time_ms(field, "at", arrival)? {
        Some(at_ms) => Ok(at_ms),
        None => {
            let at_ms = id_ms(id).unwrap_or(arrival.received_at_ms);
            within(at_ms, "at", arrival)?;
            Ok(at_ms)
        }
    }
}

/// When the sender's record last changed, if it tells it.
pub(super) fn as_of_ms(field: &Field<'_>, arrival: Arrival<'_>) -> Result<Option<i64>, Rejection> {
    time_ms(field, "as_of", arrival)
}

fn time_ms(field: &Field<'_>, name: &str, arrival: Arrival<'_>) -> Result<Option<i64>, Rejection> {
    let code = if name == "at" { "invalid_at" } else { "invalid_as_of" };
    let invalid = || {
        let form = "must be RFC 3339 text such as 2026-11-11T00:00:00+08:00, or epoch milliseconds";
        Rejection::new(code, format!("`{name}` {form}"))
    };
    if field.is_absent() {
        return Ok(None);
    }
    let time_ms = match field {
        // The calendar would take U+2212, a minus sign, before an offset.
        Field::Text(text) if text.trim().is_ascii() => {
            DateTime::parse_from_rfc3339(text.trim()).map_err(|_| invalid())?.timestamp_millis()
        }
        Field::Number(text) => text.parse().map_err(|_| invalid())?,
        _ => return Err(invalid()),
    };
    within(time_ms, name, arrival)?;
    Ok(Some(time_ms))
}

/// Whether a sender may tell of this time.
fn within(time_ms: i64, name: &str, arrival: Arrival<'_>) -> Result<(), Rejection> {
    let earliest_ms = match arrival.sender {
        Sender::Browser => arrival.received_at_ms - MAX_BROWSER_AGE_MS,
        Sender::Server => EARLIEST_SERVER_MS,
    };
    if time_ms >= earliest_ms && time_ms <= arrival.received_at_ms + MAX_AHEAD_MS {
        return Ok(());
    }
    let range = match arrival.sender {
        Sender::Browser => "at most 8 days before and 5 minutes after arrival",
        Sender::Server => "from 2000-01-01 to 5 minutes after arrival",
    };
    Err(Rejection::new(
        if name == "at" { "at_out_of_range" } else { "as_of_out_of_range" },
        format!("`{name}` must be {range}; numbers are epoch milliseconds, not seconds"),
    ))
}

/// The time inside a UUIDv7, epoch milliseconds.
pub(super) fn id_ms(id: Option<Uuid>) -> Option<i64> {
    let id = id.filter(|id| id.get_version_num() == 7)?;
    let (seconds, nanos) = id.get_timestamp()?.to_unix();
    Some(seconds as i64 * 1_000 + i64::from(nanos) / 1_000_000)
}

/// Text of at most `max_chars` characters that must be exact, so that a longer one is refused, not cut; empty
/// where none was sent.
pub(super) fn text(field: &Field<'_>, name: &str, max_chars: usize) -> Result<String, Rejection> {
    let code = || match name {
        "order_id" => "invalid_order_id",
        "payment_id" => "invalid_payment_id",
        "refund_id" => "invalid_refund_id",
        "conversation" => "invalid_conversation",
        "customer" => "invalid_customer",
        _ => "invalid_field",
    };
    match field.as_text() {
        _ if field.is_absent() => Ok(String::new()),
        Some(text) if text.chars().count() <= max_chars && !holds_hidden(text) => Ok(text.to_owned()),
        _ => {
            let form = format!("`{name}` must be text of 1 to {max_chars} characters");
            Err(refused(field, name, code(), form))
        }
    }
}

/// A name that only describes, without what hides in it and whole: it is cut when it is masked, because half a
/// mail address is none.
pub(super) fn name(field: &Field<'_>, name: &str) -> Result<String, Rejection> {
    match field {
        _ if field.is_absent() => Ok(String::new()),
        Field::Text(text) | Field::Broken(text) => Ok(cleaned(text, usize::MAX).trim().to_owned()),
        Field::Number(text) => Ok((*text).to_owned()),
        _ => Err(Rejection::new("invalid_field", format!("`{name}` must be text"))),
    }
}

/// The customer, if one is named.
pub(super) fn customer(field: &Field<'_>) -> Result<String, Rejection> {
    let customer = text(field, "customer", MAX_ID_CHARS)?;
    Ok(if NOBODY.contains(&customer.as_str()) { String::new() } else { customer })
}

/// Text for people, without what is hidden in it; never a reason to refuse an event. It is cut only when it
/// is masked: half a mail address is none.
pub(super) fn free_text(field: &Field<'_>) -> String {
    let (Field::Text(text) | Field::Broken(text)) = field else { return String::new() };
    let cleaned = cleaned(text, usize::MAX);
    if cleaned.trim().is_empty() { String::new() } else { cleaned }
}

pub(super) fn topic(field: &Field<'_>) -> Result<Option<Topic>, Rejection> {
    word(field, "topic", &[Topic::PreSale, Topic::AfterSale], Topic::as_str, "invalid_topic")
}

pub(super) fn author(field: &Field<'_>) -> Result<Option<Author>, Rejection> {
    word(field, "by", &[Author::Person, Author::Bot], Author::as_str, "invalid_by")
}

pub(super) fn via(field: &Field<'_>) -> Result<Option<Via>, Rejection> {
    word(field, "via", &[Via::Provider, Via::Platform, Via::Shop], Via::as_str, "invalid_via")
}

/// One of a few words.
fn word<T: Copy>(
    field: &Field<'_>,
    name: &str,
    words: &[T],
    as_str: fn(T) -> &'static str,
    code: &'static str,
) -> Result<Option<T>, Rejection> {
    if field.is_absent() {
        return Ok(None);
    }
    let found = words.iter().copied().find(|word| field.as_text() == Some(as_str(*word)));
    found.map(Some).ok_or_else(|| {
        let words: Vec<&str> = words.iter().map(|word| as_str(*word)).collect();
        refused(field, name, code, format!("`{name}` must be {}", words.join(" or ")))
    })
}

pub(super) fn integer(field: &Field<'_>, name: &str, min: u32, max: u32) -> Result<Option<u32>, Rejection> {
    let code = if name == "score" { "invalid_score" } else { "invalid_engaged_ms" };
    if field.is_absent() {
        return Ok(None);
    }
    let number = field.as_text().and_then(|text| text.parse().ok());
    number
        .filter(|n| (min..=max).contains(n))
        .map(Some)
        .ok_or_else(|| Rejection::new(code, format!("`{name}` must be a whole number from {min} to {max}")))
}

pub(super) fn variant(field: &Field<'_>) -> Result<String, Rejection> {
    let is_pair = |text: &str| {
        text.chars().count() <= MAX_NAME_CHARS
            && text.split_once(':').is_some_and(|(experiment, arm)| !experiment.is_empty() && !arm.is_empty())
    };
    match field.as_text() {
        _ if field.is_absent() => Ok(String::new()),
        Some(text) if is_pair(text) && !holds_hidden(text) => Ok(text.to_owned()),
        _ => Err(refused(
            field,
            "variant",
            "invalid_variant",
            "`variant` must be \"experiment:arm\", at most 64 characters".into(),
        )),
    }
}
