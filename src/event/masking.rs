//! Personal data taken out of addresses before they are stored.
//!
//! Shops put e-mail addresses, tokens and telephone numbers into query strings. What a parameter's name or value
//! gives away is replaced by [`MASK`]; the parameter's name, its place and everything else stay, so that pages
//! and campaigns can still be told apart. The query is looked at, and a fragment that has the form of one. The
//! path is the shop's own and is left alone.

use std::borrow::Cow;

const MASK: &str = "***";

/// Parts of a parameter's name, in lower case and without separators, that say its value is personal or secret.
const PERSONAL_NAMES: [&str; 27] = [
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
];
/// Names that contain one of the parts above and mean something harmless.
const HARMLESS_NAMES: [&str; 7] = ["side", "inside", "outside", "utmsource", "telescope", "hotel", "author"];
/// Personal names of at most so many letters must be the whole name.
const MAX_WHOLE_NAME: usize = 4;
/// Digits of a mobile number, the shortest that is looked for.
const MIN_DIGITS: usize = 11;
const CARD_DIGITS: std::ops::RangeInclusive<usize> = 14..=19;

/// `url` without the personal data in its query and fragment; the same text when there is none.
pub fn masked(url: String) -> String {
    let Some(start) = url.bytes().position(|byte| matches!(byte, b'?' | b'#')) else { return url };
    let (head, rest) = url.split_at(start);
    // Nearly every address has nothing to hide, and is not copied for that.
    if !parts(rest).any(|(pair, _)| personal(pair).is_some()) {
        return url;
    }
    let mut out = String::with_capacity(url.len() + MASK.len());
    out.push_str(head);
    for (pair, separator) in parts(rest) {
        match personal(pair) {
            Some(kept) => {
                out.push_str(kept);
                out.push_str(MASK);
            }
            None => out.push_str(pair),
        }
        out.push_str(separator);
    }
    out
}

/// What somebody wrote, or [`MASK`] when it gives a person away.
pub fn masked_value(value: String) -> String {
    if looks_personal(&value) { MASK.into() } else { value }
}

/// What stands between separators, each with the one that follows it.
fn parts(mut rest: &str) -> impl Iterator<Item = (&str, &str)> {
    std::iter::from_fn(move || {
        if rest.is_empty() {
            return None;
        }
        let separator = rest.bytes().position(|byte| matches!(byte, b'?' | b'#' | b'&' | b';'));
        let (part, length) = separator.map_or((rest.len(), 0), |at| (at, 1));
        let found = (&rest[..part], &rest[part..part + length]);
        rest = &rest[part + length..];
        Some(found)
    })
}

/// What is kept of a part that gives something away: the parameter's name with its sign, or nothing.
fn personal(pair: &str) -> Option<&str> {
    match pair.split_once('=') {
        Some((name, value)) => {
            let gives_away = !value.is_empty() && is_personal(name, value);
            gives_away.then(|| &pair[..=name.len()])
        }
        None => looks_personal(&decoded(pair)).then_some(""),
    }
}

fn is_personal(name: &str, value: &str) -> bool {
    names_personal(&decoded(name)) || looks_personal(&decoded(value))
}

fn names_personal(name: &str) -> bool {
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

/// An e-mail address, a payment card's number or a Chinese mobile number.
fn looks_personal(value: &str) -> bool {
    let digits = value.bytes().filter(u8::is_ascii_digit).count();
    has_email(value)
        || digits >= MIN_DIGITS && digit_runs(value).any(|digits| is_card(&digits) || is_mobile(&digits))
}

fn has_email(value: &str) -> bool {
    let of_address = |c: char| c.is_alphanumeric() || matches!(c, '.' | '_' | '-' | '+' | '%');
    value.match_indices('@').any(|(at, _)| {
        let before = value[..at].chars().next_back().is_some_and(of_address);
        let domain: String = value[at + 1..].chars().take_while(|&c| of_address(c)).collect();
        before && domain.trim_end_matches('.').contains('.')
    })
}

/// Runs of digits, read across the spaces and dashes that people group them by.
fn digit_runs(value: &str) -> impl Iterator<Item = Vec<u32>> {
    let mut runs = Vec::new();
    let mut run: Vec<u32> = Vec::new();
    for c in value.chars() {
        match c.to_digit(10) {
            Some(digit) => run.push(digit),
            None if matches!(c, ' ' | '-' | '+') => {}
            None => runs.push(std::mem::take(&mut run)),
        }
    }
    runs.push(run);
    runs.into_iter().filter(|run| !run.is_empty())
}

/// The length, the issuer's first digits and the check digit (Luhn) of a payment card, ISO/IEC 7812. Article
/// numbers of 13 digits and ids that begin with a year are no cards, whatever their last digit.
fn is_card(digits: &[u32]) -> bool {
    let issuer = digits.iter().take(4).fold(0, |number, digit| number * 10 + digit);
    let issued = matches!(issuer, 2221..=2720 | 3000..=6999);
    let doubled = |digit: u32| digit * 2 / 10 + digit * 2 % 10;
    let sum: u32 = digits
        .iter()
        .rev()
        .enumerate()
        .map(|(place, &digit)| if place % 2 == 0 { digit } else { doubled(digit) })
        .sum();
    issued && CARD_DIGITS.contains(&digits.len()) && sum.is_multiple_of(10)
}

fn is_mobile(digits: &[u32]) -> bool {
    let national = match digits {
        [8, 6, rest @ ..] if rest.len() == 11 => rest,
        all => all,
    };
    matches!(national, [1, 3..=9, rest @ ..] if rest.len() == 9)
}

/// Percent escapes and `+` resolved, as far as they are valid.
fn decoded(text: &str) -> Cow<'_, str> {
    if !text.contains(['%', '+']) {
        return Cow::Borrowed(text);
    }
    let bytes = text.as_bytes();
    let mut out = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while at < bytes.len() {
        let escaped = (bytes[at] == b'%')
            .then(|| std::str::from_utf8(bytes.get(at + 1..at + 3)?).ok())
            .flatten()
            .and_then(|digits| u8::from_str_radix(digits, 16).ok());
        match escaped {
            Some(byte) => {
                out.push(byte);
                at += 3;
            }
            None => {
                out.push(if bytes[at] == b'+' { b' ' } else { bytes[at] });
                at += 1;
            }
        }
    }
    Cow::Owned(String::from_utf8_lossy(&out).into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_identifies_a_person_is_masked_and_the_rest_stays() {
        for (url, stored) in [
            ("https://s.example/p?email=a@b.cn&utm_source=ad", "https://s.example/p?email=***&utm_source=ad"),
            ("https://s.example/p?q=write+to+mei%40tea.cn", "https://s.example/p?q=***"),
            ("https://s.example/reset?access_token=abc#top", "https://s.example/reset?access_token=***#top"),
            ("https://s.example/?card=4111-1111-1111-1111", "https://s.example/?card=***"),
            ("https://s.example/?n=4111%201111%201111%201111", "https://s.example/?n=***"),
            ("https://s.example/?c=13812345678&d=1", "https://s.example/?c=***&d=1"),
            ("https://s.example/?c=%2B86+138-1234-5678", "https://s.example/?c=***"),
            ("https://s.example/#id_token=abc&state=1", "https://s.example/#id_token=***&state=1"),
            ("https://s.example/?mei@tea.cn", "https://s.example/?***"),
            ("https://s.example/?Email%5B0%5D=x", "https://s.example/?Email%5B0%5D=***"),
        ] {
            assert_eq!(masked(url.into()), stored);
        }
    }

    #[test]
    fn what_shops_need_to_tell_pages_apart_is_left_alone() {
        for url in [
            "https://s.example/tea/@longjing",
            "https://s.example/p?id=20261122&page=2&utm_source=newsletter&utm_campaign=11.11",
            "https://s.example/p?sku=6901234567892&order=2026112212345674&gclid=Cj0KCQiA-abc",
            "https://s.example/p?side=left&hotel=1&author=li&at=1795320000000",
            "https://s.example/#/cups?sort=price",
            "https://s.example/p?email=",
            "https://s.example/",
            "",
            "茶?味=清香",
        ] {
            assert_eq!(masked(url.into()), url);
        }
    }

    #[test]
    fn nothing_that_was_planted_survives_in_ten_thousand_addresses() {
        let random = &mut fastrand::Rng::with_seed(20_261_122);
        for _ in 0..10_000 {
            let secret = format!("s{:016x}", random.u64(..));
            let card = luhn(random);
            let plants = [
                format!("email={secret}"),
                format!("Access-Token={secret}"),
                format!("q={secret}%40mail.example"),
                format!("x={card}"),
                format!("user%5Bpassword%5D={secret}"),
            ];
            let mut parts: Vec<String> =
                (0..random.usize(..4)).map(|n| format!("p{n}={}", random.u16(..))).collect();
            let plant = &plants[random.usize(..plants.len())];
            parts.insert(random.usize(..=parts.len()), plant.clone());
            let url = format!("https://s.example/p?{}", parts.join("&"));
            let stored = masked(url.clone());
            assert!(!stored.contains(&secret) && !stored.contains(&card), "{url} is stored as {stored}");
            assert_eq!(stored.matches('&').count(), url.matches('&').count());
        }
    }

    fn luhn(random: &mut fastrand::Rng) -> String {
        loop {
            let digits: Vec<u32> = (0..16).map(|_| random.u32(0..10)).collect();
            if is_card(&digits) {
                return digits.iter().map(u32::to_string).collect();
            }
        }
    }
}
