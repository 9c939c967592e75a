//! The parameters of an address: those of its query, and of a fragment that has the form of one.

use super::{MAX_CHARS, unescaped};
use crate::text::{cleaned, is_hidden};
use encoding_rs::GB18030;
use std::borrow::Cow;
use url::form_urlencoded;

/// Names and values in the order of the address, escapes resolved.
pub(super) struct Parameters<'a>(Vec<(Cow<'a, str>, Cow<'a, str>)>);

impl<'a> Parameters<'a> {
    /// The parameters of an address.
    pub(super) fn of(url: &'a str) -> Parameters<'a> {
        let Some(start) = url.find(['?', '#']) else { return Parameters(Vec::new()) };
        let pairs = url[start..].split(['?', '#', '&']).filter_map(|pair| {
            let (name, value) = form_urlencoded::parse(pair.as_bytes()).next()?;
            // Nearly no value holds one.
            let is_suspect = value.contains(|c| c == char::REPLACEMENT_CHARACTER || is_phonetic(c));
            let chinese = if is_suspect { chinese(pair) } else { None };
            Some((name, chinese.map_or(value, Cow::Owned)))
        });
        Parameters(pairs.collect())
    }

    /// The cleaned value of the first of `names` that has one.
    pub(super) fn first(&self, names: &[&str]) -> Option<String> {
        names.iter().find_map(|name| self.value(name))
    }

    fn value(&self, name: &str) -> Option<String> {
        let values = self.0.iter().filter(|(known, _)| known.eq_ignore_ascii_case(name));
        values.map(|(_, value)| cleaned(value.trim(), MAX_CHARS)).find(|value| !value.is_empty())
    }

    /// Whether there is such a parameter, with a value.
    pub(super) fn has(&self, name: &str) -> bool {
        self.0.iter().any(|(known, value)| known.eq_ignore_ascii_case(name) && !value.is_empty())
    }
}

/// Letters and marks that only phonetic transcriptions need. In UTF-8 they are the bytes of some frequent
/// Chinese characters in GB18030: the escapes of 双11 and of 双十一 are valid in both.
fn is_phonetic(c: char) -> bool {
    matches!(c, '\u{2a1}'..='\u{2b8}' | '\u{2e1}'..='\u{2ff}')
}

/// The value of a pair whose escapes are Chinese text in GB18030, as older systems send it, and no text in
/// UTF-8 that anybody would write.
///
/// Its characters must be of GB2312 for the most part, as those of nearly all such texts: two bytes each that
/// ASCII does not have. French in Latin-1 is valid in GB18030 too, but has a letter of ASCII behind each
/// accent.
fn chinese(pair: &str) -> Option<String> {
    let (_, value) = pair.split_once('=')?;
    let bytes = unescaped(&value.replace('+', " "), |_| false);
    let in_utf8 = std::str::from_utf8(&bytes).ok();
    if !value.is_ascii() || in_utf8.is_some_and(|text| !text.contains(is_phonetic)) {
        return None;
    }
    let text = GB18030.decode_without_bom_handling_and_without_replacement(&bytes)?;
    let is_nobodys = |c: char| is_hidden(c) || matches!(c, '\u{e000}'..='\u{f8ff}');
    if text.chars().any(is_nobodys) {
        return None;
    }
    let (common, all) = characters(&bytes);
    let is_chinese = if in_utf8.is_some() { common == all } else { 2 * common > all };
    is_chinese.then(|| text.into_owned())
}

/// How many characters of a text in GB18030 are of GB2312, and how many are beyond ASCII.
fn characters(mut text: &[u8]) -> (usize, usize) {
    let (mut common, mut all) = (0, 0);
    while let [first, behind @ ..] = text {
        let more_bytes = match (first, behind.first()) {
            (0..=0x80 | 0xff, _) | (_, None) => 0,
            (_, Some(b'0'..=b'9')) => 3,
            _ => 1,
        };
        let is_common = matches!((first, behind.first()), (0xa1..=0xf7, Some(0xa1..)));
        common += usize::from(is_common);
        all += usize::from(more_bytes > 0);
        text = behind.get(more_bytes..).unwrap_or_default();
    }
    (common, all)
}
