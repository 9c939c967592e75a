//! What in a text names a person: mail addresses, telephone numbers, numbers of payment cards.
//!
//! Everything here works on text whose escapes are resolved, and tells places in it.

use std::borrow::Cow;
use std::ops::Range;

/// How UTF-8 begins characters of the full width, which Chinese keyboards write.
const FULL_WIDTH: u8 = 0xef;
/// Digits of the shortest number that is looked for.
pub const MIN_DIGITS: usize = 10;
/// `@` with its escape, and with that of the escape's sign, as often as addresses within addresses have it.
const ESCAPED_AT: [&str; 3] = ["%40", "%2540", "%252540"];
/// With the country's code, E.164.
const PHONE_DIGITS: std::ops::RangeInclusive<usize> = MIN_DIGITS..=15;
const CARD_DIGITS: std::ops::RangeInclusive<usize> = 13..=19;
/// Characters that may stand between two groups of one number.
const MAX_GAP_CHARS: usize = 3;
/// How the eleven digits of a Chinese mobile number are grouped.
const MOBILE_GROUPS: [&[usize]; 5] = [&[11], &[3, 4, 4], &[3, 8], &[7, 4], &[4, 3, 4]];
/// Of a payment card's number all groups but the last have at least so many digits.
const MIN_CARD_GROUP: usize = 4;

/// Where `text` holds mail addresses, in order.
pub fn mail_addresses(text: &str) -> Vec<Range<usize>> {
    let mut found = Vec::new();
    // Nearly every text ends here: it has no sign, no escape, and nothing of the full width.
    if !text.bytes().any(|byte| matches!(byte, b'@' | b'%' | FULL_WIDTH)) {
        return found;
    }
    let mut start = None;
    for (at, c) in text.char_indices().chain([(text.len(), ' ')]) {
        match (is_of_address(c) || is_at(c), start) {
            (true, None) => start = Some(at),
            (false, Some(begun)) => {
                start = None;
                let run = &text[begun..at];
                let written = ESCAPED_AT.iter().fold(Cow::Borrowed(run), |run, at| match run.contains(at) {
                    true => Cow::Owned(run.replace(at, "@")),
                    false => run,
                });
                if holds_address(&written) {
                    found.push(begun..at);
                }
            }
            _ => {}
        }
    }
    found
}

/// Whether `text` holds a mail address.
pub fn has_mail_address(text: &str) -> bool {
    !mail_addresses(text).is_empty()
}

fn is_at(c: char) -> bool {
    matches!(c, '@' | '＠')
}

fn is_of_address(c: char) -> bool {
    c.is_alphanumeric() || matches!(c, '.' | '_' | '-' | '+' | '%')
}

/// Somebody, at, and a host whose name ends with letters: what begins like an address is one, whatever
/// follows, so that taking something out behind it changes nothing. A handle (`@longjing`) and a version
/// (`tea@2.5`) are none.
fn holds_address(run: &str) -> bool {
    run.char_indices().filter(|&(_, c)| is_at(c)).any(|(at, c)| {
        let before = run[..at].chars().next_back().is_some_and(is_of_address);
        let host = run[at + c.len_utf8()..].split(is_at).next().unwrap_or_default();
        let mut labels = host.split('.');
        let named = labels.next().is_some_and(|label| !label.is_empty());
        before && named && labels.any(|label| label.chars().take_while(|c| c.is_alphabetic()).count() >= 2)
    })
}

/// Digits that stand together.
struct Group {
    place: Range<usize>,
    digits: Vec<u8>,
}

/// Where `text` holds numbers of telephones and payment cards, in order.
pub fn numbers(text: &str) -> Vec<Range<usize>> {
    let mut found = Vec::new();
    // Nearly every text ends here. Counting takes many bytes at a time.
    let may_count = |byte: u8| byte.is_ascii_digit() | (byte == FULL_WIDTH);
    if text.bytes().map(|byte| usize::from(may_count(byte))).sum::<usize>() < MIN_DIGITS {
        return found;
    }
    let groups = groups(text);
    let mut first = 0;
    while first < groups.len() {
        let last = last_of_number(text, &groups, first);
        match last {
            Some(last) => {
                let start = plus_before(text, groups[first].place.start).unwrap_or(groups[first].place.start);
                found.push(start..groups[last].place.end);
                first = last + 1;
            }
            None => first += 1,
        }
    }
    found
}

/// The last group of the longest number that begins with the group `first`, so that nothing of it is left.
fn last_of_number(text: &str, groups: &[Group], first: usize) -> Option<usize> {
    let mut digits = Vec::new();
    let mut sizes = Vec::new();
    let mut found = None;
    for (last, group) in groups.iter().enumerate().skip(first) {
        let is_near = last == first || is_gap(text, &groups[last - 1], group);
        if !is_near || digits.len() + group.digits.len() > *CARD_DIGITS.end() {
            break;
        }
        digits.extend_from_slice(&group.digits);
        sizes.push(group.digits.len());
        let is_abroad = || {
            let has_code = digits[0] != 0 && plus_before(text, groups[first].place.start).is_some();
            has_code && PHONE_DIGITS.contains(&digits.len())
        };
        if is_mobile(&digits, &sizes) || is_card(&digits, &sizes) || is_abroad() {
            found = Some(last);
        }
    }
    found
}

/// The digit that a character is, in ASCII or of the full width.
fn digit(c: char) -> Option<u8> {
    match c {
        '0'..='9' => Some(c as u8 - b'0'),
        '０'..='９' => Some((c as u32 - '０' as u32) as u8),
        _ => None,
    }
}

fn groups(text: &str) -> Vec<Group> {
    let mut groups: Vec<Group> = Vec::new();
    for (at, c) in text.char_indices() {
        let Some(digit) = digit(c) else { continue };
        let end = at + c.len_utf8();
        match groups.last_mut().filter(|group| group.place.end == at) {
            Some(group) => {
                group.place.end = end;
                group.digits.push(digit);
            }
            None => groups.push(Group { place: at..end, digits: vec![digit] }),
        }
    }
    groups
}

/// Whether two groups may belong to one number.
fn is_gap(text: &str, before: &Group, after: &Group) -> bool {
    let gap = &text[before.place.end..after.place.start];
    gap.chars().count() <= MAX_GAP_CHARS
        && gap
            .chars()
            .all(|c| matches!(c, ' ' | '\u{a0}' | '\u{3000}' | '-' | '‐'..='–' | '.' | '_' | '(' | ')'))
}

/// Where the sign before a number is that begins with a country's code. A sign behind a letter or a digit
/// stands for a blank.
fn plus_before(text: &str, start: usize) -> Option<usize> {
    let before = text[..start].trim_end_matches('(');
    let sign = before.chars().next_back().filter(|c| matches!(c, '+' | '＋'))?;
    let at = before.len() - sign.len_utf8();
    (!text[..at].ends_with(char::is_alphanumeric)).then_some(at)
}

/// A Chinese mobile number, with or without the country's code.
fn is_mobile(digits: &[u8], sizes: &[usize]) -> bool {
    let code: usize = match digits {
        [8, 6, rest @ ..] if rest.len() == 11 => 2,
        [0, 0, 8, 6, rest @ ..] if rest.len() == 11 => 4,
        _ if digits.len() == 11 => 0,
        _ => return false,
    };
    let mut sizes = sizes.to_vec();
    sizes[0] = match sizes[0].checked_sub(code) {
        Some(left) => left,
        None => return false,
    };
    let sizes = if sizes[0] == 0 { &sizes[1..] } else { &sizes[..] };
    matches!(digits[code..], [1, 3..=9, ..]) && MOBILE_GROUPS.contains(&sizes)
}

/// A payment card's number, ISO/IEC 7812: issuer, length, check digit. Ids of articles and orders have as
/// many digits and a right check digit once in ten, so that what no issuer gives out at this length is left
/// alone: ids that begin with a year or another 1, and article numbers (EAN-13), whose own check digit is
/// right.
fn is_card(digits: &[u8], sizes: &[usize]) -> bool {
    let grouped = sizes[..sizes.len() - 1].iter().all(|&size| size >= MIN_CARD_GROUP);
    let issuer = digits.iter().take(4).fold(0_u32, |number, &digit| number * 10 + u32::from(digit));
    let is_issued = match digits.len() {
        13 => issuer / 1_000 == 4 && !(sizes.len() == 1 && is_article(digits)),
        14 => matches!(issuer, 3000..=3059 | 3095..=3095 | 3600..=3699 | 3800..=3999),
        15 => matches!(issuer, 3400..=3499 | 3700..=3799),
        16 => {
            matches!(issuer, 2200..=2204 | 2221..=2720 | 3000..=3059 | 3528..=3589 | 3600..=3699 | 3800..=6999)
        }
        // Visa's have 19 digits where they are longer than 16.
        17..=19 => matches!(issuer, 3528..=3589 | 4000..=4999 | 5000..=5099 | 5600..=6999),
        _ => false,
    };
    grouped
        && CARD_DIGITS.contains(&digits.len())
        && is_issued
        && weighted(digits, |digit| digit * 2 / 10 + digit * 2 % 10)
}

fn is_article(digits: &[u8]) -> bool {
    digits.len() == 13 && weighted(digits, |digit| digit * 3)
}

/// Whether the sum of the digits is a multiple of ten, every second one weighed, counted from the end.
fn weighted(digits: &[u8], weight: impl Fn(u32) -> u32) -> bool {
    let digits = digits.iter().rev().map(|&digit| u32::from(digit)).enumerate();
    let sum: u32 = digits.map(|(place, digit)| if place % 2 == 0 { digit } else { weight(digit) }).sum();
    sum.is_multiple_of(10)
}
