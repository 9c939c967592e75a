//! Personal data and secrets taken out of what events tell, before anything is stored.
//!
//! Of an address the query, a fragment of that form, and the path are looked at: what a parameter's name or
//! value, or a segment of the path gives away is replaced by [`MASK`]; everything else stays, so that pages
//! and campaigns can still be told apart. In texts only the place is replaced that holds it. Ids that must
//! match something are not touched. Masking what is masked changes nothing.

mod personal;
mod tokens;

use std::borrow::Cow;
use std::ops::Range;

const MASK: &str = "***";

/// Parts of a parameter's name, in lower case and without separators, that say its value is personal or
/// secret.
const PERSONAL_NAMES: [&str; 34] = [
    "email",
    "mail",
    "token",
    "password",
    "passwd",
    "pwd",
    "secret",
    "apikey",
    "accesskey",
    "authorization",
    "auth",
    "session",
    "sid",
    "signature",
    "jwt",
    "phone",
    "mobile",
    "tel",
    "firstname",
    "lastname",
    "fullname",
    "username",
    "address",
    "idcard",
    "cardno",
    "cardnumber",
    "iban",
    "signed",
    "sig",
    "sign",
    "hmac",
    "otp",
    "mceid",
    "mkttok",
];
/// Names that contain one of the parts above and mean something harmless.
const HARMLESS_NAMES: [&str; 9] =
    ["side", "inside", "outside", "utmsource", "telescope", "hotel", "author", "design", "signedin"];
/// Personal names of at most so many letters must be the whole name.
const MAX_WHOLE_NAME: usize = 4;
/// Digits of the article numbers that stand on goods, and of the ids of many shops' things.
const ARTICLE_DIGITS: usize = 13;
/// The shortest text that gives something away: `a@b.cn`.
const MIN_CHARS: usize = 6;
/// Escapes within escapes that are resolved, and addresses within addresses.
const MAX_DEPTH: usize = 3;
/// Nothing needs as many; a text that does changes with every round.
const MAX_ROUNDS: usize = 8;
/// What follows the scheme of an address.
const SCHEME_SIGN: &str = "://";
/// How WooCommerce's keys of guests' orders begin.
const WOOCOMMERCE_KEY: &str = "wc_order_";

/// An address without what its path, its query and its fragment give away; the same text when that is
/// nothing.
pub fn masked_address(url: String) -> String {
    settled(url, |url| without_given_away(url, 0))
}

/// A text for people with [`MASK`] in the places of mail addresses, telephone and card numbers, and of
/// tokens.
pub fn masked_text(text: String) -> String {
    settled(text, |text| {
        let mut places = personal::mail_addresses(text);
        // What no part of the text holds no word holds; nearly every text ends here.
        if has_scheme(text) || tokens::holds_token(text) {
            places.extend(words(text).into_iter().filter(|place| {
                let word = &text[place.clone()];
                tokens::holds_token(word) || has_scheme(word) && without_given_away(word, 0).is_some()
            }));
        }
        places.extend(personal::numbers(text));
        replaced(text, places)
    })
}

/// A name, of a person, a tool or a thing, with [`MASK`] in the places of mail addresses, telephone and card
/// numbers.
pub fn masked_name(name: String) -> String {
    settled(name, |name| {
        let mut places = personal::mail_addresses(name);
        // Shops number their articles like this.
        let is_article = name.len() == ARTICLE_DIGITS && name.starts_with('4') && is_number(name);
        if !is_article {
            places.extend(personal::numbers(name));
        }
        replaced(name, places)
    })
}

/// What names a product: as [`masked_name`], but that a number alone is the product's and no telephone's, as
/// long as it is not as long as a card's. Marketplaces number their products by 11, 12 and 19 digits.
pub fn masked_product(product: String) -> String {
    let is_own = is_number(&product) && !(14..=16).contains(&product.len());
    if is_own { product } else { masked_name(product) }
}

/// What somebody wrote, or [`MASK`] when it gives a person away.
pub fn masked_value(value: String) -> String {
    if gives_away(&value, 0) { MASK.into() } else { value }
}

/// The text after as many rounds as it takes until nothing is found.
fn settled(mut text: String, round: impl Fn(&str) -> Option<String>) -> String {
    for _ in 0..MAX_ROUNDS {
        match round(&text) {
            Some(next) => text = next,
            None => break,
        }
    }
    text
}

/// `text` with [`MASK`] in `places`; nothing when there are none.
fn replaced(text: &str, mut places: Vec<Range<usize>>) -> Option<String> {
    if places.is_empty() {
        return None;
    }
    places.sort_by_key(|place| place.start);
    let mut out = String::with_capacity(text.len());
    let mut at = 0;
    for place in places {
        if place.start >= at {
            out.push_str(&text[at..place.start]);
            out.push_str(MASK);
        }
        at = at.max(place.end);
    }
    out.push_str(&text[at..]);
    Some(out)
}

/// What stands between blanks, brackets and quotes, as long as something that is looked for.
fn words(text: &str) -> Vec<Range<usize>> {
    let is_between = |c: char| c.is_whitespace() || "()[]<>{}\"'“”‘’「」《》（）【】，。；、|,;*".contains(c);
    let mut words = Vec::new();
    let mut start = 0;
    for (at, c) in text.char_indices().filter(|&(_, c)| is_between(c)).chain([(text.len(), ' ')]) {
        if at.saturating_sub(start) >= MIN_CHARS {
            words.push(start..at);
        }
        start = at + c.len_utf8();
    }
    words
}

/// An address without what it gives away; nothing when that is nothing. `depth` is that of addresses within
/// addresses.
fn without_given_away(url: &str, depth: usize) -> Option<String> {
    let rest_start = position(url, |byte| matches!(byte, b'?' | b'#')).unwrap_or(url.len());
    let (head, rest) = url.split_at(rest_start);
    let path_start = path_start(head);
    let user = user(&head[..path_start]);
    let path = masked_path(&head[path_start..], depth);
    let has_personal_part = parts(rest).any(|(part, _)| masked_part(part, depth).is_some());
    // Nearly every address has nothing to hide, and is not copied for that.
    if user.is_none() && path.is_none() && !has_personal_part {
        return None;
    }
    let mut out = String::with_capacity(url.len() + MASK.len());
    match user {
        Some(user) => {
            out.push_str(&head[..user.start]);
            out.push_str(MASK);
            out.push_str(&head[user.end..path_start]);
        }
        None => out.push_str(&head[..path_start]),
    }
    out.push_str(path.as_deref().unwrap_or(&head[path_start..]));
    for (part, separator) in parts(rest) {
        out.push_str(&masked_part(part, depth).map_or(Cow::Borrowed(part), Cow::Owned));
        out.push_str(separator);
    }
    Some(out)
}

/// Where the path of an address without its query begins: behind the host, or at once where there is none.
fn path_start(head: &str) -> usize {
    let is_of_scheme = |byte: u8| byte.is_ascii_alphabetic() || matches!(byte, b'+' | b'-' | b'.');
    match scheme_end(head) {
        // What has no dot is no host of a shop, and may be anything: `tel://13812345678`.
        Some(end) if head.bytes().take(end).all(is_of_scheme) => {
            let start = end + SCHEME_SIGN.len();
            let host = first_segment(&head[start..]);
            let is_sign = |c: char| matches!(c, '.' | '-' | '_' | ':' | '@' | '[' | ']' | '*');
            let is_host = position(host, |byte| byte == b'.').is_some()
                && host.chars().all(|c| c.is_ascii_alphanumeric() || is_sign(c) || c.is_alphanumeric())
                && personal::numbers(host).is_empty();
            if is_host { start + host.len() } else { start }
        }
        _ => 0,
    }
}

/// Where an address names a user, with or without a password.
fn user(authority: &str) -> Option<Range<usize>> {
    let end = authority.bytes().rposition(|byte| byte == b'@')?;
    let start = scheme_end(authority)? + SCHEME_SIGN.len();
    let end = Some(end).filter(|&end| end >= start && &authority[start..end] != MASK)?;
    Some(start..end)
}

/// A path without what its segments give away; nothing when that is nothing.
fn masked_path(path: &str, depth: usize) -> Option<String> {
    let mut out: Option<String> = None;
    let mut start = 0;
    while start <= path.len() {
        let segment = first_segment(&path[start..]);
        let end = start + segment.len();
        // Nearly every segment is short, and is not looked at any further.
        let masked = (segment.len() >= MIN_CHARS).then(|| {
            let next = path.get(end + 1..).map(first_segment);
            masked_segment(segment, path[..start].trim_end_matches('/'), next, depth)
        });
        let masked = masked.flatten();
        match (&mut out, masked) {
            (Some(out), masked) => out.push_str(masked.as_deref().unwrap_or(segment)),
            (None, Some(masked)) => out = Some(path[..start].to_owned() + &masked),
            (None, None) => {}
        }
        if let Some(out) = &mut out
            && end < path.len()
        {
            out.push('/');
        }
        start = end + 1;
    }
    out
}

/// A segment without what it and its parameters (`;jsessionid=…`) give away. `before` is the path before it.
fn masked_segment(segment: &str, before: &str, next: Option<&str>, depth: usize) -> Option<String> {
    if position(segment, |byte| matches!(byte, b'=' | b';' | b'&')).is_none() {
        return segment_gives_away(segment, before, next, depth).then(|| MASK.to_owned());
    }
    let mut out = String::new();
    let mut found = false;
    for part in segment.split_inclusive([';', '&']) {
        let separator = part.len() - part.trim_end_matches([';', '&']).len();
        let (part, separator) = part.split_at(part.len() - separator);
        let masked = match masked_part(part, depth) {
            None if segment_gives_away(part, before, next, depth) => Some(MASK.to_owned()),
            masked => masked,
        };
        found |= masked.is_some();
        out.push_str(masked.as_deref().unwrap_or(part));
        out.push_str(separator);
    }
    found.then_some(out)
}

fn segment_gives_away(segment: &str, before: &str, next: Option<&str>, depth: usize) -> bool {
    if is_harmless(segment) {
        return tokens::opens(segment, before, next);
    }
    let decoded = resolved(segment);
    if personal::has_mail_address(&decoded) || tokens::opens(&decoded, before, next) {
        return true;
    }
    let is_of_a_thing = || {
        let (number, ending) = decoded.split_once('.').unwrap_or((&decoded, "html"));
        let is_page = ending.bytes().all(|byte| byte.is_ascii_lowercase());
        let last = before.rsplit('/').next().unwrap_or_default();
        number.len() <= ARTICLE_DIGITS && is_number(number) && is_page && tokens::names_things(last)
    };
    if !personal::numbers(&decoded).is_empty() && !is_of_a_thing() {
        return true;
    }
    // An address within this one, escaped.
    decoded.len() < segment.len()
        && depth < MAX_DEPTH
        && position(&decoded, |byte| matches!(byte, b'/' | b'?' | b'#')).is_some()
        && without_given_away(&decoded, depth + 1).is_some()
}

/// What stands between separators, each with the one that follows it.
fn parts(mut rest: &str) -> impl Iterator<Item = (&str, &str)> {
    std::iter::from_fn(move || {
        if rest.is_empty() {
            return None;
        }
        let separator = position(rest, |byte| matches!(byte, b'?' | b'#' | b'&' | b';'));
        let (part, length) = separator.map_or((rest.len(), 0), |at| (at, 1));
        let found = (&rest[..part], &rest[part..part + length]);
        rest = &rest[part + length..];
        Some(found)
    })
}

/// A part of a query without what it gives away: the parameter's name stays, unless it does itself. A
/// fragment may be a path.
fn masked_part(part: &str, depth: usize) -> Option<String> {
    let Some(sign) = position(part, |byte| byte == b'=') else {
        if part.contains('/') {
            return masked_path(part, depth);
        }
        return gives_away(&decoded(part), depth).then(|| MASK.to_owned());
    };
    let (name, value) = (&part[..sign], &part[sign + 1..]);
    let plain_name = decoded(name);
    let is_nameless = gives_away(&plain_name, depth);
    let is_personal = !value.is_empty()
        && value != MASK
        && (names_personal(&plain_name) || gives_away(&decoded(value), depth));
    let name = if is_nameless { MASK } else { name };
    let value = if is_personal { MASK } else { value };
    (is_nameless || is_personal).then(|| format!("{name}={value}"))
}

fn names_personal(name: &str) -> bool {
    // Most parameters, and none of them holds a personal part.
    if matches!(name, "utm_source" | "utm_medium" | "utm_campaign" | "utm_term" | "utm_content") {
        return false;
    }
    let mut letters = Vec::with_capacity(name.len());
    letters.extend(name.bytes().filter(u8::is_ascii_alphanumeric).map(|letter| letter.to_ascii_lowercase()));
    let is = |part: &&str| letters == part.as_bytes();
    if HARMLESS_NAMES.iter().any(is) {
        return false;
    }
    // Short parts count only as the whole name: `sid` yes, `residence` no. Looking at the first letter before
    // anything else makes this several times faster than `str::contains`, which is made for long texts.
    let holds = |part: &[u8]| {
        part.len() > MAX_WHOLE_NAME
            && (0..letters.len()).any(|at| letters[at] == part[0] && letters[at..].starts_with(part))
    };
    PERSONAL_NAMES.iter().any(|part| is(part) || holds(part.as_bytes()))
}

/// Whether a value whose escapes are resolved once is personal, opens something, or is an address that does.
fn gives_away(value: &str, depth: usize) -> bool {
    if value.len() < MIN_CHARS || is_harmless(value) {
        return false;
    }
    let value = resolved(value);
    personal::has_mail_address(&value)
        || !personal::numbers(&value).is_empty()
        || tokens::holds_token(&value)
        || value.starts_with(WOOCOMMERCE_KEY)
        || depth < MAX_DEPTH
            && position(&value, |byte| matches!(byte, b'/' | b'=')).is_some()
            && without_given_away(&value, depth + 1).is_some()
}

/// Whether a value can hold nothing of what is looked for: it is short, has few digits and none of the signs
/// that all of that has. Nearly every value is so, and told in one look that takes many bytes at a time.
fn is_harmless(value: &str) -> bool {
    let is_sign =
        |byte: u8| matches!(byte, b'@' | b'%' | b'+' | b'/' | b'=' | b'?' | b'#' | b':') | !byte.is_ascii();
    let (signs, digits) = value.bytes().fold((false, 0_usize), |(signs, digits), byte| {
        (signs | is_sign(byte), digits + usize::from(byte.is_ascii_digit()))
    });
    !signs
        && digits < personal::MIN_DIGITS
        && value.len() < tokens::MIN_JWT_CHARS
        && !value.starts_with(WOOCOMMERCE_KEY)
}

fn has_scheme(text: &str) -> bool {
    scheme_end(text).is_some()
}

/// Where [`SCHEME_SIGN`] is.
fn scheme_end(text: &str) -> Option<usize> {
    let colon = position(text, |byte| byte == b':')?;
    if text[colon..].starts_with(SCHEME_SIGN) { Some(colon) } else { text.find(SCHEME_SIGN) }
}

/// Where the first byte of ASCII is that is meant: several times faster than `str::find`, which takes
/// characters apart.
fn position(text: &str, is_meant: impl Fn(u8) -> bool) -> Option<usize> {
    text.bytes().position(is_meant)
}

/// The text before its first `/`.
fn first_segment(path: &str) -> &str {
    &path[..position(path, |byte| byte == b'/').unwrap_or(path.len())]
}

fn is_number(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())
}

/// Percent escapes resolved, and those that this brings about.
fn resolved(text: &str) -> Cow<'_, str> {
    let mut resolved = Cow::Borrowed(text);
    for _ in 0..MAX_DEPTH {
        match unescaped(&resolved, b'+') {
            Some(next) => resolved = Cow::Owned(next),
            None => break,
        }
    }
    resolved
}

/// Percent escapes and `+` resolved, as far as they are valid.
fn decoded(text: &str) -> Cow<'_, str> {
    match unescaped(text, b' ') {
        Some(text) => Cow::Owned(text),
        None if text.contains('+') => Cow::Owned(text.replace('+', " ")),
        None => Cow::Borrowed(text),
    }
}

/// The text with its percent escapes resolved and `plus` for each `+`; nothing when it has no escape.
fn unescaped(text: &str, plus: u8) -> Option<String> {
    let bytes = text.as_bytes();
    if !bytes.contains(&b'%') {
        return None;
    }
    let digit = |at: usize| bytes.get(at).and_then(|&byte| char::from(byte).to_digit(16));
    let mut out = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while at < bytes.len() {
        let escaped = (bytes[at] == b'%').then(|| digit(at + 1).zip(digit(at + 2))).flatten();
        match escaped {
            Some((high, low)) => {
                out.push((high * 16 + low) as u8);
                at += 3;
            }
            None => {
                out.push(if bytes[at] == b'+' { plus } else { bytes[at] });
                at += 1;
            }
        }
    }
    let is_changed = out.len() < bytes.len() || plus == b' ';
    let text = || {
        String::from_utf8(out).unwrap_or_else(|error| String::from_utf8_lossy(error.as_bytes()).into_owned())
    };
    is_changed.then(text)
}

#[cfg(test)]
mod tests;
