//! The events that are asked about, written line by line as `shopfunnel import events` reads them.
//!
//! A visitor has 20 events on 1 to 8 days out of a span of usually 30, by chance and always the same for the
//! same number: 70 % visits, 12 % carts, 10 % inquiries, 3 % favorites, 3 % orders and, for two of three
//! orders, a payment. Each day begins with a visit from one of 6 sources or from none, with one of 3 devices.

use fastrand::Rng;
use serde_json::{Value, json};
use std::io::{self, Write};

pub const DAYS: i64 = 30;
pub const EVENTS_PER_VISITOR: u64 = 20;
const DAY_MS: i64 = 86_400_000;
const SOURCES: [&str; 7] = [
    "",
    "?utm_source=baidu",
    "?utm_source=google",
    "?utm_source=xiaohongshu",
    "?utm_source=wechat",
    "?utm_source=mail",
    "?utm_source=douyin",
];
const AGENTS: [&str; 3] = [
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/130.0.0.0 \
    Safari/537.36",
    "Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) \
    Version/17.5 Mobile/15E148 Safari/604.1",
    "Mozilla/5.0 (iPad; CPU OS 17_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.5 \
    Mobile/15E148 Safari/604.1",
];
const PATHS: u64 = 40;

/// Writes the events of a visitor of so many days from `first_ms` (epoch milliseconds, UTC) on.
pub fn write(visitor: u64, first_ms: i64, span_days: i64, seed: u64, out: &mut impl Write) -> io::Result<()> {
    let mut random = Rng::with_seed(seed ^ visitor.wrapping_mul(0x9E37_79B9_7F4A_7C15));
    let days = random.u64(1..=8);
    let device = AGENTS[random.usize(..AGENTS.len())];
    let mut events = EVENTS_PER_VISITOR;
    for left in (1..=days).rev() {
        let of_day =
            if left == 1 { events } else { random.u64(1..=(events / left * 2).clamp(1, events - left + 1)) };
        events -= of_day;
        let begin_ms = first_ms + random.i64(0..span_days) * DAY_MS + random.i64(0..DAY_MS - 3_600_000);
        let source = SOURCES[random.usize(..SOURCES.len())];
        for place in 0..of_day {
            let at = begin_ms + place as i64 * random.i64(1_000..120_000);
            let id = random.u128(..) & !(0xf << 76) | (4 << 76);
            let id = uuid::Uuid::from_u128(id & !(0b11 << 62) | (0b10 << 62));
            let chance = random.u64(..100);
            write!(out, r#"{{"id":"{id}","visitor":"v{visitor}","at":{at},"#)?;
            match if place == 0 { 0 } else { chance } {
                0..70 => {
                    let query = if place == 0 { source } else { "" };
                    let path = random.u64(..PATHS);
                    write!(
                        out,
                        r#""kind":"visit","url":"https://tea.example/p/{path}{query}","user_agent":"{device}""#
                    )?;
                }
                70..82 => write!(out, r#""kind":"cart""#)?,
                82..92 => write!(out, r#""kind":"inquiry","channel":"chat""#)?,
                92..95 => write!(out, r#""kind":"favorite""#)?,
                rest => {
                    let (kind, order) = (if rest < 98 { "order" } else { "payment" }, random.u64(..2));
                    write!(
                        out,
                        r#""kind":"{kind}","order_id":"{visitor}-{order}","amount":"{}.5""#,
                        10 + order
                    )?;
                }
            }
            writeln!(out, "}}")?;
        }
        if events == 0 {
            break;
        }
    }
    Ok(())
}

/// An event of just now of one of `visitors` visitors, with values of every dimension that a shop's program
/// can tell.
pub fn live(visitors: u64, random: &mut Rng) -> Value {
    let visitor = format!("live{}", random.u64(..visitors));
    let device = AGENTS[random.usize(..AGENTS.len())];
    let path = random.u64(..PATHS);
    match random.u64(..100) {
        0..70 => {
            let source = SOURCES[random.usize(..SOURCES.len())];
            json!({ "kind": "visit", "visitor": visitor, "url": format!("https://tea.example/p/{path}{source}"), "user_agent": device })
        }
        70..82 => json!({ "kind": "cart", "visitor": visitor, "product": format!("p{path}") }),
        82..92 => {
            let agent = format!("agent {}", random.u64(..12));
            json!({ "kind": "inquiry", "visitor": visitor, "channel": "chat", "agent": agent })
        }
        92..95 => json!({ "kind": "favorite", "visitor": visitor, "product": format!("p{path}") }),
        rest => {
            let kind = if rest < 98 { "order" } else { "payment" };
            json!({ "kind": kind, "visitor": visitor, "order_id": format!("{visitor}-{}", random.u64(..2)), "amount": "10.5" })
        }
    }
}
