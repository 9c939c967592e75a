//! The form of each field: bounds, character sets, and the sentence for whoever breaks them.

use super::{Arrival, Field, Kind, Rejection, Sender, Topic, Visitor};
use crate::money::{Amount, Currency};
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

pub(super) fn made_id(received_at_ms: i64) -> Uuid {
    let seconds = received_at_ms.max(0) as u64 / 1_000;
    let nanos = received_at_ms.rem_euclid(1_000) as u32 * 1_000_000;
    Uuid::new_v7(uuid::Timestamp::from_unix(uuid::NoContext, seconds, nanos))
}

pub(super) fn kind(field: &Field<'_>) -> Result<Kind, Rejection> {
    let known = || Kind::ALL.map(Kind::as_str).join(", ");
    let found = match field {
        Field::Absent => {
            return Err(Rejection::new("kind_required", format!("`kind` is required: one of {}", known())));
        }
        Field::Text(word) => Kind::parse(word),
        Field::Number(_) | Field::Broken(_) | Field::Other => None,
    };
    found.ok_or_else(|| Rejection::new("invalid_kind", format!("`kind` must be one of {}", known())))
}

pub(super) fn id(field: &Field<'_>) -> Result<Option<Uuid>, Rejection> {
    let found = match field {
        Field::Absent => return Ok(None),
        Field::Text(text) => Uuid::try_parse(text).ok(),
        Field::Number(_) | Field::Broken(_) | Field::Other => None,
    };
    found.map(Some).ok_or_else(|| Rejection::new("invalid_id", "`id` must be a UUID"))
}

/// Why a field is refused: what hides in its text, else what its form is.
fn refused(field: &Field<'_>, name: &str, code: &'static str, form: String) -> Rejection {
    match field {
        Field::Text(text) if holds_hidden(text) => Rejection::new(
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
    match field {
        Field::Absent => Ok(Visitor::Unknown),
        Field::Text(id) if is_visitor_id(id) => Ok(Visitor::Named(id.clone().into_owned())),
        _ => Err(refused(
            field,
            "visitor",
            "invalid_visitor",
            "`visitor` must be 1 to 64 characters of A-Z a-z 0-9 _ . : -".into(),
        )),
    }
}

pub(super) fn at_ms(field: &Field<'_>, id: Option<Uuid>, arrival: Arrival<'_>) -> Result<i64, Rejection> {
    let invalid = || {
        Rejection::new(
            "invalid_at",
            "`at` must be RFC 3339 text such as 2026-11-11T00:00:00+08:00, or epoch milliseconds",
        )
    };
    let at_ms = match field {
        Field::Absent => id_ms(id).unwrap_or(arrival.received_at_ms),
        // The calendar would take U+2212, a minus sign, before an offset.
        Field::Text(text) if text.is_ascii() => {
            DateTime::parse_from_rfc3339(text).map_err(|_| invalid())?.timestamp_millis()
        }
        Field::Number(text) => text.parse().map_err(|_| invalid())?,
        Field::Text(_) | Field::Broken(_) | Field::Other => return Err(invalid()),
    };
    let earliest_ms = match arrival.sender {
        Sender::Browser => arrival.received_at_ms - MAX_BROWSER_AGE_MS,
        Sender::Server => EARLIEST_SERVER_MS,
    };
    if at_ms < earliest_ms || at_ms > arrival.received_at_ms + MAX_AHEAD_MS {
        let range = match arrival.sender {
            Sender::Browser => "at most 8 days before and 5 minutes after arrival",
            Sender::Server => "from 2000-01-01 to 5 minutes after arrival",
        };
        return Err(Rejection::new(
            "at_out_of_range",
            format!("`at` must be {range}; numbers are epoch milliseconds, not seconds"),
        ));
    }
    Ok(at_ms)
}

/// The time inside a UUIDv7, epoch milliseconds.
pub(super) fn id_ms(id: Option<Uuid>) -> Option<i64> {
    let id = id.filter(|id| id.get_version_num() == 7)?;
    let (seconds, nanos) = id.get_timestamp()?.to_unix();
    Some(seconds as i64 * 1_000 + i64::from(nanos) / 1_000_000)
}

/// Text of `min_chars` to `max_chars` characters that must be exact, so that a longer one is refused, not
/// cut.
pub(super) fn text(
    field: &Field<'_>,
    name: &str,
    min_chars: usize,
    max_chars: usize,
) -> Result<String, Rejection> {
    let code = || match name {
        "order_id" => "invalid_order_id",
        "payment_id" => "invalid_payment_id",
        "refund_id" => "invalid_refund_id",
        "agent" => "invalid_agent",
        "channel" => "invalid_channel",
        "customer" => "invalid_customer",
        "product" => "invalid_product",
        _ => "invalid_field",
    };
    match field {
        Field::Absent => Ok(String::new()),
        // Shops send numeric order ids as numbers; the text is what identifies them.
        Field::Number(text) if text.len() <= max_chars => Ok((*text).to_owned()),
        Field::Text(text)
            if (min_chars..=max_chars).contains(&text.chars().count()) && !holds_hidden(text) =>
        {
            Ok(text.clone().into_owned())
        }
        _ => {
            let form = format!("`{name}` must be text of {min_chars} to {max_chars} characters");
            Err(refused(field, name, code(), form))
        }
    }
}

/// Text for people, without what is hidden in it; never a reason to refuse an event. It is cut only when it
/// is masked: half a mail address is none.
pub(super) fn free_text(field: &Field<'_>) -> String {
    let (Field::Text(text) | Field::Broken(text)) = field else { return String::new() };
    cleaned(text, usize::MAX)
}

pub(super) fn amount(
    amount: &Field<'_>,
    currency: &Field<'_>,
    shop_currency: Currency,
) -> Result<Option<(Amount, Currency)>, Rejection> {
    let text = match amount {
        Field::Absent => return Ok(None),
        Field::Text(text) => text.as_ref(),
        Field::Number(text) => text,
        Field::Broken(_) | Field::Other => "",
    };
    let amount = Amount::parse(text).ok_or_else(|| {
        Rejection::new(
            "invalid_amount",
            "`amount` must be a decimal from 0 to 1000000000000 with at most 4 decimals and no exponent",
        )
    })?;
    let currency = match currency {
        Field::Absent => Some(shop_currency),
        Field::Text(code) => Currency::parse(code),
        Field::Number(_) | Field::Broken(_) | Field::Other => None,
    }
    .ok_or_else(|| Rejection::new("invalid_currency", "`currency` must be an ISO 4217 code such as CNY"))?;
    Ok(Some((amount, currency)))
}

pub(super) fn topic(field: &Field<'_>) -> Result<Option<Topic>, Rejection> {
    match field {
        Field::Absent => Ok(None),
        Field::Text(word) if word == Topic::PreSale.as_str() => Ok(Some(Topic::PreSale)),
        Field::Text(word) if word == Topic::AfterSale.as_str() => Ok(Some(Topic::AfterSale)),
        _ => Err(refused(field, "topic", "invalid_topic", "`topic` must be pre_sale or after_sale".into())),
    }
}

pub(super) fn integer(field: &Field<'_>, name: &str, min: u32, max: u32) -> Result<Option<u32>, Rejection> {
    let code = if name == "score" { "invalid_score" } else { "invalid_engaged_ms" };
    let found = match field {
        Field::Absent => return Ok(None),
        Field::Number(text) => text.parse().ok().filter(|n| (min..=max).contains(n)),
        Field::Text(_) | Field::Broken(_) | Field::Other => None,
    };
    found
        .map(Some)
        .ok_or_else(|| Rejection::new(code, format!("`{name}` must be a whole number from {min} to {max}")))
}

pub(super) fn variant(field: &Field<'_>) -> Result<String, Rejection> {
    let is_pair = |text: &str| {
        text.chars().count() <= MAX_NAME_CHARS
            && text.split_once(':').is_some_and(|(experiment, arm)| !experiment.is_empty() && !arm.is_empty())
    };
    match field {
        Field::Absent => Ok(String::new()),
        Field::Text(text) if is_pair(text) && !holds_hidden(text) => Ok(text.clone().into_owned()),
        _ => Err(refused(
            field,
            "variant",
            "invalid_variant",
            "`variant` must be \"experiment:arm\", at most 64 characters".into(),
        )),
    }
}
