//! The requests that are sent: visits as a browser's snippet sends them, prepared so that sending is cheap.
//!
//! A request is text with slots. What fills them is computed alike here and in `visits.lua`, which reads the
//! same text from a file: both servers and both generators see the same bytes.

use std::fmt::Write;
use std::path::Path;
use std::time::{SystemTime, UNIX_EPOCH};

const NUMBER: char = '\u{1}';
const VISITOR: char = '\u{2}';
const ADDRESS: char = '\u{3}';
const END: char = '\u{4}';
/// Visitors of all requests together; `visits.lua` has the same two numbers.
const VISITORS: u64 = 50_000;
const VISITOR_STEP: u64 = 7_919;
/// Different events before the texts repeat.
const EVENTS: usize = 512;

const PRODUCTS: [&str; 8] =
    ["longjing", "tieguanyin", "dahongpao", "pu-er", "bai-mudan", "keemun", "jasmine", "lapsang"];
const REFERRERS: [&str; 4] = [
    "https://www.google.com/",
    "https://www.xiaohongshu.com/explore",
    "https://mail.example.org/campaigns/autumn",
    "https://tea-house.example/collections/green",
];

/// Prepared requests with one event each, or with a list of them.
pub struct Visits {
    texts: Vec<String>,
}

impl Visits {
    /// Requests of `events` events each. With `forwarded`, each seems to come through a proxy from its
    /// visitor's own address, which puts the limits into play.
    pub fn new(public_key: &str, events: usize, forwarded: bool) -> Visits {
        let now_ms = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |now| now.as_millis() as u64);
        // Makes ids of two runs differ that begin in the same millisecond.
        let run = fastrand::u16(..0x1000);
        let texts = (0..(EVENTS / events).max(4)).map(|text| {
            let bodies: Vec<String> = (0..events)
                .map(|place| body(public_key, now_ms, run, place, text * events + place))
                .collect();
            let body = if events == 1 { bodies.concat() } else { format!("[{}]", bodies.join(",")) };
            request(&body, forwarded)
        });
        Visits { texts: texts.collect() }
    }

    /// Writes them where `visits.lua` reads them.
    pub fn save(&self, path: &Path) -> std::io::Result<()> {
        std::fs::write(path, self.texts.join(&END.to_string()))
    }

    /// Puts the request with this number into `out`.
    pub fn fill(&self, number: u64, out: &mut String) {
        out.clear();
        let visitor = number * VISITOR_STEP % VISITORS;
        for char in self.texts[number as usize % self.texts.len()].split_inclusive([NUMBER, VISITOR, ADDRESS])
        {
            let slot = char.chars().next_back();
            let plain = char.strip_suffix([NUMBER, VISITOR, ADDRESS]).unwrap_or(char);
            out.push_str(plain);
            // Writing into a String cannot fail.
            let _ = match slot {
                Some(NUMBER) => write!(out, "{number:012x}"),
                Some(VISITOR) => write!(out, "{visitor:05x}"),
                Some(ADDRESS) => write!(out, "198.18.{}.{}", visitor / 250, visitor % 250),
                _ => Ok(()),
            };
        }
    }

    /// Bytes of one body.
    pub fn body_bytes(&self) -> usize {
        let mut text = String::new();
        self.fill(1, &mut text);
        text.split_once("\r\n\r\n").map_or(0, |(_, body)| body.len())
    }
}

/// One visit. Its id is a UUIDv7 of this run, of its place in the list and of its request's number.
fn body(public_key: &str, now_ms: u64, run: u16, place: usize, event: usize) -> String {
    let (high, low) = (now_ms >> 16, now_ms & 0xffff);
    let product = PRODUCTS[event % PRODUCTS.len()];
    let referrer = REFERRERS[event / PRODUCTS.len() % REFERRERS.len()];
    format!(
        r#"{{"shop":"{public_key}","kind":"visit","id":"{high:08x}-{low:04x}-7{place:03x}-8{run:03x}-{NUMBER}","visitor":"018f3c2a-77b1-7d4e-9a51-5e0c7ab{VISITOR}","url":"https://tea-house.example/products/{product}-{event:03}?utm_source=newsletter&utm_campaign=autumn","referrer":"{referrer}","title":"{product} 2026 · Tea House · Hangzhou"}}"#
    )
}

fn request(body: &str, forwarded: bool) -> String {
    // A slot stands for more bytes than it has here.
    let slots = |slot| body.matches(slot).count();
    let length = body.len() + slots(NUMBER) * 11 + slots(VISITOR) * 4;
    let address = if forwarded { format!("X-Forwarded-For: {ADDRESS}\r\n") } else { String::new() };
    format!(
        "POST /e HTTP/1.1\r\nHost: stats.tea-house.example\r\nUser-Agent: Mozilla/5.0 (X11; Linux x86_64; \
        rv:143.0) Gecko/20100101 Firefox/143.0\r\nOrigin: \
        https://tea-house.example\r\n{address}Content-Type: text/plain;charset=UTF-8\r\nContent-Length: \
        {length}\r\n\r\n{body}"
    )
}
