//! Amounts as they are met, what is left out, and many thousand made ones.

use super::*;
use std::collections::BTreeMap;

fn currency(code: &str) -> Currency {
    Currency::parse(code).unwrap()
}

/// What is read of a text where nobody told a currency: amount and code, or `-`.
fn read(text: &str, shop: &str) -> String {
    written(read_text(text, None, currency(shop)))
}

fn written(found: Option<Reading>) -> String {
    found.map_or("-".into(), |Reading { amount, currency, .. }| {
        format!("{} {currency}", plain(amount.ten_thousandths()))
    })
}

/// Without zeros at the end: `12.5`.
fn plain(ten_thousandths: i64) -> String {
    let text = format!("{}.{:04}", ten_thousandths / 10_000, ten_thousandths % 10_000);
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

/// Compares each text's reading, in a shop of some currency, with what stands behind it.
#[track_caller]
fn are_read(expected: &[(&str, &str, &str)]) {
    for (text, shop, amount) in expected {
        assert_eq!(read(text, shop), *amount, "`{text}` in {shop}");
    }
}

#[test]
fn numbers_are_rounded_to_four_decimals_and_have_neither_sign_nor_exponent() {
    for (number, amount) in [
        ("0", "0"),
        ("128", "128"),
        ("19.9", "19.9"),
        ("19.989999999999998", "19.99"),
        ("0.30000000000000004", "0.3"),
        ("1.00005", "1.0001"),
        ("1.00004999", "1"),
        ("2.99995", "3"),
        ("0.00004", "0"),
        ("0.00005", "0.0001"),
        ("-0", "0"),
        ("-0.0", "0"),
        ("1000000000000", "1000000000000"),
        ("1000000000000.00004", "1000000000000"),
    ] {
        let read = read_number(number).map(|amount| plain(amount.ten_thousandths()));
        assert_eq!(read.as_deref(), Some(amount), "{number}");
    }
    for number in [
        "",
        "-",
        ".",
        "1.",
        ".5",
        "-1",
        "-0.00001",
        "--0",
        "+1",
        "1e3",
        "1E3",
        "1.5e0",
        "1.00001e2",
        "0e0",
        "1000000000000.00005",
        "1000000000000.0001",
        "1000000000001",
        "99999999999999999999999",
        "1.000茶",
        "1,299",
        "NaN",
    ] {
        assert_eq!(read_number(number), None, "{number}");
    }
}

#[test]
fn a_plain_decimal_is_that_decimal_whatever_the_currency() {
    for shop in ["CNY", "KWD", "JPY", "VND"] {
        for (text, amount) in [
            ("0", "0"),
            ("1.299", "1.299"),
            ("1299.5", "1299.5"),
            (" 12.50\n", "12.5"),
            ("\u{a0}12\u{3000}", "12"),
            ("007.5", "7.5"),
            ("12.340000", "12.34"),
            ("12.345600000000", "12.3456"),
            ("12.12345", "-"),
            ("12.34001", "-"),
            ("1000000000000", "1000000000000"),
            ("1000000000000.0001", "-"),
            ("1000000000001", "-"),
            ("99999999999999999999999", "-"),
        ] {
            let expected = if amount == "-" { amount.to_owned() } else { format!("{amount} {shop}") };
            assert_eq!(read(text, shop), expected, "{text:?}");
        }
    }
}

#[test]
fn groups_are_read_when_they_are_consistent() {
    are_read(&[
        ("1.299,00", "EUR", "1299 EUR"),
        ("1,299.00", "USD", "1299 USD"),
        ("1 299,00", "EUR", "1299 EUR"),
        ("1\u{a0}299,00", "EUR", "1299 EUR"),
        ("1\u{202f}299,00", "EUR", "1299 EUR"),
        ("1\u{2009}299.50", "EUR", "1299.5 EUR"),
        ("1\u{2009}299\u{a0}000", "EUR", "1299000 EUR"),
        ("1'299.50", "CHF", "1299.5 CHF"),
        ("1’299’000.50", "CHF", "1299000.5 CHF"),
        ("1'299,50", "CHF", "1299.5 CHF"),
        ("1.299.000", "EUR", "1299000 EUR"),
        ("1,299,000", "USD", "1299000 USD"),
        ("1.299.000,5", "EUR", "1299000.5 EUR"),
        ("1,299.500", "KWD", "1299.5 KWD"),
        ("1.299,500", "KWD", "1299.5 KWD"),
        ("1,299.12340", "USD", "1299.1234 USD"),
        ("1,299.12345", "USD", "-"),
        ("1,29,900", "INR", "129900 INR"),
        ("1,00,00,000.50", "INR", "10000000.5 INR"),
        ("12,34,567", "INR", "1234567 INR"),
        ("1.29.900", "INR", "-"),
        ("123,45,678", "INR", "-"),
        ("1,299,00", "USD", "-"),
        ("1,2999.00", "USD", "-"),
        ("1299,000.00", "USD", "-"),
        ("1,299,0000", "USD", "-"),
        ("12,34", "USD", "12.34 USD"),
        ("0,299,000", "USD", "-"),
        ("0,299.50", "USD", "-"),
        ("012,345.00", "USD", "-"),
        ("1.299,000,00", "EUR", "-"),
        ("1,299.000.00", "EUR", "-"),
        ("1,299.00,5", "EUR", "-"),
        ("1 299'000", "CHF", "-"),
        ("1,299 000", "EUR", "-"),
        ("1.299'000", "EUR", "-"),
        ("1 299 000.5", "EUR", "1299000.5 EUR"),
        ("12 50", "EUR", "-"),
        ("12'50", "CHF", "-"),
        ("1  299", "EUR", "-"),
        ("1,,299", "USD", "-"),
        ("1, 299", "USD", "-"),
        ("1000,000,000,000", "USD", "-"),
        ("1,000,000,000,000", "USD", "1000000000000 USD"),
        ("1,000,000,000,000.01", "USD", "-"),
    ]);
}

#[test]
fn one_separator_alone_is_read_where_it_can_mean_one_thing_only() {
    are_read(&[
        ("1,299", "CNY", "1299 CNY"),
        ("1,299", "JPY", "1299 JPY"),
        ("1,299", "KWD", "-"),
        ("KWD 1,299", "CNY", "-"),
        ("¥1,299", "JPY", "1299 JPY"),
        ("12,5", "EUR", "12.5 EUR"),
        ("12,50", "EUR", "12.5 EUR"),
        ("1299,00", "EUR", "1299 EUR"),
        ("0,5", "EUR", "0.5 EUR"),
        ("12,3456", "EUR", "-"),
        ("12,5000", "EUR", "-"),
        ("0,299", "EUR", "0.299 EUR"),
        ("0,299", "KWD", "0.299 KWD"),
        ("0,299", "JPY", "-"),
        ("00,299", "EUR", "-"),
        ("1299,500", "KWD", "1299.5 KWD"),
        ("1299,500", "EUR", "-"),
        ("012,345", "EUR", "-"),
        ("1.299 €", "EUR", "-"),
        ("EUR 1.299", "CNY", "-"),
        ("KWD 1.299", "CNY", "-"),
        ("1.299 ₫", "CNY", "1299 VND"),
        ("1.299 ¥", "JPY", "1299 JPY"),
        ("1.299 ¥", "CNY", "-"),
        ("$ 1.299", "CLP", "1299 CLP"),
        ("0.299 €", "EUR", "0.299 EUR"),
        ("0.299 ₫", "VND", "-"),
        ("1299.500 €", "EUR", "1299.5 EUR"),
        ("1299.500 ₫", "VND", "-"),
        ("1,299.500 ₫", "VND", "-"),
        ("1.299,000 ₫", "VND", "-"),
        ("1,299.50 ₫", "VND", "1299.5 VND"),
        ("12.5 €", "EUR", "12.5 EUR"),
        ("12.3456 €", "EUR", "12.3456 EUR"),
        ("12.34560 €", "EUR", "12.3456 EUR"),
        ("12.34561 €", "EUR", "-"),
        ("1 299", "EUR", "1299 EUR"),
        ("1'299", "KWD", "1299 KWD"),
    ]);
}

#[test]
fn a_dash_behind_the_decimal_separator_stands_for_no_cents() {
    are_read(&[
        ("12.-", "CHF", "12 CHF"),
        ("12,-", "EUR", "12 EUR"),
        ("12.–", "CHF", "12 CHF"),
        ("12,—", "EUR", "12 EUR"),
        ("12,--", "EUR", "12 EUR"),
        ("CHF 1'299.-", "CHF", "1299 CHF"),
        ("1'299.– Fr.", "CNY", "1299 CHF"),
        ("1.299,- €", "EUR", "1299 EUR"),
        ("€ 1.299,-", "EUR", "1299 EUR"),
        ("1 299:-", "SEK", "1299 SEK"),
        ("299:- kr", "SEK", "299 SEK"),
        ("1.299.-", "CHF", "-"),
        ("1,299,-", "EUR", "-"),
        ("12.---", "CHF", "-"),
        ("12.-–", "CHF", "-"),
        ("12-", "CHF", "-"),
        ("12:50", "CHF", "-"),
        ("12.−", "CHF", "-"),
        ("12.-5", "CHF", "-"),
        ("12.", "CHF", "-"),
        ("12,", "CHF", "-"),
        ("1,299.", "CHF", "-"),
        ("1'299'", "CHF", "-"),
        ("12.50.-", "CHF", "-"),
    ]);
}

#[test]
fn signs_tell_the_currency_or_agree_with_it() {
    are_read(&[
        ("1.299,00 €", "CNY", "1299 EUR"),
        ("￥1,299", "CNY", "1299 CNY"),
        ("￥1,299", "JPY", "1299 JPY"),
        ("￥1,299", "USD", "-"),
        ("NT$ 1,299", "CNY", "1299 TWD"),
        ("৳2,999", "CNY", "2999 BDT"),
        ("RMB 12", "USD", "12 CNY"),
        ("1,299.00元", "CNY", "1299 CNY"),
        ("1,299.00元", "TWD", "1299 TWD"),
        ("1,299.00元", "USD", "-"),
        ("人民币1299", "USD", "1299 CNY"),
        ("人民币1299元", "USD", "1299 CNY"),
        ("￥1,299元", "USD", "1299 CNY"),
        ("US$ 12 USD", "CNY", "12 USD"),
        ("$12.00 USD", "CNY", "12 USD"),
        ("$12.00", "AUD", "12 AUD"),
        ("$12.00", "CNY", "-"),
        ("C$12", "CAD", "12 CAD"),
        ("C$12", "CNY", "-"),
        ("us $12.00", "CNY", "12 USD"),
        ("€12 USD", "EUR", "-"),
        ("€12€", "EUR", "12 EUR"),
        ("cny12", "USD", "12 CNY"),
        ("12 Kč", "CZK", "12 CZK"),
        ("1 299,50 zł", "CNY", "1299.5 PLN"),
        ("249 kr", "NOK", "249 NOK"),
        ("249 kr.", "DKK", "249 DKK"),
        ("249 kr", "EUR", "-"),
        ("Rs. 1,29,900", "INR", "129900 INR"),
        ("Rs.1,299", "PKR", "1299 PKR"),
        ("₹1,299", "USD", "1299 INR"),
        ("£12", "EGP", "12 EGP"),
        ("1299 円", "CNY", "1299 JPY"),
        ("₩12,900", "CNY", "12900 KRW"),
        ("1 299,00\u{a0}₽", "CNY", "1299 RUB"),
        ("12 руб.", "RUB", "12 RUB"),
        ("R$ 1.299,90", "CNY", "1299.9 BRL"),
        ("12\u{3000}USD", "CNY", "12 USD"),
        ("USD $12", "USD", "-"),
        ("12 USD USD", "USD", "-"),
        ("12 XXX", "CNY", "-"),
        ("12€50", "EUR", "-"),
        ("12万", "CNY", "-"),
        ("12 pcs", "CNY", "-"),
    ]);
    for (text, told, amount) in [
        ("12", "EUR", "12 EUR"),
        ("1.299,00 €", "EUR", "1299 EUR"),
        ("12 €", "USD", "-"),
        ("US$12", "AUD", "-"),
        ("$12", "AUD", "12 AUD"),
        ("$12", "EUR", "-"),
        ("¥12", "JPY", "12 JPY"),
        ("kr 12", "ISK", "12 ISK"),
        ("12 元", "USD", "-"),
        ("12 usd", "USD", "12 USD"),
        ("1,299", "KWD", "-"),
        ("1.299 ¥", "JPY", "1299 JPY"),
    ] {
        let found = read_text(text, Some(currency(told)), currency("CNY"));
        assert_eq!(written(found), amount, "`{text}` told in {told}");
    }
}

#[test]
fn digits_and_signs_of_other_scripts_are_read_as_those_of_ascii() {
    are_read(&[
        ("１，２９９．００", "CNY", "1299 CNY"),
        ("￥１２．５０", "CNY", "12.5 CNY"),
        ("１２ＵＳＤ", "CNY", "12 USD"),
        ("١٬٢٩٩٫٥٠", "AED", "1299.5 AED"),
        ("١٬٢٩٩", "KWD", "1299 KWD"),
        ("١٫٢٩٩", "KWD", "1.299 KWD"),
        ("1٬299٬000", "SAR", "1299000 SAR"),
        ("١٫٢٩٩٫٠٠٠", "SAR", "-"),
        ("۱٬۲۹۹", "IRR", "1299 IRR"),
        ("১,২৯,৯০০৳", "CNY", "129900 BDT"),
        ("₹१,२९९", "CNY", "1299 INR"),
        ("1２", "CNY", "-"),
        ("١2", "AED", "-"),
        ("一百", "CNY", "-"),
        ("１２．－", "CHF", "12 CHF"),
    ]);
}

#[test]
fn what_is_not_one_amount_is_left_out() {
    for text in [
        "",
        " ",
        "-",
        "-12",
        "−12",
        "－12",
        "- 12",
        "12-",
        "+12",
        "(12)",
        "（１２）",
        "12%",
        "-€12",
        "€-12",
        "1e3",
        "12e",
        "0x10",
        ".5",
        "$.99",
        ",50",
        "NaN",
        "Infinity",
        "free",
        "12 13",
        "12/13",
        "12-13",
        "12;50",
        "~12",
        "12*",
        "1_299",
        "12\u{200b}",
        "1\u{200b}299",
        "\u{feff}12",
        "12\u{202e}",
        "\u{200f}12 ₪",
        "1\u{0}2",
        "12\t€",
        "12 €\u{7f}",
        "²",
        "½",
        "Ⅻ",
    ] {
        assert_eq!(read(text, "CNY"), "-", "{text:?}");
    }
}

/// Currencies, and a sign of each.
const MADE: [(&str, &str); 30] = [
    ("CNY", "¥"),
    ("CNY", "人民币"),
    ("JPY", "￥"),
    ("USD", "US$"),
    ("USD", "$"),
    ("EUR", "€"),
    ("GBP", "£"),
    ("CHF", "Fr."),
    ("AUD", "A$"),
    ("CAD", "$"),
    ("HKD", "HK$"),
    ("TWD", "NT$"),
    ("SGD", "S$"),
    ("BRL", "R$"),
    ("MXN", "$"),
    ("CLP", "$"),
    ("SEK", "kr"),
    ("ISK", "kr."),
    ("PLN", "zł"),
    ("CZK", "Kč"),
    ("TRY", "₺"),
    ("RUB", "₽"),
    ("INR", "₹"),
    ("PKR", "Rs."),
    ("BDT", "৳"),
    ("KRW", "₩"),
    ("VND", "₫"),
    ("THB", "฿"),
    ("KWD", "KWD"),
    ("TND", "tnd"),
];

/// A text that was made of an amount.
struct Made {
    text: String,
    told: Option<Currency>,
    shop: Currency,
    currency: Currency,
    ten_thousandths: i64,
    is_doubtful: bool,
}

fn in_groups(units: &str, separator: &str, are_lakhs: bool) -> String {
    let mut groups = Vec::new();
    let mut rest = units;
    while !rest.is_empty() {
        let length = if are_lakhs && !groups.is_empty() { 2 } else { 3 };
        let (before, group) = rest.split_at(rest.len().saturating_sub(length));
        groups.insert(0, group);
        rest = before;
    }
    groups.join(separator)
}

/// `None` for what is written like a plain decimal but grouped: by the law that is the decimal.
fn made(random: &mut fastrand::Rng) -> Option<Made> {
    let (code, sign) = MADE[random.usize(..MADE.len())];
    let currency = currency(code);
    let minor = match code {
        "JPY" | "CLP" | "ISK" | "KRW" | "VND" => 0,
        "KWD" | "TND" => 3,
        _ => 2,
    };
    let digits = random.u32(1..=10);
    let units = random.i64(0..10_i64.pow(digits));
    let mut ten_thousandths = units * 10_000;
    let decimal = if random.bool() { "." } else { "," };
    let groupers = [",", ".", "'", "’", " ", "\u{a0}", "\u{202f}", "\u{2009}", ""];
    let grouper = groupers.into_iter().filter(|grouper| *grouper != decimal).nth(random.usize(..8))?;
    let are_lakhs = grouper == "," && random.usize(..4) == 0;
    let mut number = in_groups(&units.to_string(), grouper, are_lakhs);
    let separators = number.chars().filter(|c| !c.is_ascii_digit()).count();
    let mut decimals = 0;
    match random.usize(..4) {
        0 => {}
        1 => number += &format!("{decimal}{}", ["-", "--", "–"][random.usize(..3)]),
        _ if minor == 0 => {}
        _ => {
            let cents = random.i64(0..10_i64.pow(minor));
            ten_thousandths += cents * 10_i64.pow(4 - minor);
            decimals = minor;
            number += &format!("{decimal}{cents:0width$}", width = minor as usize);
        }
    }
    let is_whole = number.ends_with(|c: char| c.is_ascii_digit()) && decimals == 0;
    // Half of them as a code; none or one sign on each side.
    let word = |random: &mut fastrand::Rng| match random.usize(..4) {
        0 => code.to_owned(),
        1 => code.to_lowercase(),
        _ => sign.to_owned(),
    };
    let [before, behind] = [0, 1].map(|_| (random.usize(..3) == 0).then(|| word(random)));
    let is_marked = before.is_some() || behind.is_some();
    if is_whole && separators == 1 && grouper == "." && !is_marked {
        return None;
    }
    let alone = if decimals > 0 && separators == 0 { decimal } else { grouper };
    let three_behind = is_whole && separators == 1 || decimals == 3 && separators == 0;
    let is_doubtful = three_behind
        && match alone {
            "," if decimals == 3 => (1..1_000).contains(&units),
            "," => minor == 3,
            "." if decimals == 3 => is_marked && (1..1_000).contains(&units),
            "." => minor > 0,
            _ => false,
        };
    let mut text = number;
    let blank = |random: &mut fastrand::Rng| ["", " ", "\u{a0}"][random.usize(..3)];
    if let Some(sign) = before {
        text = format!("{sign}{}{text}", blank(random));
    }
    if let Some(sign) = behind {
        text = format!("{text}{}{sign}", blank(random));
    }
    if random.usize(..8) == 0 {
        let wide = |c: char| match c {
            '0'..='9' | ',' | '.' | 'A'..='Z' => char::from_u32(c as u32 + 0xfee0).unwrap(),
            c => c,
        };
        text = text.chars().map(wide).collect();
    }
    let told = random.bool().then_some(currency);
    let shop = if told.is_some() { self::currency("CNY") } else { currency };
    Some(Made { text, told, shop, currency, ten_thousandths, is_doubtful })
}

#[test]
fn ten_thousand_amounts_are_read_as_they_were_made_or_left_out() {
    let random = &mut fastrand::Rng::with_seed(20_261_129);
    let (mut clear, mut read, mut doubtful) = (0, 0, 0);
    let mut by_currency: BTreeMap<String, usize> = BTreeMap::new();
    while clear + doubtful < 10_000 {
        let Some(made) = made(random) else { continue };
        let found = read_text(&made.text, made.told, made.shop);
        if made.is_doubtful {
            doubtful += 1;
        } else {
            clear += 1;
            read += usize::from(found.is_some());
        }
        let Some(Reading { amount, currency, .. }) = found else { continue };
        let what = (amount.ten_thousandths(), currency);
        assert_eq!(what, (made.ten_thousandths, made.currency), "`{}`", made.text);
        *by_currency.entry(currency.to_string()).or_default() += 1;
    }
    // Leaving everything out would be easy.
    assert!(read == clear && doubtful < 500, "{read} of {clear}, {doubtful} in doubt");
    assert!(by_currency.len() == 28 && by_currency.values().all(|&read| read > 100), "{by_currency:?}");
}

#[test]
fn whatever_the_text_no_digit_is_made_up_or_lost() {
    let random = &mut fastrand::Rng::with_seed(20_261_130);
    let pieces = [
        "0", "1", "12", "299", "000", "50", ".", ",", "'", " ", "٬", "٫", "-", ".-", "€", "$", "kr", "USD",
        "jpy", "₫", "元", "٣", "９", "．", "x", "%", "茶", "\u{202e}", ":",
    ];
    let digits = |text: &str| -> String {
        let digits: String = text.chars().filter_map(digit).map(|(_, digit)| digit).collect();
        digits.trim_matches('0').to_owned()
    };
    let (mut tried, mut read) = (0, 0);
    while tried < 10_000 {
        // Most are of digits and separators alone, so that many can be read.
        let many = if random.usize(..3) == 0 { pieces.len() } else { 9 };
        let text: String = (0..random.usize(..8)).map(|_| pieces[random.usize(..many)]).collect();
        tried += 1;
        let shop = currency(["CNY", "KWD", "JPY", "EUR"][random.usize(..4)]);
        if let Some(Reading { amount, .. }) = read_text(&text, None, shop) {
            read += 1;
            assert_eq!(digits(&plain(amount.ten_thousandths())), digits(&text), "{text:?}");
        }
    }
    assert!(read > 1_000, "{read}");
}

#[test]
fn a_currency_is_named_by_its_code_a_word_or_a_sign_and_a_sign_of_several_by_the_shop() {
    for (sign, shop, code) in [
        ("cny", "EUR", Some("CNY")),
        (" Usd ", "EUR", Some("USD")),
        ("RMB", "EUR", Some("CNY")),
        ("￥", "CNY", Some("CNY")),
        ("￥", "EUR", None),
        ("NT$", "CNY", Some("TWD")),
        ("€", "CNY", Some("EUR")),
        ("$", "USD", Some("USD")),
        ("XYZ", "CNY", None),
        ("", "CNY", None),
    ] {
        assert_eq!(read_currency(sign, currency(shop)), code.map(currency), "`{sign}` in {shop}");
    }
    let is_named = |text, told| read_text(text, told, currency("CNY")).unwrap().is_named;
    assert!(is_named("12 €", None) && is_named("12", Some(currency("EUR"))) && !is_named("12", None));
}
