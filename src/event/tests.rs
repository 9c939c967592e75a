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
    let event = Event::check(&fields, arrival(Sender::Browser)).unwrap();
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
    assert_eq!(Event::check(&fields, arrival(Sender::Browser)).unwrap().at_ms, NOON_MS - 5_000);
    fields.at = text_field("2026-11-22T11:00:00+08:00");
    assert_eq!(Event::check(&fields, arrival(Sender::Browser)).unwrap().at_ms, NOON_MS - 3_600_000);
    fields.at = Field::Number("1795319999999");
    assert_eq!(Event::check(&fields, arrival(Sender::Browser)).unwrap().at_ms, NOON_MS - 1);
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
        ("invalid_visitor", Box::new(|f| f.visitor = text_field(""))),
        ("invalid_visitor", Box::new(|f| f.visitor = Field::Number("5"))),
        ("invalid_text", Box::new(|f| f.visitor = text_field("a\u{0}"))),
        ("invalid_text", Box::new(|f| f.order_id = text_field("a\nb"))),
        ("invalid_text", Box::new(|f| f.payment_id = text_field("\u{7f}"))),
        ("invalid_text", Box::new(|f| f.refund_id = text_field("\u{85}"))),
        ("invalid_text", Box::new(|f| f.agent = text_field("梅\u{202e}"))),
        ("invalid_text", Box::new(|f| f.channel = text_field("\u{2066}chat"))),
        ("invalid_text", Box::new(|f| f.topic = text_field("pre_sale\r"))),
        ("invalid_text", Box::new(|f| f.variant = text_field("price:\tb"))),
        ("invalid_text", Box::new(|f| f.customer = text_field("\u{200f}"))),
        ("invalid_text", Box::new(|f| f.product = Field::Broken("".into()))),
        ("invalid_at", Box::new(|f| f.at = text_field("yesterday"))),
        ("invalid_at", Box::new(|f| f.at = Field::Number("1.5"))),
        ("invalid_at", Box::new(|f| f.at = text_field("2026-11-21T00:00:00\u{2212}08:00"))),
        ("invalid_at", Box::new(|f| f.at = text_field("２026-11-21T00:00:00Z"))),
        ("invalid_amount", Box::new(|f| f.amount = text_field("１２.50"))),
        ("invalid_amount", Box::new(|f| f.amount = text_field("\u{2212}1"))),
        ("invalid_amount", Box::new(|f| f.amount = text_field("+1"))),
        ("order_id_required", Box::new(|f| f.order_id = Field::Absent)),
        ("invalid_order_id", Box::new(|f| f.order_id = text_field(""))),
        ("invalid_order_id", Box::new(|f| f.order_id = Field::Other)),
        ("invalid_amount", Box::new(|f| f.amount = Field::Number("1e3"))),
        ("invalid_amount", Box::new(|f| f.amount = Field::Number("-1"))),
        ("invalid_topic", Box::new(|f| f.topic = text_field("sales"))),
        ("invalid_score", Box::new(|f| f.score = Field::Number("6"))),
        ("invalid_engaged_ms", Box::new(|f| f.engaged_ms = Field::Number("86400001"))),
        ("invalid_variant", Box::new(|f| f.variant = text_field("red"))),
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
}

#[test]
fn a_currency_counts_only_with_an_amount() {
    let mut fields = order();
    fields.currency = text_field("RMB");
    assert_eq!(Event::check(&fields, arrival(Sender::Browser)).unwrap().amount, None);
    fields.amount = Field::Number("9.90");
    assert_eq!(code(&fields, Sender::Browser), "invalid_currency");
    fields.currency = Field::Absent;
    let event = Event::check(&fields, arrival(Sender::Browser)).unwrap();
    assert_eq!(event.amount, Some((Amount::parse("9.9").unwrap(), Currency::parse("CNY").unwrap())));
}

#[test]
fn long_text_for_people_is_cut_at_characters() {
    let title = "茶".repeat(600);
    let url = "u".repeat(2_049);
    let mut fields = order();
    fields.title = text_field(&title);
    fields.url = text_field(&url);
    fields.referrer = Field::Other;
    let event = Event::check(&fields, arrival(Sender::Browser)).unwrap();
    assert_eq!((event.title.chars().count(), event.url.len(), event.referrer.as_str()), (512, 2_048, ""));
}

#[test]
fn what_hides_in_text_for_people_is_taken_out_before_anything_looks_at_it() {
    let mut fields = order();
    fields.title = text_field("\u{202e}龙\u{0}井\u{9f} tea\n");
    fields.url = text_field("/?q=mei\u{0}@tea.example");
    fields.referrer = Field::Broken("https://ref.example/".into());
    let event = Event::check(&fields, arrival(Sender::Browser)).unwrap();
    assert_eq!((event.title.as_str(), event.url.as_str()), ("龙井 tea", "/?q=***"));
    assert_eq!(event.referrer, "https://ref.example/");
}

#[test]
fn a_program_is_flagged_unless_money_has_moved() {
    let inquiry = || Fields { kind: text_field("inquiry"), visitor: text_field("v"), ..Fields::default() };
    let bot = |fields: &Fields<'_>, bot| {
        Event::check(fields, Arrival { bot, ..arrival(Sender::Server) }).unwrap().bot
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
    let event = Event::check(&fields, arrival(Sender::Server)).unwrap();
    let stored = serde_json::to_vec(&event).unwrap();
    assert_eq!(serde_json::from_slice::<Event>(&stored).unwrap(), event);
}
