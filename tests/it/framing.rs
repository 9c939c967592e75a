//! Requests that two readers could take for different ones: each is refused, and what hides behind it never
//! runs.

use crate::app::{TestApp, TestShop, run, spawn_app};
use futures_util::future::join_all;
use serde_json::json;
use std::time::{Duration, Instant};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// Shorter than the 5 s after which the server closes an idle connection by itself.
const CLOSED_WITHIN: Duration = Duration::from_secs(4);

/// After this the connection is taken to be left open.
const PATIENCE: Duration = Duration::from_secs(20);

/// What came back on one connection.
#[derive(Debug)]
struct Heard {
    text: String,
    /// Between the first byte of the answer and the end of the connection.
    stayed_open: Duration,
}

impl Heard {
    fn statuses(&self) -> Vec<&str> {
        self.text.split("HTTP/1.1 ").skip(1).map(|answer| &answer[..3]).collect()
    }
}

/// Sends bytes over a connection of their own and listens until the server closes it.
async fn send(app: &TestApp, bytes: &[u8]) -> Heard {
    let mut stream = TcpStream::connect(app.app.public_address()).await.unwrap();
    // A server that has refused may have closed before everything was written.
    let _ = stream.write_all(bytes).await;
    let mut text = Vec::new();
    let mut answered = None;
    let mut buffer = [0; 4096];
    loop {
        let read = tokio::time::timeout(PATIENCE, stream.read(&mut buffer));
        match read.await {
            Ok(Ok(0) | Err(_)) | Err(_) => break,
            Ok(Ok(length)) => {
                answered.get_or_insert_with(Instant::now);
                text.extend_from_slice(&buffer[..length]);
            }
        }
    }
    let text = String::from_utf8(text).unwrap();
    Heard { text, stayed_open: answered.map_or(Duration::ZERO, |at| at.elapsed()) }
}

fn visit(shop: &TestShop, title: &str) -> String {
    json!({ "shop": shop.public_key, "kind": "visit", "title": title }).to_string()
}

/// A request that is fine by itself.
fn request(body: &str) -> String {
    let length = body.len();
    format!(
        "POST /e HTTP/1.1\r\nHost: x\r\nContent-Type: text/plain\r\nContent-Length: {length}\r\n\r\n{body}"
    )
}

/// `POST /e` with headers and a body as given.
fn post(headers: &str, body: &str) -> String {
    format!("POST /e HTTP/1.1\r\nHost: x\r\nContent-Type: text/plain\r\n{headers}\r\n\r\n{body}")
}

/// What each request tries, and the request; `length` is that of the one hidden behind it.
fn readable_in_two_ways(length: usize) -> Vec<(&'static str, String)> {
    let chunked = "Transfer-Encoding: chunked";
    let end = "0\r\n\r\n";
    vec![
        // two lengths
        ("length and chunks", post(&format!("Content-Length: 5\r\n{chunked}"), end)),
        ("chunks and length", post(&format!("{chunked}\r\nContent-Length: 5"), end)),
        ("length 0 and chunks", post(&format!("Content-Length: 0\r\n{chunked}"), end)),
        ("chunks in odd case", post("tRANSFER-eNCODING: CHUNKED\r\nContent-Length: 5", end)),
        ("two lengths", post(&format!("Content-Length: 2\r\nContent-Length: {length}"), "{}")),
        ("the same length twice", post("Content-Length: 2\r\nContent-Length: 2", "{}")),
        ("a list of lengths", post("Content-Length: 2, 2", "{}")),
        // lengths that are none
        ("a plus", post("Content-Length: +2", "{}")),
        ("a minus", post("Content-Length: -2", "{}")),
        ("no digits", post("Content-Length:", "{}")),
        ("two numbers", post("Content-Length: 2 2", "{}")),
        ("hexadecimal", post("Content-Length: 0x2", "{}")),
        ("a fraction", post("Content-Length: 2.0", "{}")),
        ("a parameter", post("Content-Length: 2;q=1", "{}")),
        ("beyond 64 bits", post("Content-Length: 18446744073709551618", "{}")),
        ("64 bits", post("Content-Length: 18446744073709551615", "{}")),
        ("a vertical tab", post("Content-Length: \u{b}2", "{}")),
        ("digits of another script", post("Content-Length: ２", "{}")),
        // codings
        ("another coding", post("Transfer-Encoding: xchunked", end)),
        ("a quoted coding", post("Transfer-Encoding: \"chunked\"", end)),
        ("a coding with a parameter", post("Transfer-Encoding: chunked;x=1", end)),
        ("a tab in the coding", post("Transfer-Encoding: \u{b}chunked", end)),
        ("no coding", post("Transfer-Encoding:", end)),
        ("chunked twice", post("Transfer-Encoding: chunked, chunked", end)),
        ("chunked not last", post("Transfer-Encoding: chunked, identity", end)),
        ("identity", post("Transfer-Encoding: identity", end)),
        ("gzip first", post("Transfer-Encoding: gzip, chunked", end)),
        ("two codings", post(&format!("{chunked}\r\n{chunked}"), end)),
        ("two different codings", post(&format!("{chunked}\r\nTransfer-Encoding: identity"), end)),
        ("chunks in HTTP/1.0", post(chunked, end).replace("HTTP/1.1", "HTTP/1.0")),
        ("no length in HTTP/1.0", post("X: y", "").replace("HTTP/1.1", "HTTP/1.0")),
        // lines
        ("a folded header", post(&format!("X: y\r\n {chunked}\r\nContent-Length: 2"), "{}")),
        ("a folded coding", post("Content-Length: 2\r\nTransfer-Encoding:\r\n chunked", "{}")),
        ("a folded first header", "POST /e HTTP/1.1\r\n Host: x\r\nContent-Length: 2\r\n\r\n{}".into()),
        ("a space before the colon", post("Content-Length : 2", "{}")),
        ("a space in the name", post("Content Length: 2", "{}")),
        ("a control in the name", post("Content-Length\u{0}: 2", "{}")),
        ("no name", post(": 2", "{}")),
        ("no colon", post("Content-Length 2", "{}")),
        ("a NUL in a value", post("X: \u{0}\r\nContent-Length: 2", "{}")),
        ("a CR in a value", post("X: y\rContent-Length: 2", "{}")),
        ("a bare LF before a coding", post(&format!("X: y\n{chunked}\r\nContent-Length: 2"), "{}")),
        ("a bare CR line end", "POST /e HTTP/1.1\rHost: x\r\r{}".into()),
        ("no host", "POST /e HTTP/1.1\r\nContent-Length: 2\r\n\r\n{}".into()),
        ("two hosts", post("Host: y\r\nContent-Length: 2", "{}")),
        ("another version", post("Content-Length: 2", "{}").replace("HTTP/1.1", "HTTP/1.2")),
        ("version 2", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".into()),
        ("no version", "POST /e\r\nHost: x\r\n\r\n".into()),
        ("two spaces", post("Content-Length: 2", "{}").replace("POST /e", "POST  /e")),
        // chunks
        ("a chunk with a plus", post(chunked, "+2\r\n{}\r\n0\r\n\r\n")),
        ("a chunk with a minus", post(chunked, "-2\r\n{}\r\n0\r\n\r\n")),
        ("a chunk with 0x", post(chunked, "0x2\r\n{}\r\n0\r\n\r\n")),
        ("a chunk after a space", post(chunked, " 2\r\n{}\r\n0\r\n\r\n")),
        ("a chunk without a size", post(chunked, "\r\n{}\r\n0\r\n\r\n")),
        ("a chunk beyond 64 bits", post(chunked, "10000000000000002\r\n{}\r\n0\r\n\r\n")),
        ("a chunk longer than its size", post(chunked, "1\r\n{}\r\n0\r\n\r\n")),
        ("a chunk without its end", post(chunked, "2\r\n{}0\r\n\r\n")),
        ("a chunk ended by LF", post(chunked, "2\n{}\n0\n\n")),
        ("an extension with LF", post(chunked, "2;x\ny\r\n{}\r\n0\r\n\r\n")),
        // bodies that nobody asked for
        ("a body to another path", post(&format!("Content-Length: {length}"), "").replace("/e", "/no")),
        ("a body to another method", post(&format!("Content-Length: {length}"), "").replace("POST", "PUT")),
        ("a tunnel", "CONNECT x:443 HTTP/1.1\r\nHost: x\r\n\r\n".into()),
        ("an upgrade", post(&format!("Upgrade: h2c\r\nContent-Length: {length}"), "").replace("/e", "/no")),
    ]
}

#[test]
fn what_could_be_read_in_two_ways_is_refused_and_nothing_behind_it_runs() {
    run(async {
        let app = spawn_app().await;
        let shop = app.add_shop("tea");
        let hidden = request(&visit(&shop, "hidden"));
        let cases = readable_in_two_ways(hidden.len());
        let judged = cases.into_iter().map(async |(name, first)| {
            let heard = send(&app, format!("{first}{hidden}").as_bytes()).await;
            (name, heard)
        });
        let mut wrong = Vec::new();
        for (name, heard) in join_all(judged).await {
            let statuses = heard.statuses();
            let refused = !statuses.is_empty() && statuses.iter().all(|status| status.starts_with('4'));
            // What was read to its end with one meaning may leave the connection for the next.
            let must_close = statuses.contains(&"400");
            if !refused || (must_close && heard.stayed_open > CLOSED_WITHIN) {
                wrong.push((name, heard));
            }
        }
        assert!(wrong.is_empty(), "{wrong:#?}");
        assert_eq!(app.count("SELECT count() FROM event_log").await, 0);
        app.close().await;
    });
}

#[test]
fn requests_one_after_the_other_run_each() {
    run(async {
        let app = spawn_app().await;
        let shop = app.add_shop("tea");
        let first = request(&visit(&shop, "first"));
        let body = visit(&shop, "second");
        let second = post(
            "Transfer-Encoding: chunked",
            &format!("{:x};name=value\r\n{body}\r\n0\r\nX-Trailer: y\r\n\r\n", body.len()),
        );
        let last = request(&visit(&shop, "third")).replace("Host: x", "Host: x\r\nConnection: close");
        let heard = send(&app, format!("{first}{second}{last}").as_bytes()).await;
        assert_eq!(heard.statuses(), ["202", "202", "202"]);
        assert_eq!(app.count("SELECT uniqExact(title) FROM event_log").await, 3);
        app.close().await;
    });
}

/// The server does not mind these. They have one reading, so what follows is a request of its own.
#[test]
fn what_is_odd_but_clear_is_read_as_it_is() {
    run(async {
        let app = spawn_app().await;
        let shop = app.add_shop("tea");
        let body = visit(&shop, "odd");
        let chunk = format!("{:x}", body.len());
        let long = "x".repeat(1 << 20);
        let chunked = "Transfer-Encoding: chunked";
        let cases = [
            ("a huge extension", post(chunked, &format!("{chunk};{long}\r\n{body}\r\n0\r\n\r\n"))),
            ("a huge trailer", post(chunked, &format!("{chunk}\r\n{body}\r\n0\r\nX: {long}\r\n\r\n"))),
            ("bare LF", request(&body).replace("\r\n", "\n")),
        ];
        let last = request(&body).replace("Host: x", "Host: x\r\nConnection: close");
        for (name, odd) in cases {
            let heard = send(&app, format!("{odd}{last}").as_bytes()).await;
            assert_eq!(heard.statuses(), ["202", "202"], "{name}");
        }
        let to_a_page = format!("GET /s.js HTTP/1.1\r\nHost: x\r\nContent-Length: {}\r\n\r\n", last.len());
        assert_eq!(send(&app, format!("{to_a_page}{last}").as_bytes()).await.statuses(), ["200"]);
        assert_eq!(app.count("SELECT uniqExact(id) FROM event_log").await, 6);
        app.close().await;
    });
}
