//! Amounts as shops' systems write them, read from their text.
//!
//! A text is read when the whole of it is one amount without doubt, and is no amount otherwise: a figure that
//! is missing can be seen and mended, a wrong one cannot. In this order:
//!
//! - *Plain*: digits, then perhaps a point and digits. Programs write so, whatever the currency; `1.299` is
//!   always one and a bit. Decimals beyond the fourth must be zeros.
//! - *Signs*: before and behind the number at most one sign, word or code of a currency each (`signs`). Both
//!   must agree with one another and with the currency that the sender told. Where none was told, a sign of
//!   one meaning tells it; of several meanings (`$`, `¥`, `kr`) the shop's own currency must be one. What a
//!   text without any sign is in was told, or is the shop's.
//! - *Groups*: of three digits, or with commas the Indian ones of two before the last three; all behind one
//!   separator: comma, point, apostrophe, blank or `٬`. No group follows a leading zero.
//! - *Decimals*: behind one separator at the end that is not the groups' one: point, comma or `٫`. A dash
//!   behind it stands for no cents (`12.-`, `12,--`, `299:-`).
//! - *Scripts*: full-width signs, and Arabic, Persian, Devanagari and Bengali digits are read as those of
//!   ASCII; not two kinds of digits in one number.
//!
//! One separator alone may be either, and then:
//!
//! | written | read as |
//! |---|---|
//! | `12,5` `12,50` | decimals |
//! | `1,299` | a group; in doubt for currencies of three decimals (KWD) |
//! | `1.299 €` | in doubt; a group for currencies without decimals (JPY), which have no other reading |
//! | `0,299` `0.299 €` | decimals, since no group follows a zero; in doubt for currencies without decimals |
//! | `1299.500 €` | decimals, since four digits are no group; in doubt for currencies without decimals |
//! | `1299,500` | decimals of currencies of three; else in doubt: a comma may be missing |
//! | `12,3456` | in doubt |
//!
//! Anything else is no amount: a minus sign of whatever form, a plus, an exponent, a percent sign, brackets,
//! other words, two numbers, a number without digits before its point, hidden characters.

use super::signs::meanings;
use super::{Amount, Currency, MAX_DECIMALS};
use crate::text::holds_hidden;

/// Zeros of the digits that are read: ASCII, Arabic, Persian, Devanagari, Bengali, full-width.
const ZEROS: [char; 6] = ['0', '٠', '۰', '०', '০', '０'];
/// What may stand between digits, once [`folded`].
const SEPARATORS: [char; 6] = ['.', ',', '\'', ' ', '٬', '٫'];
/// Of two different separators the last must be one of these. The colon stands before a dash only.
const BEFORE_DECIMALS: [char; 4] = ['.', ',', '٫', ':'];
/// Digits of a group, and decimals of the currencies that have most.
const GROUP: usize = 3;

/// What a text says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Reading {
    /// How much.
    pub amount: Amount,
    /// In what.
    pub currency: Currency,
    /// The sender or a sign in the text names the currency; otherwise it is the shop's.
    pub is_named: bool,
}

/// The amount that a text says, and its currency: `told` where the sender told one, else what a sign in the
/// text says, else the shop's. The header of this module has the rules.
///
/// `None` where the text is not one amount without doubt, its sign contradicts `told`, or it is above 10¹².
pub fn read_text(text: &str, told: Option<Currency>, shop: Currency) -> Option<Reading> {
    let text = text.trim();
    if holds_hidden(text) {
        return None;
    }
    let text = folded(text)?;
    let start = text.find(|c: char| c.is_ascii_digit())?;
    let end = text.rfind(|c: char| c.is_ascii_digit())? + 1;
    let (before, number, behind) = (text[..start].trim_end(), &text[start..end], &text[end..]);
    let (dash, behind) = dash(behind);
    let signs = [before, behind.trim_start()];
    let currency = currency(signs, told, shop)?;
    let is_marked = signs.iter().any(|sign| !sign.is_empty());
    let amount = amount(number, dash, is_marked, currency)?;
    Some(Reading { amount, currency, is_named: is_marked || told.is_some() })
}

/// The currency that a sign, a word or a code of ISO 4217 in any case names. A sign of several meanings stands
/// for the shop's currency, where that is one of them.
pub fn read_currency(sign: &str, shop: Currency) -> Option<Currency> {
    let sign = folded(sign.trim())?;
    Currency::parse_any_case(&sign).or_else(|| currency([&sign, ""], None, shop)).filter(|_| !sign.is_empty())
}

/// The amount that a JSON number says, from its digits as they were written; rounded to 4 decimals, half up,
/// since what is beyond them is the noise of binary fractions.
///
/// `None` where it has an exponent, is negative (`-0` and `-0.0` are 0), or is above 10¹².
pub fn read_number(number: &str) -> Option<Amount> {
    let (number, is_negative) = number.strip_prefix('-').map_or((number, false), |number| (number, true));
    let (units, decimals) = number.split_once('.').unwrap_or((number, "0"));
    let (kept, cut) = decimals.split_at_checked(decimals.len().min(MAX_DECIMALS))?;
    let all_digits = cut.bytes().all(|byte| byte.is_ascii_digit());
    let is_zero = || number.bytes().all(|byte| matches!(byte, b'0' | b'.'));
    if !all_digits || is_negative && !is_zero() {
        return None;
    }
    let amount = Amount::of_digits(units, kept)?;
    if cut.as_bytes().first() >= Some(&b'5') { amount.next() } else { Some(amount) }
}

/// The text with every digit and separator as one of ASCII, where there is one; `None` when its digits are of
/// several scripts.
fn folded(text: &str) -> Option<String> {
    let mut script = None;
    let fold = |c: char| {
        if let Some((zero, digit)) = digit(c) {
            return (*script.get_or_insert(zero) == zero).then_some(digit);
        }
        Some(match c {
            '\u{a0}' | '\u{2007}' | '\u{2009}' | '\u{202f}' | '\u{3000}' => ' ',
            '’' => '\'',
            '￡' => '£',
            '￥' => '¥',
            '￦' => '₩',
            // From ！ to ～, in the order of ASCII.
            '\u{ff01}'..='\u{ff5e}' => char::from_u32(c as u32 - 0xfee0)?,
            c => c,
        })
    };
    text.chars().map(fold).collect()
}

/// The zero of the digit's script, and the digit in ASCII.
fn digit(c: char) -> Option<(char, char)> {
    ZEROS.into_iter().find_map(|zero| {
        let value = (c as u32).checked_sub(zero as u32)?;
        Some((zero, char::from_digit(value, 10)?))
    })
}

/// The separator before a dash that stands for no cents, and what is behind the dash.
fn dash(behind: &str) -> (Option<char>, &str) {
    let dashed = || {
        let separator = behind.chars().next().filter(|c| matches!(c, '.' | ',' | ':'))?;
        let rest = &behind[separator.len_utf8()..];
        let dash = rest.chars().next().filter(|c| matches!(c, '-' | '–' | '—'))?;
        let rest = rest.strip_prefix(dash)?;
        Some((Some(separator), rest.strip_prefix(dash).unwrap_or(rest)))
    };
    dashed().unwrap_or((None, behind))
}

/// The currency that signs and sender agree on. An empty sign is none.
fn currency(signs: [&str; 2], told: Option<Currency>, shop: Currency) -> Option<Currency> {
    let mut possible: Option<Vec<Currency>> = None;
    for sign in signs.into_iter().filter(|sign| !sign.is_empty()) {
        let mut meant = meanings(sign)?;
        meant.retain(|currency| possible.as_ref().is_none_or(|possible| possible.contains(currency)));
        possible = Some(meant);
    }
    let Some(possible) = possible else { return Some(told.unwrap_or(shop)) };
    match (told, possible.as_slice()) {
        (None, [only]) => Some(*only),
        _ => Some(told.unwrap_or(shop)).filter(|currency| possible.contains(currency)),
    }
}

/// The amount of a number that begins and ends with a digit. `dash` is the separator before a dash behind it;
/// `is_marked` whether a sign of a currency stands beside it.
fn amount(number: &str, dash: Option<char>, is_marked: bool, currency: Currency) -> Option<Amount> {
    let mut parts: Vec<&str> = number.split(|c: char| !c.is_ascii_digit()).collect();
    let mut separators: Vec<char> = number.chars().filter(|c| !c.is_ascii_digit()).collect();
    if !separators.iter().all(|separator| SEPARATORS.contains(separator)) {
        return None;
    }
    if let Some(separator) = dash {
        separators.push(separator);
        parts.push("00");
    }
    let (&last, before) = parts.split_last()?;
    let Some((&separator, groupers)) = separators.split_last() else { return decimal(last, "") };
    let Some(&grouper) = groupers.first() else {
        return single(before.first()?, separator, last, is_marked, currency);
    };
    if groupers.iter().any(|other| *other != grouper) {
        return None;
    }
    if separator == grouper {
        return decimal(&joined(&parts, grouper)?, "");
    }
    // Groups that go on with another separator would look the same, and such a currency has nothing else.
    let is_doubtful = last.len() == GROUP && currency.decimals() == 0;
    if is_doubtful || !BEFORE_DECIMALS.contains(&separator) {
        return None;
    }
    decimal(&joined(before, grouper)?, last)
}

/// The amount of two parts with one separator between them.
fn single(
    before: &str,
    separator: char,
    behind: &str,
    is_marked: bool,
    currency: Currency,
) -> Option<Amount> {
    let grouped = joined(&[before, behind], separator);
    let as_group = || decimal(grouped.as_ref()?, "");
    let as_decimals = || decimal(before, behind);
    match (separator, behind.len()) {
        ('.', _) if !is_marked => as_decimals(),
        ('.', GROUP) => match (&grouped, currency.decimals()) {
            (Some(_), 0) => as_group(),
            (Some(_), _) | (None, 0) => None,
            (None, _) => as_decimals(),
        },
        (',', GROUP) => match (&grouped, currency.decimals()) {
            (Some(_), decimals) if decimals < GROUP => as_group(),
            (None, decimals) if decimals == GROUP || before == "0" && decimals > 0 => as_decimals(),
            _ => None,
        },
        (',', 1 | 2) | ('.' | '٫' | ':', _) => as_decimals(),
        (',', _) => None,
        _ => as_group(),
    }
}

/// The digits of groups, when they are in order: of three, or with commas of two before the last three.
fn joined(groups: &[&str], separator: char) -> Option<String> {
    let (first, rest) = groups.split_first()?;
    let (last, middle) = rest.split_last()?;
    let thousands = first.len() <= GROUP && middle.iter().all(|group| group.len() == GROUP);
    let lakhs = separator == ','
        && first.len() <= 2
        && !middle.is_empty()
        && middle.iter().all(|group| group.len() == 2);
    let in_order = last.len() == GROUP && (thousands || lakhs) && separator != '٫' && !first.starts_with('0');
    in_order.then(|| groups.concat())
}

/// The amount of so many units and decimals; of the decimals only zeros may be beyond the fourth.
fn decimal(units: &str, decimals: &str) -> Option<Amount> {
    let (kept, cut) = decimals.split_at(decimals.len().min(MAX_DECIMALS));
    if cut.bytes().any(|byte| byte != b'0') {
        return None;
    }
    Amount::of_digits(units, if kept.is_empty() { "0" } else { kept })
}

#[cfg(test)]
mod tests;
