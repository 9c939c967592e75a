//! The signs, words and codes by which people name a currency beside an amount.

use super::Currency;

/// Lower case; each with the codes of what it may mean. A sign of one meaning tells the currency, one of
/// several only agrees with it. Words that name amounts of another unit (分, 万) are not here.
const SIGNS: [(&str, &str); 116] = [
    (
        "$",
        "USD ARS AUD BBD BMD BND BSD BZD CAD CLP COP CUP DOP FJD GYD HKD JMD KYD LRD MXN NAD NZD SBD SGD SRD \
        TTD TWD UYU XCD",
    ),
    ("us$", "USD"),
    ("us $", "USD"),
    ("u$s", "USD"),
    ("美元", "USD"),
    ("a$", "AUD"),
    ("au$", "AUD"),
    ("au $", "AUD"),
    ("c$", "CAD NIO"),
    ("c $", "CAD NIO"),
    ("ca$", "CAD"),
    ("cdn$", "CAD"),
    ("nz$", "NZD"),
    ("hk$", "HKD"),
    ("港币", "HKD"),
    ("港幣", "HKD"),
    ("港元", "HKD"),
    ("nt$", "TWD"),
    ("新台币", "TWD"),
    ("新台幣", "TWD"),
    ("新臺幣", "TWD"),
    ("台币", "TWD"),
    ("台幣", "TWD"),
    ("s$", "SGD"),
    ("sg$", "SGD"),
    ("r$", "BRL"),
    ("mx$", "MXN"),
    ("mex$", "MXN"),
    ("mop$", "MOP"),
    ("j$", "JMD"),
    ("tt$", "TTD"),
    ("€", "EUR"),
    ("euro", "EUR"),
    ("euros", "EUR"),
    ("欧元", "EUR"),
    ("£", "GBP EGP FKP GIP LBP SDG SHP SSP SYP"),
    ("gb£", "GBP"),
    ("£e", "EGP"),
    ("英镑", "GBP"),
    ("¥", "CNY JPY"),
    ("cn¥", "CNY"),
    ("rmb", "CNY"),
    ("rmb¥", "CNY"),
    ("人民币", "CNY"),
    ("人民幣", "CNY"),
    ("圆", "CNY"),
    ("yuan", "CNY"),
    // What it says depends on the place: NT$ and HK$ are written with it too.
    ("元", "CNY HKD MOP TWD"),
    ("圓", "CNY HKD MOP TWD"),
    ("jp¥", "JPY"),
    ("円", "JPY"),
    ("日元", "JPY"),
    ("日圓", "JPY"),
    ("yen", "JPY"),
    ("₩", "KRW"),
    ("원", "KRW"),
    ("韩元", "KRW"),
    ("₹", "INR"),
    ("rs", "INR LKR MUR NPR PKR"),
    ("rs.", "INR LKR MUR NPR PKR"),
    ("₨", "INR LKR MUR NPR PKR"),
    ("₽", "RUB"),
    ("руб", "BYN RUB"),
    ("руб.", "BYN RUB"),
    ("р.", "BYN RUB"),
    ("₫", "VND"),
    ("đ", "VND"),
    ("vnđ", "VND"),
    ("฿", "THB"),
    ("₺", "TRY"),
    ("tl", "TRY"),
    ("₪", "ILS"),
    ("₴", "UAH"),
    ("грн", "UAH"),
    ("грн.", "UAH"),
    ("₦", "NGN"),
    ("₱", "PHP"),
    ("৳", "BDT"),
    ("tk", "BDT"),
    ("tk.", "BDT"),
    ("zł", "PLN"),
    ("kč", "CZK"),
    ("kr", "DKK ISK NOK SEK"),
    ("kr.", "DKK ISK NOK SEK"),
    ("fr.", "CHF"),
    ("sfr", "CHF"),
    ("sfr.", "CHF"),
    ("ft", "HUF"),
    ("lei", "MDL RON"),
    ("лв", "BGN"),
    ("лв.", "BGN"),
    ("r", "ZAR"),
    ("rm", "MYR"),
    ("rp", "IDR"),
    ("rp.", "IDR"),
    ("s/", "PEN"),
    ("s/.", "PEN"),
    ("ksh", "KES"),
    ("₵", "GHS"),
    ("gh₵", "GHS"),
    ("₸", "KZT"),
    ("₾", "GEL"),
    ("₼", "AZN"),
    ("₮", "MNT"),
    ("₭", "LAK"),
    ("₡", "CRC"),
    ("₲", "PYG"),
    ("fcfa", "XAF XOF"),
    ("f cfa", "XAF XOF"),
    ("cfa", "XAF XOF"),
    ("֏", "AMD"),
    ("؋", "AFN"),
    ("៛", "KHR"),
    ("﷼", "IRR OMR QAR SAR YER"),
    ("د.إ", "AED"),
    ("ر.س", "SAR"),
];

/// Longer text is no sign.
const MAX_BYTES: usize = 16;

/// What a sign, a word or a code of a currency may mean; `None` where it is none of them.
pub(super) fn meanings(sign: &str) -> Option<Vec<Currency>> {
    if sign.len() > MAX_BYTES {
        return None;
    }
    if let Some(currency) = Currency::parse_any_case(sign) {
        return Some(vec![currency]);
    }
    let sign = sign.to_lowercase();
    let (_, codes) = SIGNS.iter().find(|(known, _)| *known == sign)?;
    Some(codes.split(' ').filter_map(Currency::parse).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_sign_is_there_once_and_means_listed_currencies() {
        for (at, (sign, codes)) in SIGNS.iter().enumerate() {
            assert_eq!(*sign, sign.to_lowercase());
            assert!(sign.len() <= MAX_BYTES, "{sign}");
            assert!(SIGNS[..at].iter().all(|(other, _)| other != sign), "{sign}");
            // The code would be found first, and the line would say nothing.
            assert_eq!(Currency::parse_any_case(sign), None, "{sign}");
            assert_eq!(meanings(sign).unwrap().len(), codes.split(' ').count(), "{sign}: {codes}");
        }
    }

    #[test]
    fn signs_words_and_codes_are_known_in_any_case() {
        for (sign, codes) in [
            ("US$", "USD"),
            ("Kč", "CZK"),
            ("KČ", "CZK"),
            ("zł", "PLN"),
            ("Руб.", "BYN RUB"),
            ("cny", "CNY"),
            ("Chf", "CHF"),
            ("¥", "CNY JPY"),
        ] {
            let codes: Vec<_> = codes.split(' ').filter_map(Currency::parse).collect();
            assert_eq!(meanings(sign), Some(codes), "{sign}");
        }
        for sign in ["", " ", "%", "-", "(", "x", "xxx", "分", "万", "€€", "usd usd", "$.", "人民币人民币"]
        {
            assert_eq!(meanings(sign), None, "{sign}");
        }
    }
}
