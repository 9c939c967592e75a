//! The bodies of `/e` and `/v1/events` as JSON: one event, an array, or an envelope with `shop` and `events`.
//!
//! Splits a body into events without judging them, so that a broken one never stops its neighbours.

use crate::event::{Field, Fields, Rejection, ip_schema};
use crate::http::edge::body::without_mark;
use crate::http::edge::error::TOO_DEEP;
use serde::de::{Deserialize, Deserializer, MapAccess};
use serde_json::value::RawValue;
use std::borrow::Cow;
use utoipa::ToSchema;

/// Lists and objects within one another, the outermost counted. An event of the contract in its envelope has
/// 3.
const MAX_DEPTH: usize = 8;

/// A body, split.
#[derive(Debug)]
pub struct Body<'a> {
    /// `shop` of the envelope, or of the first event that names one.
    pub shop: Option<Cow<'a, str>>,
    pub events: Vec<Result<WireEvent<'a>, Rejection>>,
}

/// One event as it was sent. Fields that are not known are ignored.
#[derive(Debug, Default, ToSchema)]
#[schema(as = Event)]
pub struct WireEvent<'a> {
    /// The shop's public key, `pk_…`. Needed once in a browser's request, beside `events` or in an event.
    #[schema(value_type = Option<String>, pattern = "^pk_[0-9a-f]{32}$")]
    pub shop: Field<'a>,
    #[serde(flatten)]
    pub fields: Fields<'a>,
    /// The shopper's, told by the shop's server: for device, browser and bots. A browser's own is in its headers.
    #[schema(value_type = Option<String>)]
    pub user_agent: Field<'a>,
    /// The shopper's, told by the shop's server: for the place, and not kept.
    #[schema(schema_with = ip_schema, required = false)]
    pub ip: Field<'a>,
    /// Names of fields that the contract does not know.
    #[schema(ignore)]
    pub unknown: Vec<Cow<'a, str>>,
    /// The first field that appears twice. Such an event is refused before anybody else sees it.
    #[schema(ignore)]
    repeated: Option<&'static str>,
}

/// How a body is written, for the document; it is read by [`Body::parse`].
#[derive(ToSchema)]
#[serde(untagged)]
#[expect(dead_code, reason = "describes only")]
pub enum EventsBody<'a> {
    One(Box<WireEvent<'a>>),
    List(Vec<WireEvent<'a>>),
    Envelope {
        /// The shop's public key.
        #[schema(pattern = "^pk_[0-9a-f]{32}$")]
        shop: Option<String>,
        #[schema(min_items = 1)]
        events: Vec<WireEvent<'a>>,
    },
}

/// Why a body cannot be split.
#[derive(Debug, PartialEq, Eq)]
pub enum WireError {
    /// Not JSON of one of the three forms; the sentence says what was expected.
    Invalid(String),
    /// Lists and objects within one another beyond [`MAX_DEPTH`].
    TooDeep,
    /// More events than allowed.
    TooMany,
}

#[derive(serde::Deserialize)]
struct Envelope<'a> {
    #[serde(borrow, default)]
    shop: Option<&'a RawValue>,
    #[serde(borrow, default)]
    events: Option<Vec<&'a RawValue>>,
}

impl<'a> Body<'a> {
    /// Splits a body of at most `max_events` events.
    ///
    /// # Errors
    /// See [`WireError`].
    pub fn parse(bytes: &'a [u8], max_events: usize) -> Result<Body<'a>, WireError> {
        let text = std::str::from_utf8(without_mark(bytes))
            .map_err(|_| WireError::Invalid("the body must be UTF-8".into()))?;
        if is_too_deep(text) {
            return Err(WireError::TooDeep);
        }
        match text.trim_start().as_bytes().first() {
            Some(b'[') => Body::of_list(None, serde_json::from_str(text).map_err(invalid)?, max_events),
            Some(b'{') => {
                // The usual body: one event that has nothing unknown, so no `events` either. Whatever else it
                // may be is found out below, so that every refusal is the same.
                if !text.contains("\"events\"")
                    && let Ok(event) = serde_json::from_str::<WireEvent<'a>>(text)
                    && event.unknown.is_empty()
                    && event.repeated.is_none()
                {
                    return Ok(Body::of_events(None, vec![Ok(event)]));
                }
                let envelope: Envelope<'a> = serde_json::from_str(text).map_err(invalid)?;
                match envelope.events {
                    Some(events) => {
                        let shop = envelope.shop.map(|raw| Field::of_json(raw.get()));
                        Body::of_list(shop, events, max_events)
                    }
                    None => Ok(Body::of_events(None, vec![WireEvent::parse(text)])),
                }
            }
            _ => Err(WireError::Invalid(
                "the body must be a JSON event, an array of events, or {\"shop\":…,\"events\":[…]}".into(),
            )),
        }
    }

    fn of_list(
        shop: Option<Field<'a>>,
        events: Vec<&'a RawValue>,
        max_events: usize,
    ) -> Result<Body<'a>, WireError> {
        if events.len() > max_events {
            return Err(WireError::TooMany);
        }
        Ok(Body::of_events(shop, events.into_iter().map(|raw| WireEvent::parse(raw.get())).collect()))
    }

    fn of_events(shop: Option<Field<'a>>, events: Vec<Result<WireEvent<'a>, Rejection>>) -> Body<'a> {
        let named = |field: &Field<'a>| match field {
            Field::Text(text) => Some(text.clone()),
            _ => None,
        };
        let shop = shop
            .as_ref()
            .and_then(named)
            .or_else(|| events.iter().flatten().find_map(|event| named(&event.shop)));
        Body { shop, events }
    }
}

impl<'a> WireEvent<'a> {
    /// Reads one line of a stream.
    ///
    /// # Errors
    /// `invalid_event`: not UTF-8, not an object, or a field appears twice. `json_too_deep`.
    pub fn of_line(line: &'a [u8]) -> Result<WireEvent<'a>, Rejection> {
        let text =
            std::str::from_utf8(line).map_err(|_| Rejection::new("invalid_event", "a line must be UTF-8"))?;
        if is_too_deep(text) {
            return Err(Rejection::new("json_too_deep", TOO_DEEP));
        }
        WireEvent::parse(text)
    }

    /// Reads one JSON object.
    ///
    /// # Errors
    /// `invalid_event`: not an object, or a field appears twice.
    fn parse(text: &'a str) -> Result<WireEvent<'a>, Rejection> {
        let event: WireEvent<'a> = serde_json::from_str(text)
            .map_err(|_| Rejection::new("invalid_event", "an event must be a JSON object"))?;
        match event.repeated {
            Some(name) => {
                Err(Rejection::new("invalid_event", format!("`{name}` appears twice; name each field once")))
            }
            None => Ok(event),
        }
    }
}

/// Only what is no JSON is told with its place: what has the wrong shape would be told with its text.
fn invalid(error: serde_json::Error) -> WireError {
    WireError::Invalid(if error.is_data() {
        "`events` must be a list; `shop` and `events` may each appear once".into()
    } else {
        format!("the body is not valid JSON: {error}")
    })
}

/// Whether lists and objects are within one another beyond [`MAX_DEPTH`]. What is no JSON may be either.
fn is_too_deep(text: &str) -> bool {
    // Nearly every request has too few brackets for that; counting them takes many bytes at a time.
    let brackets: usize = text.as_bytes().chunks(255).map(count_opening).sum();
    if brackets <= MAX_DEPTH {
        return false;
    }
    let mut depth = 0_usize;
    let mut bytes = text.bytes();
    while let Some(byte) = bytes.next() {
        match byte {
            b'[' | b'{' => {
                depth += 1;
                if depth > MAX_DEPTH {
                    return true;
                }
            }
            b']' | b'}' => depth = depth.saturating_sub(1),
            b'"' => loop {
                match bytes.next() {
                    Some(b'\\') => _ = bytes.next(),
                    Some(b'"') | None => break,
                    Some(_) => {}
                }
            },
            _ => {}
        }
    }
    false
}

/// In at most 255 bytes, so that the count fits the width that is added up at once.
fn count_opening(bytes: &[u8]) -> usize {
    bytes.iter().fold(0_u8, |count, byte| count + u8::from(matches!(byte, b'[' | b'{'))).into()
}

/// The name of a field, borrowed unless it is written with escapes.
#[derive(serde::Deserialize)]
struct Name<'a>(#[serde(borrow)] Cow<'a, str>);

impl<'de: 'a, 'a> Deserialize<'de> for WireEvent<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Visitor;

        impl<'de> serde::de::Visitor<'de> for Visitor {
            type Value = WireEvent<'de>;

            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("an event")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<WireEvent<'de>, A::Error> {
                let mut event = WireEvent::default();
                while let Some(Name(name)) = map.next_key::<Name<'de>>()? {
                    let raw: &'de RawValue = map.next_value()?;
                    let (name, slot) = match name.as_ref() {
                        "shop" => ("shop", &mut event.shop),
                        "kind" => ("kind", &mut event.fields.kind),
                        "id" => ("id", &mut event.fields.id),
                        "visitor" => ("visitor", &mut event.fields.visitor),
                        "at" => ("at", &mut event.fields.at),
                        "url" => ("url", &mut event.fields.url),
                        "referrer" => ("referrer", &mut event.fields.referrer),
                        "title" => ("title", &mut event.fields.title),
                        "order_id" => ("order_id", &mut event.fields.order_id),
                        "payment_id" => ("payment_id", &mut event.fields.payment_id),
                        "refund_id" => ("refund_id", &mut event.fields.refund_id),
                        "amount" => ("amount", &mut event.fields.amount),
                        "currency" => ("currency", &mut event.fields.currency),
                        "as_of" => ("as_of", &mut event.fields.as_of),
                        "via" => ("via", &mut event.fields.via),
                        "items" => ("items", &mut event.fields.items),
                        "cost" => ("cost", &mut event.fields.cost),
                        "shipping" => ("shipping", &mut event.fields.shipping),
                        "tax" => ("tax", &mut event.fields.tax),
                        "discount" => ("discount", &mut event.fields.discount),
                        "agent" => ("agent", &mut event.fields.agent),
                        "channel" => ("channel", &mut event.fields.channel),
                        "conversation" => ("conversation", &mut event.fields.conversation),
                        "by" => ("by", &mut event.fields.by),
                        "topic" => ("topic", &mut event.fields.topic),
                        "score" => ("score", &mut event.fields.score),
                        "engaged_ms" => ("engaged_ms", &mut event.fields.engaged_ms),
                        "variant" => ("variant", &mut event.fields.variant),
                        "customer" => ("customer", &mut event.fields.customer),
                        "product" => ("product", &mut event.fields.product),
                        "user_agent" => ("user_agent", &mut event.user_agent),
                        "ip" => ("ip", &mut event.ip),
                        _ => {
                            event.unknown.push(name);
                            continue;
                        }
                    };
                    if *slot != Field::Absent {
                        event.repeated.get_or_insert(name);
                        continue;
                    }
                    *slot = Field::of_json(raw.get());
                }
                Ok(event)
            }
        }

        deserializer.deserialize_map(Visitor)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kinds(body: &Body<'_>) -> Vec<Option<String>> {
        body.events
            .iter()
            .map(|event| match &event.as_ref().ok()?.fields.kind {
                Field::Text(kind) => Some(kind.to_string()),
                _ => None,
            })
            .collect()
    }

    #[test]
    fn the_three_forms_hold_the_same_events() {
        for (text, events) in [
            (r#"{"shop":"pk_1","kind":"visit"}"#, 1),
            (r#" [{"shop":"pk_1","kind":"visit"},{"kind":"visit"}]"#, 2),
            (r#"{"events":[{"kind":"visit"}],"shop":"pk_1"}"#, 1),
        ] {
            let body = Body::parse(text.as_bytes(), 10).unwrap();
            assert_eq!(body.shop.as_deref(), Some("pk_1"), "{text}");
            assert_eq!(kinds(&body), vec![Some("visit".to_owned()); events], "{text}");
        }
    }

    #[test]
    fn a_byte_order_mark_before_a_body_is_no_part_of_it() {
        for text in [r#"{"kind":"visit"}"#, r#"[{"kind":"visit"}]"#, r#"{"events":[{"kind":"visit"}]}"#] {
            let marked = format!("\u{feff}{text}");
            assert_eq!(kinds(&Body::parse(marked.as_bytes(), 10).unwrap()), [Some("visit".to_owned())]);
            assert!(Body::parse(format!("\u{feff}{marked}").as_bytes(), 10).is_err());
        }
    }

    #[test]
    fn a_broken_event_leaves_its_neighbours_alone() {
        let text =
            r#"[{"kind":"visit"},5,{"kind":"visit","kind":"cart"},null,{"kind":"visit","x":{"y":[1]}}]"#;
        let body = Body::parse(text.as_bytes(), 10).unwrap();
        let accepted: Vec<bool> = body.events.iter().map(Result::is_ok).collect();
        assert_eq!(accepted, [true, false, false, false, true]);
        assert_eq!(body.events[4].as_ref().unwrap().unknown, ["x"]);
        let said = |n: usize| body.events[n].as_ref().unwrap_err().message.clone();
        assert_eq!(
            (said(1), said(2)),
            ("an event must be a JSON object".into(), "`kind` appears twice; name each field once".into())
        );
        let alone = Body::parse(br#"{"order_id":"1","kind":"visit","order_id":"2"}"#, 10).unwrap();
        assert!(alone.events[0].as_ref().unwrap_err().message.starts_with("`order_id`"));
    }

    #[test]
    fn values_keep_their_text() {
        let text = r#"{"amount":1.10,"order_id":"a\"b\u8336","title":null,"visitor":"a\ud83d","url":true}"#;
        let event = WireEvent::parse(text).unwrap();
        assert_eq!(event.fields.amount, Field::Number("1.10"));
        assert_eq!(event.fields.order_id, Field::Text("a\"b茶".into()));
        assert_eq!(event.fields.title, Field::Absent);
        assert_eq!((event.fields.visitor, event.fields.url), (Field::Broken("a".into()), Field::Other));
    }

    #[test]
    fn what_is_no_list_of_events_is_refused_whole() {
        for text in ["", "visit", "5", "[", r#"{"events":5}"#, r#"{"events":[],"events":[]}"#, "[]x", "\u{0}"]
        {
            assert!(matches!(Body::parse(text.as_bytes(), 10), Err(WireError::Invalid(_))), "{text}");
        }
        assert!(matches!(Body::parse(b"\xff{}", 10), Err(WireError::Invalid(_))));
        assert_eq!(Body::parse(b"[{},{},{}]", 2).unwrap_err(), WireError::TooMany);
    }

    #[test]
    fn what_is_wrong_is_told_without_repeating_it() {
        for text in [r#"{"events":"MARK"}"#, r#"{"events":{"MARK":1}}"#, r#"{"MARK"}"#, r#"[MARK]"#] {
            let WireError::Invalid(sentence) = Body::parse(text.as_bytes(), 10).unwrap_err() else {
                panic!("{text}")
            };
            assert!(!sentence.contains("MARK") && sentence.len() < 100, "{sentence}");
        }
    }

    #[test]
    fn depth_counts_what_is_open_at_once_and_nothing_inside_text() {
        let nested = |depth: usize| format!("{}{}", "[".repeat(depth), "]".repeat(depth));
        assert!(!is_too_deep(&nested(MAX_DEPTH)));
        assert!(is_too_deep(&nested(MAX_DEPTH + 1)) && is_too_deep(&"{".repeat(1_000_000)));
        assert!(!is_too_deep(&nested(4).repeat(1_000)));
        let quoted = serde_json::to_string(&format!("\\\"{}", nested(20))).unwrap();
        assert!(!is_too_deep(&quoted));
        assert!(is_too_deep(&format!("{quoted}{}", nested(9))));
        assert!(is_too_deep(&format!("[\"\\\\\",{}]", nested(8))));
    }
}
