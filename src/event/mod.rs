//! One event, checked: raw fields in, an [`Event`] or the reason why not out.
//!
//! Pure: no clock, no network; of JSON only what one value is. The forms and bounds are those of METRICS section 6; past
//! [`Event::check`] nothing validates again. The serialised form is what the spool holds, so a field
//! may be added with a default but never renamed.

mod field;
mod form;
mod left_out;
mod masking;
mod money;
mod parts;
mod schema;
mod stored;

use crate::clock::moment;
use crate::money::{Amount, Currency};
use crate::text::{cut, cut_address, without_half_escape};
use chrono::{NaiveDate, TimeZone};
use chrono_tz::Tz;
pub use field::Field;
pub use form::is_visitor_id;
pub use left_out::LeftOut;
use left_out::Lenient;
pub use parts::{Author, Costs, Item, Kind, Topic, Via};
pub use schema::ip as ip_schema;
use serde::{Deserialize, Serialize};
pub use stored::{StoredEvent, StoredItem};
use utoipa::ToSchema;
use uuid::Uuid;

/// Whose event it is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Visitor {
    /// The id that the sender named.
    Named(String),
    /// An id made here that holds for one shop day.
    Cookieless(String),
    /// An order, payment or refund that nobody can be named for.
    Unknown,
}

impl Visitor {
    /// The id, however it was made.
    pub fn id(&self) -> Option<&str> {
        match self {
            Visitor::Named(id) | Visitor::Cookieless(id) => Some(id),
            Visitor::Unknown => None,
        }
    }
}

/// Who sent the event; decides how old it may be and whether its money is verified.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sender {
    /// A page, which anybody may write.
    Browser,
    /// The shop's server, with its secret key or signature.
    Server,
}

/// What is found out about a visit on its arrival; empty where nothing is known.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Details {
    /// Who sent the visitor; empty for a visit that came from nowhere or from the shop itself.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub source: String,
    /// Lower case: `search`, `social`, `cpc`, or what a campaign parameter says.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub medium: String,
    /// As the campaign parameter says it.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub campaign: String,
    /// Of the page's address, without host, query and fragment.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub path: String,
    /// `desktop`, `mobile`, `tablet`, `tv`, `console`.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub device: String,
    /// By its family's name, or that of the app around it.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub browser: String,
    /// By its family's name.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub os: String,
    /// ISO 3166-1 alpha-2.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub country: String,
    /// In English.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub region: String,
    /// In English.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub city: String,
}

impl Details {
    fn is_empty(&self) -> bool {
        *self == Details::default()
    }
}

/// One accepted event.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Event {
    /// Slug of the shop.
    pub shop: String,
    /// Names the event: told again under it, it counts once.
    pub id: Uuid,
    /// What happened.
    pub kind: Kind,
    /// Epoch milliseconds at which it happened.
    pub at_ms: i64,
    /// The shop's day of `at_ms`, in the time zone the shop had on arrival.
    pub day: NaiveDate,
    /// Epoch milliseconds at which it arrived.
    pub received_at_ms: i64,
    /// The shop's day of `received_at_ms`.
    #[serde(default)]
    pub received_day: NaiveDate,
    /// Of a page's event: a hash of its sender's network, too short to tell one from another; 0 where nothing
    /// is known. It goes no further than the bounds of new values.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub client: u16,
    /// Whose it is.
    pub visitor: Visitor,
    /// Sent by the shop's server with its secret key.
    pub verified: bool,
    /// Of a program: kept, and in no figure. Never said of an order, a payment or a refund, whose money has
    /// moved, whoever moved it.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub bot: bool,
    /// Of the page, masked, at most 2 048 characters.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub url: String,
    /// Where the visitor came from, masked, at most 2 048 characters.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub referrer: String,
    /// Of the page, masked, at most 512 characters.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub title: String,
    /// Of a visit.
    #[serde(default, skip_serializing_if = "Details::is_empty")]
    pub details: Details,
    /// Of an order, a payment or a refund; empty elsewhere.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub order_id: String,
    /// Tells payments of one order apart.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub payment_id: String,
    /// Tells refunds of one order apart.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub refund_id: String,
    /// With its currency. Without one a payment or a refund is in its order's; any other event has the
    /// shop's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub amount: Option<(Amount, Option<Currency>)>,
    /// Epoch milliseconds at which the sender last changed its record of an order, a payment or a refund;
    /// absent, `at_ms`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub as_of_ms: Option<i64>,
    /// Of an order, a payment or a refund; absent of a page's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub via: Option<Via>,
    /// A page's order in a shop that takes orders from its server: it says whose the order is, and nothing
    /// else.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub only_names: bool,
    /// Lines of an order or of a refund.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub items: Vec<Item>,
    /// Of an order.
    #[serde(default, skip_serializing_if = "Costs::is_empty")]
    pub costs: Costs,
    /// The import or the run that brought the event; empty of what was sent.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub batch: String,
    /// The chat tool's id of the conversation that an inquiry or a reply is part of.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub conversation: String,
    /// Who wrote an inquiry or a reply.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub by: Option<Author>,
    /// Who answers an inquiry, masked.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub agent: String,
    /// The chat tool of an inquiry, masked.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub channel: String,
    /// What the sender says that an inquiry is about.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub topic: Option<Topic>,
    /// 1 to 5, of a rating.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub score: Option<u8>,
    /// For how long the page was looked at.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub engaged_ms: Option<u32>,
    /// `experiment:arm`, masked.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub variant: String,
    /// Opaque customer id; the caller replaces it by its keyed hash before it is stored.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub customer: String,
    /// What it is about, masked.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub product: String,
}

fn is_zero(client: &u16) -> bool {
    *client == 0
}

/// The fields of one event as they were sent. What is documented of each is what [`Event::check`] takes.
#[derive(Debug, Clone, Default, ToSchema)]
pub struct Fields<'a> {
    /// What happened.
    #[schema(value_type = Kind)]
    pub kind: Field<'a>,
    /// Makes it safe to send the event again. Made on arrival when absent.
    #[schema(schema_with = schema::uuid)]
    pub id: Field<'a>,
    /// Names the person. A server's order, payment or refund may do without, a browser's event always.
    #[schema(value_type = Option<String>, pattern = "^[A-Za-z0-9_.:-]{1,64}$")]
    pub visitor: Field<'a>,
    /// When it happened: RFC 3339, or epoch milliseconds. Absent: the time inside a UUIDv7 `id`, else the
    /// arrival.
    #[schema(schema_with = schema::time)]
    pub at: Field<'a>,
    /// Cut at 2048 characters; anything that is no text counts as absent.
    #[schema(value_type = Option<String>)]
    pub url: Field<'a>,
    /// Cut at 2048 characters; anything that is no text counts as absent.
    #[schema(value_type = Option<String>)]
    pub referrer: Field<'a>,
    /// Cut at 512 characters; anything that is no text counts as absent.
    #[schema(value_type = Option<String>)]
    pub title: Field<'a>,
    /// Required of an order, payment or refund.
    #[schema(schema_with = schema::id)]
    pub order_id: Field<'a>,
    /// Tells payments of one order apart.
    #[schema(schema_with = schema::id)]
    pub payment_id: Field<'a>,
    /// Tells refunds of one order apart.
    #[schema(schema_with = schema::id)]
    pub refund_id: Field<'a>,
    /// Read from its text, so that no digit is lost: a decimal, or one amount as people write it.
    #[schema(schema_with = schema::amount)]
    pub amount: Field<'a>,
    /// ISO 4217 in any case. Only with `amount`. When absent: of an order the shop's, of a payment or a refund
    /// its order's.
    #[schema(value_type = Option<String>)]
    pub currency: Field<'a>,
    /// Of an order, payment or refund: when the sender's record last changed, as `at`.
    #[schema(schema_with = schema::time)]
    pub as_of: Field<'a>,
    /// Of an order, payment or refund that a server tells: through which system.
    #[schema(value_type = Option<Via>)]
    pub via: Field<'a>,
    /// Lines of an order or refund, at most 100. A line that cannot be read is left out.
    #[schema(schema_with = schema::items)]
    pub items: Field<'a>,
    /// Of an order: what the goods cost the shop, in the order's currency.
    #[schema(schema_with = schema::amount)]
    pub cost: Field<'a>,
    /// Of an order: the part of the amount that is for bringing the goods.
    #[schema(schema_with = schema::amount)]
    pub shipping: Field<'a>,
    /// Of an order: the part of the amount that is tax.
    #[schema(schema_with = schema::amount)]
    pub tax: Field<'a>,
    /// Of an order: taken off the whole, in no line.
    #[schema(schema_with = schema::amount)]
    pub discount: Field<'a>,
    /// Of an inquiry or reply: who answers.
    #[schema(schema_with = schema::name)]
    pub agent: Field<'a>,
    /// Of an inquiry or reply: which chat tool.
    #[schema(schema_with = schema::name)]
    pub channel: Field<'a>,
    /// Of an inquiry or reply: the chat tool's id of the conversation. Required of a reply.
    #[schema(schema_with = schema::id)]
    pub conversation: Field<'a>,
    /// Who wrote it. Required of a reply.
    #[schema(value_type = Option<Author>)]
    pub by: Field<'a>,
    /// Of an inquiry.
    #[schema(value_type = Option<Topic>)]
    pub topic: Field<'a>,
    /// Required of a rating.
    #[schema(value_type = Option<u8>, minimum = 1, maximum = 5)]
    pub score: Field<'a>,
    /// For how long the page was looked at.
    #[schema(value_type = Option<u32>, maximum = 86_400_000)]
    pub engaged_ms: Field<'a>,
    /// `experiment:arm`.
    #[schema(value_type = Option<String>, pattern = "^[^:]+:.+$", max_length = 64)]
    pub variant: Field<'a>,
    /// An opaque id of the customer; only a keyed hash of it is stored.
    #[schema(schema_with = schema::id)]
    pub customer: Field<'a>,
    /// What it is about.
    #[schema(schema_with = schema::id)]
    pub product: Field<'a>,
}

/// What is known of an event before its fields are read.
#[derive(Debug, Clone, Copy)]
pub struct Arrival<'a> {
    /// Slug of the shop.
    pub shop: &'a str,
    /// In which the shop's days are.
    pub time_zone: Tz,
    /// Currency of an amount that names none.
    pub currency: Currency,
    /// Who tells of the event.
    pub sender: Sender,
    /// The shopper's browser is no person's.
    pub bot: bool,
    /// Epoch milliseconds.
    pub received_at_ms: i64,
}

/// Why one event is not accepted: a stable code for programs, a sentence for people.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct Rejection {
    /// The stable word that programs use.
    pub code: &'static str,
    /// What the field must be.
    pub message: String,
}

impl Rejection {
    /// A refusal with its word and its sentence.
    pub fn new(code: &'static str, message: impl Into<String>) -> Rejection {
        Rejection { code, message: message.into() }
    }
}

/// An event that is accepted, and what of it is not.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Checked {
    /// Valid.
    pub event: Event,
    /// Money that cannot be read, lines of it, and fields that only describe.
    pub left_out: Vec<LeftOut>,
}

impl Event {
    /// Checks the fields of one event against the contract.
    ///
    /// A browser's event without a visitor comes back as [`Visitor::Unknown`]; the caller gives it its
    /// cookieless id, which needs the event's `day`.
    ///
    /// # Errors
    /// The first field that decides who, when or how much, and breaks the contract. A field that only describes
    /// is cut or left out, never refused; money that cannot be read is left out, but of a refund, whose absence
    /// would mean all of it.
    pub fn check(fields: &Fields<'_>, arrival: Arrival<'_>) -> Result<Checked, Rejection> {
        let kind = form::kind(&fields.kind)?;
        let id = form::id(&fields.id)?;
        let visitor = form::visitor(&fields.visitor)?;
        let conversation = form::text(&fields.conversation, "conversation", form::MAX_ID_CHARS)?;
        let by = form::author(&fields.by);
        if kind == Kind::Reply && (conversation.is_empty() || by.as_ref().ok().is_none_or(Option::is_none)) {
            return Err(Rejection::new(
                "conversation_required",
                "`conversation` and `by` (person or bot) are required for a reply",
            ));
        }
        let is_known = kind.is_of_an_order() || kind.is_of_a_chat() && !conversation.is_empty();
        if visitor == Visitor::Unknown && arrival.sender == Sender::Server && !is_known {
            return Err(Rejection::new(
                "visitor_required",
                "`visitor` is required from a server for every kind but order, payment and refund, and but \
                inquiry and reply with a `conversation`",
            ));
        }
        let at_ms = form::at_ms(&fields.at, id, arrival)?;
        let order_id = form::text(&fields.order_id, "order_id", form::MAX_ID_CHARS)?;
        if order_id.is_empty() && kind.is_of_an_order() {
            return Err(Rejection::new(
                "order_id_required",
                "`order_id` is required for order, payment and refund",
            ));
        }
        let score = form::integer(&fields.score, "score", 1, form::MAX_SCORE.into());
        if kind == Kind::Rating && score.as_ref().map_err(Rejection::clone)?.is_none() {
            return Err(Rejection::new("score_required", "`score`, 1 to 5, is required for a rating"));
        }
        let mut money = money::read(fields, kind, arrival)?;
        let mut lenient = Lenient(&mut money.left_out);
        let by = lenient.take("by", &fields.by, by);
        let score = lenient.take("score", &fields.score, score).map(|score| score as u8);
        let agent = lenient.take("agent", &fields.agent, form::name(&fields.agent, "agent"));
        let channel = lenient.take("channel", &fields.channel, form::name(&fields.channel, "channel"));
        let topic = lenient.take("topic", &fields.topic, form::topic(&fields.topic));
        let engaged_ms = form::integer(&fields.engaged_ms, "engaged_ms", 0, form::MAX_ENGAGED_MS);
        let engaged_ms = lenient.take("engaged_ms", &fields.engaged_ms, engaged_ms);
        let variant = lenient.take("variant", &fields.variant, form::variant(&fields.variant));
        let product = lenient.take("product", &fields.product, form::name(&fields.product, "product"));
        let is_told_by_the_shop = kind.is_of_an_order() && arrival.sender == Sender::Server;
        let event = Event {
            shop: arrival.shop.to_owned(),
            id: id.unwrap_or_else(|| form::made_id(arrival.received_at_ms)),
            kind,
            at_ms,
            day: shop_day(at_ms, arrival.time_zone),
            received_at_ms: arrival.received_at_ms,
            received_day: shop_day(arrival.received_at_ms, arrival.time_zone),
            client: 0,
            visitor,
            verified: arrival.sender == Sender::Server,
            bot: !kind.is_of_an_order() && arrival.bot,
            url: cut(masking::masked_address(form::free_text(&fields.url)), form::MAX_URL_CHARS),
            referrer: cut(masking::masked_address(form::free_text(&fields.referrer)), form::MAX_URL_CHARS),
            title: cut(masking::masked_text(form::free_text(&fields.title)), form::MAX_TITLE_CHARS),
            details: Details::default(),
            order_id,
            payment_id: form::text(&fields.payment_id, "payment_id", form::MAX_ID_CHARS)?,
            refund_id: form::text(&fields.refund_id, "refund_id", form::MAX_ID_CHARS)?,
            amount: money.amount,
            as_of_ms: form::as_of_ms(&fields.as_of, arrival)?.filter(|_| kind.is_of_an_order()),
            via: form::via(&fields.via)?.or(Some(Via::Shop)).filter(|_| is_told_by_the_shop),
            only_names: false,
            items: money.items,
            costs: money.costs,
            batch: String::new(),
            conversation: if kind.is_of_a_chat() { conversation } else { String::new() },
            by: by.filter(|_| kind.is_of_a_chat()),
            agent: cut(masking::masked_name(agent), form::MAX_NAME_CHARS),
            channel: cut(masking::masked_name(channel), form::MAX_NAME_CHARS),
            topic,
            score,
            engaged_ms,
            variant: masking::masked_name(variant),
            customer: form::customer(&fields.customer)?,
            product: cut(masking::masked_product(product), form::MAX_ID_CHARS),
        };
        Ok(Checked { event, left_out: money.left_out })
    }
}

impl Event {
    /// The page's address to derive values from: as it is stored, without half a character at its end where
    /// it was cut.
    pub fn page_url(&self) -> &str {
        let is_cut = self.url.len() >= form::MAX_URL_CHARS && self.url.chars().count() == form::MAX_URL_CHARS;
        if is_cut { without_half_escape(&self.url) } else { &self.url }
    }

    /// Tells of a visit what was found out about it, masked and cut as its own fields are. `path` is that of
    /// the event's `url`.
    pub fn set_details(&mut self, details: Details) {
        let text = |text| cut(text, form::MAX_DETAIL_CHARS);
        let value = |value| text(masking::masked_value(value));
        self.details = Details {
            source: value(details.source),
            medium: value(details.medium),
            campaign: value(details.campaign),
            path: cut_address(details.path, form::MAX_DETAIL_CHARS),
            device: text(details.device),
            browser: text(details.browser),
            os: text(details.os),
            country: text(details.country),
            region: text(details.region),
            city: text(details.city),
        };
    }

    /// Leaves of an order nothing but whose it is.
    pub fn only_names_its_visitor(&mut self) {
        self.only_names = true;
        self.amount = None;
        self.items = Vec::new();
        self.costs = Costs::default();
    }

    /// What stays when the visitor is forgotten: of an order, a payment or a refund what the shop's books
    /// need, of anything else nothing.
    pub fn without_visitor(self) -> Option<Event> {
        self.kind.is_of_an_order().then(|| Event {
            client: 0,
            visitor: Visitor::Unknown,
            customer: String::new(),
            url: String::new(),
            referrer: String::new(),
            title: String::new(),
            details: Details::default(),
            ..self
        })
    }
}

/// The day that `at_ms` (epoch milliseconds) falls on in `time_zone`.
pub fn shop_day(at_ms: i64, time_zone: Tz) -> NaiveDate {
    time_zone.from_utc_datetime(&moment(at_ms).naive_utc()).date_naive()
}

#[cfg(test)]
mod tests;
