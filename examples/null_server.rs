//! The yardstick of `make bench-ingest`: an actix-web server that takes the same events and keeps nothing.
//!
//! `POST /e` reads the body, parses it as one event or a list of them, and answers 204. No check, no limit,
//! no disk: what this server cannot do, nothing built on actix-web can. Listeners, workers and keep-alive are
//! what the tracker's own server has.
#![allow(clippy::unwrap_used, reason = "an example ends where something is not as it must be")]

use actix_web::{App, HttpResponse, HttpServer, web};
use serde::Deserialize;
use serde_json::value::RawValue;
use std::hint::black_box;
use std::net::TcpListener;

/// The tracker's own bound on a browser's body.
const MAX_BODY_BYTES: usize = 64 << 10;

/// Every field of the contract, borrowed from the body. An amount may be text or a number.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
#[allow(dead_code, reason = "parsing them is the work that is measured")]
struct Event<'a> {
    shop: Option<&'a str>,
    kind: Option<&'a str>,
    id: Option<&'a str>,
    visitor: Option<&'a str>,
    at: Option<&'a str>,
    url: Option<&'a str>,
    referrer: Option<&'a str>,
    title: Option<&'a str>,
    order_id: Option<&'a str>,
    payment_id: Option<&'a str>,
    refund_id: Option<&'a str>,
    #[serde(borrow)]
    amount: Option<&'a RawValue>,
    currency: Option<&'a str>,
    agent: Option<&'a str>,
    channel: Option<&'a str>,
    topic: Option<&'a str>,
    score: Option<u8>,
    engaged_ms: Option<u32>,
    variant: Option<&'a str>,
    customer: Option<&'a str>,
    product: Option<&'a str>,
}

async fn take(payload: web::Payload) -> HttpResponse {
    let Ok(Ok(body)) = payload.to_bytes_limited(MAX_BODY_BYTES).await else {
        return HttpResponse::BadRequest().finish();
    };
    let parsed = match body.first() {
        Some(b'[') => serde_json::from_slice::<Vec<Event<'_>>>(&body).map(|events| events.len()),
        _ => serde_json::from_slice::<Event<'_>>(&body)
            .map(|event| usize::from(black_box(event).kind.is_some())),
    };
    match parsed.map(black_box) {
        Ok(1..) => HttpResponse::NoContent().finish(),
        _ => HttpResponse::BadRequest().finish(),
    }
}

#[actix_web::main]
async fn main() -> std::io::Result<()> {
    let address = std::env::args().nth(1).unwrap_or_else(|| "127.0.0.1:0".into());
    let listener = TcpListener::bind(address)?;
    println!("{}", listener.local_addr()?);
    HttpServer::new(|| App::new().route("/e", web::post().to(take))).listen(listener)?.run().await
}
