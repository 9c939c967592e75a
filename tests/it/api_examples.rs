//! `docs/API.md`: every request of it is sent, and every answer in it is what came back.

use crate::app::{NOW_MS, TestApp, TestShop, read, run, spawn_app};
use crate::committed::assert_fresh;
use crate::rules::root;
use hmac::{Hmac, KeyInit, Mac};
use reqwest::Method;
use sha2::{Digest, Sha256};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;

/// As far as an answer is shown of which only the head is.
const HEAD_LINES: usize = 16;
const HEAD_CHARS: usize = 160;
/// Stands for the id of any request, which is made at random.
const REQUEST_ID: &str = "01a203b7c0007a5e8d1f2c3b4a596877";
/// Stands for the id of any annotation.
const ANNOTATION: &str = "01a203b7-c000-7d52-8c41-2f6b1d90e5a7";
/// Stands for the signature of a share link, which the shop's random key makes.
const SIGNATURE: &str = "5d0c7a1be49f2863d1a7c05e8b92f4360e7d91c2ab5483f6d07c1e9b2a45f863";

/// The variables of the examples, and of the shell lines between them.
type Variables = BTreeMap<&'static str, String>;

#[test]
fn every_example_of_the_document_is_what_the_program_answers() {
    run(async {
        let app = spawn_app().await;
        let shop = app.add_shop("tea-house");
        let mut variables = variables(&app, &shop);
        let text = std::fs::read_to_string(root().join("docs/API.md")).unwrap();
        let mut asked = BTreeSet::new();
        let mut fresh = String::new();
        let mut blocks = text.split_inclusive("```\n").peekable();
        while let Some(block) = blocks.next() {
            fresh.push_str(block);
            let Some((_, command)) =
                block.rsplit_once("```sh\n").filter(|(_, code)| code.starts_with("curl"))
            else {
                continue;
            };
            let example = Example::read(command.trim_end_matches("```\n"), &variables);
            let answer = blocks.next().expect("an answer after a request");
            let (between, _) = answer.split_once("```http").expect("an answer after a request");
            let is_head = answer[between.len()..].starts_with("```http head");
            let shown = example.answer(&app, &mut variables).await;
            asked.insert((example.method.as_str().to_lowercase(), example.path()));
            let (kind, shown) = if is_head { (" head", head(&shown)) } else { ("", shown) };
            let _ = write!(fresh, "{between}```http{kind}\n{shown}```\n");
        }
        assert_every_call_has_one(&app, &asked).await;
        assert_fresh("docs/API.md", &fresh);
        app.close().await;
    });
}

fn variables(app: &TestApp, shop: &TestShop) -> Variables {
    let body = r#"{"kind":"favorite","visitor":"v-2"}"#;
    let time = (NOW_MS / 1_000).to_string();
    let mut mac = Hmac::<Sha256>::new_from_slice(&Sha256::digest(&shop.secret_key)).unwrap();
    mac.update(format!("{time}.{body}").as_bytes());
    let signature = mac.finalize().into_bytes().iter().map(|byte| format!("{byte:02x}")).collect();
    Variables::from([
        ("URL", app.url.clone()),
        ("PUBLIC_KEY", shop.public_key.clone()),
        ("SECRET_KEY", shop.secret_key.clone()),
        ("READ_KEY", shop.read_key.clone()),
        ("T", time),
        ("BODY", body.into()),
        ("SIGNATURE", signature),
    ])
}

/// A request as curl would send it.
#[derive(Debug)]
struct Example {
    method: Method,
    url: String,
    headers: Vec<(String, String)>,
    body: Option<String>,
}

impl Example {
    fn read(command: &str, variables: &Variables) -> Example {
        let mut words = words(command, variables).into_iter().skip(1);
        let mut example =
            Example { method: Method::GET, url: String::new(), headers: Vec::new(), body: None };
        while let Some(word) = words.next() {
            let mut value = || words.next().expect("a value");
            match word.as_str() {
                "-i" => {}
                "-H" => {
                    let header = value();
                    let (name, value) = header.split_once(": ").expect("a header");
                    example.headers.push((name.into(), value.into()));
                }
                "-X" => example.method = value().parse().expect("a method"),
                "-d" | "--data-binary" => {
                    example.method = Method::POST;
                    example.body = Some(value());
                }
                url if !url.starts_with('-') && example.url.is_empty() => example.url = url.into(),
                other => panic!("the test does not know curl's {other}"),
            }
        }
        example
    }

    fn path(&self) -> String {
        let url = reqwest::Url::parse(&self.url).expect("a URL");
        url.path().to_owned()
    }

    /// Status, media type and body as the document shows them. Keeps what later examples need.
    async fn answer(&self, app: &TestApp, variables: &mut Variables) -> String {
        app.app.settled().await.expect("settled");
        let mut request = app.client.request(self.method.clone(), &self.url);
        for (name, value) in &self.headers {
            request = request.header(name, value);
        }
        if let Some(body) = &self.body {
            request = request.body(body.clone());
        }
        let answer = request.send().await.expect("an answer");
        let mut shown = format!("HTTP/1.1 {}\n", answer.status());
        for name in ["content-type", "content-disposition", "retry-after"] {
            if let Some(value) = answer.headers().get(name) {
                let _ = writeln!(shown, "{name}: {}", value.to_str().unwrap());
            }
        }
        let media_type =
            answer.headers().get("content-type").map_or("", |value| value.to_str().unwrap()).to_owned();
        if media_type == "image/gif" {
            let picture = answer.bytes().await.expect("a picture");
            let _ = write!(shown, "\n({} bytes)\n", picture.len());
            return shown;
        }
        let body = answer.text().await.expect("text").replace("\r\n", "\n");
        let body = body.trim_start_matches('\u{feff}');
        if let Some(id) = between(body, r#"{"id":""#, "\"").filter(|_| self.url.ends_with("/annotations")) {
            variables.insert("ANNOTATION", id.to_owned());
        }
        let body = if media_type == "application/json" {
            laid_out(&with_stand_ins(body, variables))
        } else {
            body.to_owned()
        };
        if !body.is_empty() {
            let _ = write!(shown, "\n{}\n", body.trim_end());
        }
        shown
    }
}

/// The words of a command as a shell splits them: quotes, variables, a backslash at the end of a line.
fn words(command: &str, variables: &Variables) -> Vec<String> {
    let mut words = Vec::new();
    let mut word: Option<String> = None;
    let mut rest = command.chars().peekable();
    let mut quote = None;
    while let Some(c) = rest.next() {
        match (quote, c) {
            (None, '\'' | '"') => {
                quote = Some(c);
                word.get_or_insert_default();
            }
            (Some(open), _) if c == open => quote = None,
            (None | Some('"'), '$') => {
                let mut name = String::new();
                while let Some(c) = rest.next_if(|c| c.is_ascii_uppercase() || *c == '_') {
                    name.push(c);
                }
                let value = variables.get(name.as_str()).unwrap_or_else(|| panic!("no ${name}"));
                word.get_or_insert_default().push_str(value);
            }
            (None, '\\') => assert_eq!(rest.next(), Some('\n')),
            (None, c) if c.is_whitespace() => words.extend(word.take()),
            (_, c) => word.get_or_insert_default().push(c),
        }
    }
    words.extend(word);
    words
}

/// A body with something lasting in the place of what is random.
fn with_stand_ins(body: &str, variables: &Variables) -> String {
    let mut body = body.to_owned();
    let signature = between(&body, "sl_tea-house.", "\"").and_then(|token| token.rsplit('.').next());
    let random = [
        (between(&body, "\"request_id\":\"", "\""), REQUEST_ID),
        (signature, SIGNATURE),
        (variables.get("ANNOTATION").map(String::as_str), ANNOTATION),
    ];
    for (random, stand_in) in random.map(|(random, stand_in)| (random.map(str::to_owned), stand_in)) {
        if let Some(random) = random {
            body = body.replace(&random, stand_in);
        }
    }
    body
}

/// The text between two others.
fn between<'a>(text: &'a str, before: &str, after: &str) -> Option<&'a str> {
    Some(text.split_once(before)?.1.split_once(after)?.0)
}

/// JSON in the order in which it was sent, with the outer levels on lines of their own.
fn laid_out(json: &str) -> String {
    const LEVELS: usize = 2;
    let mut text = String::new();
    let mut depth = 0;
    let mut is_text = false;
    let mut before = ' ';
    for c in json.chars() {
        if c == '"' && before != '\\' {
            is_text = !is_text;
        }
        let closes = !is_text && matches!(c, '}' | ']');
        if closes {
            if depth <= LEVELS && !matches!(before, '{' | '[') {
                let _ = write!(text, "\n{}", "  ".repeat(depth - 1));
            }
            depth -= 1;
        }
        // Breaks and spaces between values are all made here.
        if is_text || !c.is_whitespace() {
            text.push(c);
            if !is_text && c == ':' {
                text.push(' ');
            }
        }
        if !is_text && matches!(c, '{' | '[') {
            depth += 1;
        }
        if !is_text && matches!(c, '{' | '[' | ',') && depth <= LEVELS && depth > 0 {
            let _ = write!(text, "\n{}", "  ".repeat(depth));
        } else if !is_text && c == ',' {
            text.push(' ');
        }
        before = if before == '\\' { ' ' } else { c };
    }
    text.replace("[\n    ]", "[]").replace("[\n  ]", "[]").replace("{\n  }", "{}")
}

fn head(shown: &str) -> String {
    let mut text = String::new();
    for line in shown.lines().take(HEAD_LINES) {
        let end = if line.chars().count() > HEAD_CHARS { "…" } else { "" };
        let _ = writeln!(text, "{}{end}", line.chars().take(HEAD_CHARS).collect::<String>());
    }
    text.push_str("…\n");
    text
}

/// Every documented call has an example.
async fn assert_every_call_has_one(app: &TestApp, asked: &BTreeSet<(String, String)>) {
    let url = format!("{}/openapi.json", app.url);
    let (_, document) = read(app.client.get(url).send().await.unwrap()).await;
    for (path, methods) in document["paths"].as_object().unwrap() {
        for method in methods.as_object().unwrap().keys() {
            let has_one = asked.iter().any(|(asked_method, asked_path)| {
                let parts = path.split('/').zip(asked_path.split('/'));
                asked_method == method
                    && path.split('/').count() == asked_path.split('/').count()
                    && parts.into_iter().all(|(part, asked)| part.starts_with('{') || part == asked)
            });
            assert!(has_one, "docs/API.md has no example of {method} {path}");
        }
    }
}
