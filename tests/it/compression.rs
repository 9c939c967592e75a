//! What is compressed, what is kept by browsers, and that it is the same in every form.

use crate::app::{NOW_MS, TestApp, event, run, spawn_app};
use flate2::read::GzDecoder;
use reqwest::{Method, Response, StatusCode};
use serde_json::{Value, json};
use std::io::Read;

/// The bytes as they travel: this client unpacks nothing.
async fn get(app: &TestApp, path: &str, headers: &[(&str, &str)]) -> Response {
    let request = app.client.get(format!("{}{path}", app.url));
    let request = headers.iter().fold(request, |request, (name, value)| request.header(*name, *value));
    request.send().await.unwrap()
}

fn header<'a>(answer: &'a Response, name: &str) -> &'a str {
    answer.headers().get(name).map_or("", |value| value.to_str().unwrap())
}

/// The coding of an answer, how many bytes travelled, and what they hold.
async fn unpacked(answer: Response) -> (String, usize, Vec<u8>) {
    let coding = header(&answer, "content-encoding").to_owned();
    let bytes = answer.bytes().await.unwrap();
    let mut plain = Vec::new();
    match coding.as_str() {
        "br" => brotli_decompressor::BrotliDecompress(&mut &bytes[..], &mut plain).unwrap(),
        "gzip" => drop(GzDecoder::new(&bytes[..]).read_to_end(&mut plain).unwrap()),
        _ => plain = bytes.to_vec(),
    }
    (coding, bytes.len(), plain)
}

/// The addresses of the page's script and style, out of the page.
async fn assets(app: &TestApp) -> Vec<String> {
    let page = get(app, "/", &[]).await.text().await.unwrap();
    let names: Vec<String> =
        page.split('"').filter(|text| text.starts_with("/page.")).map(str::to_owned).collect();
    assert_eq!(names.len(), 2, "{names:?}");
    names
}

#[test]
fn files_are_the_same_in_every_form_and_smaller() {
    run(async {
        let app = spawn_app().await;
        let mut paths = assets(&app).await;
        paths.extend(["/", "/s.js", "/s.full.js"].map(str::to_owned));
        for path in &paths {
            let (coding, size, plain) = unpacked(get(&app, path, &[]).await).await;
            assert_eq!((coding.as_str(), size), ("", plain.len()), "{path}");
            for (accept, expected) in [
                ("gzip, deflate, br", "br"),
                ("gzip", "gzip"),
                ("br;q=0, gzip;q=0.5", "gzip"),
                ("identity", ""),
                ("br;q=0, gzip;q=0", ""),
            ] {
                let answer = get(&app, path, &[("accept-encoding", accept)]).await;
                assert_eq!(answer.status(), StatusCode::OK, "{path}");
                assert_eq!(header(&answer, "vary"), "Accept-Encoding", "{path}");
                let (coding, travelled, content) = unpacked(answer).await;
                assert_eq!(coding, expected, "{path} {accept}");
                assert!(content == plain, "{path} in {coding} is another file");
                assert_eq!(travelled < size * 6 / 10, !coding.is_empty(), "{path}: {travelled} of {size}");
            }
            let head = app.client.request(Method::HEAD, format!("{}{path}", app.url));
            let head = head.header("accept-encoding", "br").send().await.unwrap();
            assert_eq!((head.status(), header(&head, "content-encoding")), (StatusCode::OK, "br"), "{path}");
        }
        app.close().await;
    });
}

#[test]
fn a_browser_keeps_what_cannot_change_and_asks_again_for_the_rest() {
    run(async {
        let app = spawn_app().await;
        let immutable = "public, max-age=31536000, immutable";
        let mut kept: Vec<(String, &str)> =
            assets(&app).await.into_iter().map(|path| (path, immutable)).collect();
        kept.extend([
            ("/".to_owned(), "no-cache"),
            ("/s.js".to_owned(), "public, max-age=3600"),
            ("/s.full.js".to_owned(), "public, max-age=3600"),
        ]);
        for (path, lifetime) in &kept {
            let mut tags = Vec::new();
            for accept in ["identity", "gzip", "br"] {
                let answer = get(&app, path, &[("accept-encoding", accept)]).await;
                assert_eq!(header(&answer, "cache-control"), *lifetime, "{path}");
                let tag = header(&answer, "etag").to_owned();
                assert!(tag.starts_with('"') && tag.ends_with('"'), "{tag}");
                let whole = answer.bytes().await.unwrap().len();
                let weak = format!("W/{tag}");
                for known in [tag.as_str(), weak.as_str(), "*", &format!("\"other\", {tag}")] {
                    let headers = [("accept-encoding", accept), ("if-none-match", known)];
                    let again = get(&app, path, &headers).await;
                    assert_eq!(again.status(), StatusCode::NOT_MODIFIED, "{path} {known}");
                    assert_eq!(
                        (header(&again, "etag"), header(&again, "cache-control"), header(&again, "vary")),
                        (tag.as_str(), *lifetime, "Accept-Encoding"),
                        "{path}"
                    );
                    assert!(again.bytes().await.unwrap().is_empty() && whole > 0);
                }
                let headers = [("accept-encoding", accept), ("if-none-match", "\"other\"")];
                assert_eq!(get(&app, path, &headers).await.status(), StatusCode::OK, "{path}");
                tags.push(tag);
            }
            tags.dedup();
            assert_eq!(tags.len(), 3, "a cache must not mix the forms of {path}: {tags:?}");
        }
        // An address of another version holds nothing.
        assert_eq!(get(&app, "/page.0123456789abcdef.js", &[]).await.status(), StatusCode::NOT_FOUND);
        app.close().await;
    });
}

#[test]
fn reports_are_compressed_for_who_takes_it_and_answers_to_events_never() {
    run(async {
        let app = spawn_app().await;
        let shop = app.add_shop("tea");
        app.send(&shop, &[event("visit", "v", NOW_MS), event("inquiry", "v", NOW_MS + 1)]).await;
        app.app.settled().await.unwrap();
        let key = format!("Bearer {}", shop.read_key);
        let days = "from=2026-10-24&to=2026-11-22&interval=day";
        for path in [
            format!("/v1/shops/tea/funnel?{days}"),
            format!("/v1/shops/tea/funnel?{days}&format=csv"),
            "/v1/shops/tea/events/recent".to_owned(),
            "/v1/metrics".to_owned(),
            "/openapi.json".to_owned(),
        ] {
            let (_, size, plain) = unpacked(get(&app, &path, &[("authorization", &key)]).await).await;
            for coding in ["gzip", "br"] {
                let headers = [("authorization", key.as_str()), ("accept-encoding", coding)];
                let answer = get(&app, &path, &headers).await;
                let varies = answer.headers().get_all("vary").iter().flat_map(|value| value.to_str());
                let varies = varies.collect::<Vec<_>>().join(", ").to_ascii_lowercase();
                assert!(varies.contains("accept-encoding"), "{path}: {varies}");
                let (found, travelled, content) = unpacked(answer).await;
                assert_eq!(found, coding, "{path}");
                assert!(content == plain, "{path} in {coding} is another answer");
                assert!(travelled * 2 < size, "{path} in {coding}: {travelled} of {size}");
            }
            let none = [("authorization", key.as_str()), ("accept-encoding", "gzip;q=0, br;q=0")];
            assert_eq!(unpacked(get(&app, &path, &none).await).await.0, "", "{path}");
        }
        let refused = get(&app, "/v1/shops/tea/funnel", &[("accept-encoding", "gzip")]).await;
        assert_eq!(refused.status(), StatusCode::UNAUTHORIZED);

        let visit = json!({ "shop": shop.public_key, "kind": "visit" }).to_string();
        let link = format!("{}/v1/shops/tea/share-links", app.url);
        for request in [
            app.client.post(format!("{}/e", app.url)).header("content-type", "text/plain").body(visit),
            app.client.post(format!("{}/v1/events", app.url)).bearer_auth(&shop.secret_key).json(&json!([])),
            // A link holds a secret.
            app.client.post(link).bearer_auth(&shop.read_key).json(&json!({})),
        ] {
            let answer = request.header("accept-encoding", "gzip, br").send().await.unwrap();
            assert_eq!(header(&answer, "content-encoding"), "", "{}", answer.url());
            answer.json::<Value>().await.unwrap();
        }
        app.close().await;
    });
}
