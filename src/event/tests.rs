//! What an event must be, field by field, and what becomes of its texts.

use super::form::{DAY_MS, MINUTE_MS, id_ms, made_id};
use super::*;

const NOON_MS: i64 = 1_795_320_000_000; // 2026-11-22T04:00:00Z, noon in Shanghai

fn arrival(sender: Sender) -> Arrival<'static> {
    Arrival {
        shop: "tea",
        time_zone: chrono_tz::Asia::Shanghai,
        currency: Currency::parse("CNY").unwrap(),
        sender,
        bot: false,
        received_at_ms: NOON_MS,
    }
}

fn text_field(text: &str) -> Field<'_> {
    Field::Text(text.into())
}

fn order<'a>() -> Fields<'a> {
    Fields { kind: text_field("order"), order_id: text_field("A-1"), ..Fields::default() }
}

fn code(fields: &Fields<'_>, sender: Sender) -> &'static str {
    Event::check(fields, arrival(sender)).unwrap_err().code
}

#[test]
fn the_least_that_makes_an_event_is_a_kind() {
    let fields = Fields { kind: text_field("visit"), ..Fields::default() };
    let event = Event::check(&fields, arrival(Sender::Browser)).unwrap().event;
    assert_eq!((event.kind, event.at_ms, event.visitor), (Kind::Visit, NOON_MS, Visitor::Unknown));
    assert_eq!(event.day, NaiveDate::from_ymd_opt(2026, 11, 22).unwrap());
    assert_eq!(id_ms(Some(event.id)), Some(NOON_MS));
    assert_eq!(code(&fields, Sender::Server), "visitor_required");
}

#[test]
fn the_day_is_the_shops() {
    for (time_zone, day) in [
        ("Pacific/Kiritimati", "2026-11-22"),
        ("Asia/Shanghai", "2026-11-22"),
        ("America/Los_Angeles", "2026-11-21"),
    ] {
        let time_zone: Tz = time_zone.parse().unwrap();
        assert_eq!(shop_day(NOON_MS, time_zone).to_string(), day);
    }
}

#[test]
fn a_time_is_taken_from_at_else_from_the_id_else_from_arrival() {
    let id = made_id(NOON_MS - 5_000).to_string();
    let mut fields = order();
    fields.id = text_field(&id);
    assert_eq!(Event::check(&fields, arrival(Sender::Browser)).unwrap().event.at_ms, NOON_MS - 5_000);
    fields.at = text_field("2026-11-22T11:00:00+08:00");
    assert_eq!(Event::check(&fields, arrival(Sender::Browser)).unwrap().event.at_ms, NOON_MS - 3_600_000);
    fields.at = Field::Number("1795319999999");
    assert_eq!(Event::check(&fields, arrival(Sender::Browser)).unwrap().event.at_ms, NOON_MS - 1);
}

#[test]
fn a_browser_may_be_eight_days_late_and_a_server_may_import_history() {
    let mut fields = order();
    let eight_days_ago = (NOON_MS - 8 * DAY_MS).to_string();
    fields.at = Field::Number(&eight_days_ago);
    assert!(Event::check(&fields, arrival(Sender::Browser)).is_ok());
    let earlier = (NOON_MS - 8 * DAY_MS - 1).to_string();
    fields.at = Field::Number(&earlier);
    assert_eq!(code(&fields, Sender::Browser), "at_out_of_range");
    assert!(Event::check(&fields, arrival(Sender::Server)).is_ok());
    fields.at = text_field("1999-12-31T23:59:59Z");
    assert_eq!(code(&fields, Sender::Server), "at_out_of_range");
    let six_minutes_ahead = (NOON_MS + 6 * MINUTE_MS).to_string();
    fields.at = Field::Number(&six_minutes_ahead);
    assert_eq!(code(&fields, Sender::Server), "at_out_of_range");
}

#[test]
fn each_broken_field_is_named() {
    let long = "x".repeat(129);
    type Breaking = Box<dyn Fn(&mut Fields<'_>)>;
    let cases: Vec<(&str, Breaking)> = vec![
        ("kind_required", Box::new(|f| f.kind = Field::Absent)),
        ("invalid_kind", Box::new(|f| f.kind = text_field("purchase"))),
        ("invalid_id", Box::new(|f| f.id = text_field("42"))),
        ("invalid_visitor", Box::new(|f| f.visitor = text_field("a b"))),
        ("invalid_text", Box::new(|f| f.visitor = text_field("a\u{0}"))),
        ("invalid_text", Box::new(|f| f.order_id = text_field("a\nb"))),
        ("invalid_text", Box::new(|f| f.payment_id = text_field("\u{7f}"))),
        ("invalid_text", Box::new(|f| f.refund_id = text_field("a\u{85}b"))),
        ("invalid_text", Box::new(|f| f.customer = text_field("\u{200f}"))),
        ("invalid_at", Box::new(|f| f.at = text_field("yesterday"))),
        ("invalid_at", Box::new(|f| f.at = Field::Number("1.5"))),
        ("invalid_at", Box::new(|f| f.at = text_field("2026-11-21T00:00:00\u{2212}08:00"))),
        ("invalid_at", Box::new(|f| f.at = text_field("２026-11-21T00:00:00Z"))),
        ("order_id_required", Box::new(|f| f.order_id = Field::Absent)),
        ("order_id_required", Box::new(|f| f.order_id = text_field(" "))),
        ("invalid_order_id", Box::new(|f| f.order_id = Field::Other)),
        ("invalid_as_of", Box::new(|f| f.as_of = text_field("yesterday"))),
        ("invalid_via", Box::new(|f| f.via = text_field("bank"))),
        ("invalid_conversation", Box::new(|f| f.conversation = Field::Other)),
        ("conversation_required", Box::new(|f| f.kind = text_field("reply"))),
        ("score_required", Box::new(|f| f.kind = text_field("rating"))),
    ];
    for (expected, break_it) in cases {
        let mut fields = order();
        break_it(&mut fields);
        assert_eq!(code(&fields, Sender::Browser), expected);
    }
    let mut fields = order();
    fields.order_id = text_field(&long);
    assert_eq!(code(&fields, Sender::Browser), "invalid_order_id");
    let mut fields = order();
    (fields.kind, fields.score) = (text_field("rating"), Field::Number("6"));
    assert_eq!(code(&fields, Sender::Browser), "invalid_score", "a rating is nothing else");
    (fields.kind, fields.conversation, fields.by) =
        (text_field("reply"), text_field("c"), text_field("robot"));
    assert_eq!(code(&fields, Sender::Browser), "conversation_required", "a reply is somebody's");
}

/// What such a field becomes, and which are left out.
fn described(describe: impl Fn(&mut Fields<'_>)) -> (Event, Vec<&'static str>) {
    let mut fields = order();
    describe(&mut fields);
    let Checked { event, left_out } = Event::check(&fields, arrival(Sender::Browser)).unwrap();
    (event, left_out.into_iter().map(|left_out| left_out.field).collect())
}

#[test]
fn a_field_that_only_describes_costs_no_event() {
    let long = "茶".repeat(150);
    let (event, left_out) = described(|f| {
        f.product = Field::Text(long.clone().into());
        f.agent = Field::Text(format!("{}😀x", "a".repeat(63)).into());
        f.channel = Field::Broken("chat".into());
        f.score = text_field(" 5 ");
        f.engaged_ms = text_field("900");
    });
    assert_eq!(left_out, [""; 0]);
    assert_eq!((event.product.chars().count(), event.agent.chars().last()), (128, Some('😀')));
    assert_eq!((event.channel.as_str(), event.score, event.engaged_ms), ("chat", Some(5), Some(900)));

    let (event, left_out) = described(|f| {
        f.product = Field::Number("42");
        f.agent = text_field("\u{202e}梅\n");
        f.channel = text_field("\u{2066}");
    });
    assert_eq!((left_out, event.product.as_str()), (vec![], "42"));
    assert_eq!((event.agent.as_str(), event.channel.as_str()), ("梅", ""));

    let (event, left_out) = described(|f| {
        f.topic = text_field("pre\r_sale");
        f.variant = text_field("price:\tb");
    });
    assert_eq!((left_out, event.topic, event.variant.as_str()), (vec!["topic", "variant"], None, ""));

    let (event, left_out) = described(|f| {
        f.product = Field::Other;
        f.agent = Field::List("[1]");
        f.topic = text_field("sales");
        f.by = text_field("robot");
        f.score = Field::Number("6");
        f.engaged_ms = Field::Number("86400001");
        f.variant = text_field("red");
    });
    assert_eq!(left_out, ["by", "score", "agent", "topic", "engaged_ms", "variant", "product"]);
    assert_eq!((event.kind, event.order_id.as_str(), event.score), (Kind::Order, "A-1", None));
}

/// Amount and currency of a kind of event in a shop in CNY, and what of it was left out.
fn money(kind: &str, fields: Fields<'_>) -> (Option<(Amount, Option<Currency>)>, Vec<&'static str>) {
    let kind = text_field(kind);
    let fields = Fields { kind, order_id: text_field("A-1"), visitor: text_field("v"), ..fields };
    let checked = Event::check(&fields, arrival(Sender::Browser)).unwrap();
    (checked.event.amount, checked.left_out.into_iter().map(|left_out| left_out.field).collect())
}

fn amount_in(amount: &str, currency: Option<&str>) -> Option<(Amount, Option<Currency>)> {
    Some((Amount::parse(amount).unwrap(), currency.map(|code| Currency::parse(code).unwrap())))
}

#[test]
fn a_currency_counts_only_with_an_amount_and_is_the_orders_where_a_payment_names_none() {
    let of =
        |amount: Field<'static>, currency: Field<'static>| Fields { amount, currency, ..Fields::default() };
    let none = || Field::Absent;
    assert_eq!(money("order", of(none(), text_field("XYZ"))), (None, vec![]));
    assert_eq!(money("order", of(Field::Number("9.90"), none())), (amount_in("9.9", Some("CNY")), vec![]));
    assert_eq!(money("payment", of(Field::Number("9.90"), none())), (amount_in("9.9", None), vec![]));
    assert_eq!(money("refund", of(text_field("9.90"), text_field(" "))), (amount_in("9.9", None), vec![]));
    assert_eq!(money("cart", of(text_field("9.90"), none())), (amount_in("9.9", Some("CNY")), vec![]));
    for (sent, code) in [("usd", "USD"), ("RMB", "CNY"), ("￥", "CNY"), ("NT$", "TWD"), ("€", "EUR")] {
        assert_eq!(money("order", of(Field::Number("1"), text_field(sent))).0, amount_in("1", Some(code)));
    }
    assert_eq!(money("payment", of(text_field("12 €"), none())).0, amount_in("12", Some("EUR")));
}

#[test]
fn money_that_cannot_be_read_is_left_out_and_named_and_the_order_stays() {
    for amount in ["12abc", "-1", "+1", "1e3", "1 2", "1.299 €"] {
        let fields = Fields { amount: text_field(amount), ..Fields::default() };
        assert_eq!(money("order", fields), (None, vec!["amount"]), "{amount}");
    }
    for number in ["1e3", "-1", "1000000000001"] {
        let fields = Fields { amount: Field::Number(number), ..Fields::default() };
        assert_eq!(money("payment", fields), (None, vec!["amount"]), "{number}");
    }
    let fields = Fields { amount: Field::Number("1"), currency: text_field("XYZ"), ..Fields::default() };
    assert_eq!(money("order", fields), (None, vec!["currency"]));
    let fields = Fields { amount: Field::Number("836.9999999999998"), ..Fields::default() };
    assert_eq!(money("order", fields).0, amount_in("837", Some("CNY")));
    let fields = Fields { amount: text_field("12.340000"), ..Fields::default() };
    assert_eq!(money("order", fields).0, amount_in("12.34", Some("CNY")));
    // Without its amount a refund would be of everything.
    let mut fields = Fields { kind: text_field("refund"), ..order() };
    fields.amount = text_field("12abc");
    assert_eq!(code(&fields, Sender::Browser), "invalid_amount");
}

#[test]
fn lines_that_cannot_be_read_are_left_out_and_named_and_the_others_stay() {
    let mut fields = order();
    let lines = r#"[
        {"product":" T-1 ","name":"Longjing","quantity":2.5,"amount":"1.299,00 €","cost":100,"variant":""},
        {"product":42},
        5,
        {"product":"T-2","quantity":0},
        {"product":"T-3","amount":"12abc"}
    ]"#;
    fields.items = Field::List(lines);
    (fields.amount, fields.currency) = (text_field("2000"), text_field("EUR"));
    fields.shipping = text_field("12,50");
    fields.tax = text_field("much");
    let Checked { event, left_out } = Event::check(&fields, arrival(Sender::Server)).unwrap();
    let item = |product: &str, quantity, amount: Option<&str>, cost: Option<&str>| Item {
        product: product.into(),
        name: if amount.is_some() { "Longjing".into() } else { String::new() },
        variant: String::new(),
        quantity,
        amount: amount.map(|amount| Amount::parse(amount).unwrap()),
        cost: cost.map(|cost| Amount::parse(cost).unwrap()),
    };
    assert_eq!(event.items, [item("T-1", 2_500, Some("1299"), Some("100")), item("42", 1_000, None, None)]);
    assert_eq!(event.costs.shipping, Amount::parse("12.5"));
    let left_out: Vec<_> = left_out.iter().map(|left_out| (left_out.field, left_out.item)).collect();
    let of_items = [2, 3, 4].map(|item| ("items", Some(item)));
    assert_eq!(left_out, [&[("tax", None)][..], &of_items].concat());
}

#[test]
fn what_is_blank_is_absent_and_ids_have_no_blanks_around_them() {
    let mut fields = order();
    for field in [
        &mut fields.id,
        &mut fields.visitor,
        &mut fields.at,
        &mut fields.payment_id,
        &mut fields.refund_id,
        &mut fields.amount,
        &mut fields.currency,
        &mut fields.as_of,
        &mut fields.via,
        &mut fields.items,
        &mut fields.cost,
        &mut fields.agent,
        &mut fields.conversation,
        &mut fields.by,
        &mut fields.topic,
        &mut fields.score,
        &mut fields.engaged_ms,
        &mut fields.variant,
        &mut fields.customer,
        &mut fields.product,
        &mut fields.url,
        &mut fields.title,
    ] {
        *field = text_field(" \t\u{a0}");
    }
    fields.order_id = text_field(" 100012\n");
    let Checked { event, left_out } = Event::check(&fields, arrival(Sender::Server)).unwrap();
    let mut bare = order();
    bare.order_id = text_field("100012");
    let expected = Event::check(&bare, arrival(Sender::Server)).unwrap().event;
    assert_eq!(Event { id: expected.id, ..event }, expected);
    assert!(left_out.is_empty());
    for nobody in ["undefined", "null", " undefined "] {
        let mut fields = order();
        (fields.visitor, fields.customer) = (text_field(nobody), text_field(nobody));
        let event = Event::check(&fields, arrival(Sender::Server)).unwrap().event;
        assert_eq!((event.visitor, event.customer.as_str()), (Visitor::Unknown, ""));
    }
    let mut fields = order();
    (fields.visitor, fields.order_id) = (Field::Number("5"), Field::Number("100012"));
    let event = Event::check(&fields, arrival(Sender::Server)).unwrap().event;
    assert_eq!((event.visitor, event.order_id.as_str()), (Visitor::Named("5".into()), "100012"));
}

#[test]
fn a_chat_may_be_told_by_its_conversation_and_only_a_server_says_through_what_it_tells() {
    let inquiry = |conversation| Fields {
        kind: text_field("inquiry"),
        conversation: text_field(conversation),
        ..Fields::default()
    };
    assert_eq!(code(&inquiry(""), Sender::Server), "visitor_required");
    let event = Event::check(&inquiry("c-1"), arrival(Sender::Server)).unwrap().event;
    assert_eq!((event.visitor, event.conversation.as_str()), (Visitor::Unknown, "c-1"));
    let via = |sender, via| {
        let fields = Fields { via: text_field(via), ..order() };
        Event::check(&fields, arrival(sender)).unwrap().event.via
    };
    assert_eq!(via(Sender::Server, "provider"), Some(Via::Provider));
    assert_eq!(via(Sender::Server, ""), Some(Via::Shop));
    assert_eq!(via(Sender::Browser, "provider"), None);
}

#[test]
fn long_text_for_people_is_cut_at_characters() {
    let title = "茶".repeat(600);
    let url = "u".repeat(2_049);
    let mut fields = order();
    fields.title = text_field(&title);
    fields.url = text_field(&url);
    fields.referrer = Field::Other;
    let event = Event::check(&fields, arrival(Sender::Browser)).unwrap().event;
    assert_eq!((event.title.chars().count(), event.url.len(), event.referrer.as_str()), (512, 2_048, ""));
}

#[test]
fn what_hides_in_text_for_people_is_taken_out_before_anything_looks_at_it() {
    let mut fields = order();
    fields.title = text_field("\u{202e}龙\u{0}井\u{9f} tea\n");
    fields.url = text_field("/?q=mei\u{0}@tea.example");
    fields.referrer = Field::Broken("https://ref.example/".into());
    let event = Event::check(&fields, arrival(Sender::Browser)).unwrap().event;
    assert_eq!((event.title.as_str(), event.url.as_str()), ("龙井 tea", "/?q=***"));
    assert_eq!(event.referrer, "https://ref.example/");
}

#[test]
fn a_program_is_flagged_unless_money_has_moved() {
    let inquiry = || Fields { kind: text_field("inquiry"), visitor: text_field("v"), ..Fields::default() };
    let bot = |fields: &Fields<'_>, bot| {
        Event::check(fields, Arrival { bot, ..arrival(Sender::Server) }).unwrap().event.bot
    };
    assert!(bot(&inquiry(), true));
    assert!(!bot(&inquiry(), false));
    assert!(!bot(&order(), true));
}

#[test]
fn what_the_spool_holds_reads_back_the_same() {
    let mut fields = order();
    fields.amount = text_field("12.5");
    fields.visitor = text_field("v1");
    let event = Event::check(&fields, arrival(Sender::Server)).unwrap().event;
    let stored = serde_json::to_vec(&event).unwrap();
    assert_eq!(serde_json::from_slice::<Event>(&stored).unwrap(), event);
}
