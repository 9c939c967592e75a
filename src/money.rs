//! Exact amounts and ISO 4217 currencies. Never a float.

use serde::{Deserialize, Serialize};
use std::fmt;

/// A non-negative amount in ten-thousandths of the currency's unit, at most 10¹² units.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Amount(i64);

const TEN_THOUSANDTHS: i64 = 10_000;
const MAX_UNITS: i64 = 1_000_000_000_000;
const MAX_DECIMALS: usize = 4;

impl Amount {
    /// Reads the decimal text of an amount: digits, then optionally a point and 1 to 4 digits.
    ///
    /// `None` when the text is anything else (sign, exponent, spaces, grouping) or above 10¹² units.
    pub fn parse(text: &str) -> Option<Amount> {
        let (units, decimals) = match text.split_once('.') {
            Some((units, decimals)) => (units, Some(decimals)),
            None => (text, None),
        };
        let all_digits = |part: &str| !part.is_empty() && part.bytes().all(|b| b.is_ascii_digit());
        if !all_digits(units) {
            return None;
        }
        let mut fraction = 0;
        if let Some(decimals) = decimals {
            if !all_digits(decimals) || decimals.len() > MAX_DECIMALS {
                return None;
            }
            let scale = 10_i64.pow((MAX_DECIMALS - decimals.len()) as u32);
            fraction = decimals.parse::<i64>().ok()? * scale;
        }
        let units = units.parse::<i64>().ok().filter(|&units| units <= MAX_UNITS)?;
        let amount = units * TEN_THOUSANDTHS + fraction;
        (amount <= MAX_UNITS * TEN_THOUSANDTHS).then_some(Amount(amount))
    }

    /// The amount in ten-thousandths of a unit.
    pub fn ten_thousandths(self) -> i64 {
        self.0
    }
}

/// An ISO 4217 code of a currency in use.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Currency([u8; 3]);

impl Currency {
    /// Reads a three-letter upper-case code; `None` when ISO 4217 does not list it.
    pub fn parse(code: &str) -> Option<Currency> {
        let bytes: [u8; 3] = code.as_bytes().try_into().ok()?;
        CODES.split(' ').any(|known| known == code).then_some(Currency(bytes))
    }

    /// The code, for example `CNY`.
    pub fn code(&self) -> &str {
        std::str::from_utf8(&self.0).unwrap_or_default()
    }
}

impl fmt::Debug for Currency {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code())
    }
}

impl fmt::Display for Currency {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code())
    }
}

impl From<Currency> for String {
    fn from(currency: Currency) -> String {
        currency.code().to_owned()
    }
}

impl TryFrom<String> for Currency {
    type Error = String;

    fn try_from(code: String) -> Result<Currency, String> {
        Currency::parse(&code)
            .ok_or_else(|| format!("`{code}` is no ISO 4217 currency code; an example is CNY"))
    }
}

/// ISO 4217 list one: money in circulation, without funds codes, metals and test codes.
const CODES: &str = "AED AFN ALL AMD AOA ARS AUD AWG AZN BAM BBD BDT BGN BHD BIF BMD BND BOB BRL BSD BTN \
BWP BYN BZD CAD CDF CHF CLP CNY COP CRC CUP CVE CZK DJF DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP GEL GHS GIP \
GMD GNF GTQ GYD HKD HNL HTG HUF IDR ILS INR IQD IRR ISK JMD JOD JPY KES KGS KHR KMF KPW KRW KWD KYD KZT LAK \
LBP LKR LRD LSL LYD MAD MDL MGA MKD MMK MNT MOP MRU MUR MVR MWK MXN MYR MZN NAD NGN NIO NOK NPR NZD OMR PAB \
PEN PGK PHP PKR PLN PYG QAR RON RSD RUB RWF SAR SBD SCR SDG SEK SGD SHP SLE SOS SRD SSP STN SVC SYP SZL THB \
TJS TMT TND TOP TRY TTD TWD TZS UAH UGX USD UYU UZS VED VES VND VUV WST XAF XCD XCG XOF XPF YER ZAR ZMW ZWG";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts_are_read_exactly_from_their_text() {
        for (text, ten_thousandths) in [
            ("0", 0),
            ("128", 1_280_000),
            ("128.00", 1_280_000),
            ("0.1", 1_000),
            ("19.9901", 199_901),
            ("007.5", 75_000),
            ("1000000000000", 10_000_000_000_000_000),
            ("999999999999.9999", 9_999_999_999_999_999),
        ] {
            assert_eq!(Amount::parse(text), Some(Amount(ten_thousandths)), "{text}");
        }
    }

    #[test]
    fn anything_but_a_plain_decimal_within_bounds_is_refused() {
        for text in [
            "",
            ".",
            "-1",
            "+1",
            "1.",
            ".5",
            "1e3",
            "1,000",
            " 1",
            "1 ",
            "0x10",
            "1.00001",
            "NaN",
            "١",
            "1000000000001",
            "1000000000000.0001",
            "99999999999999999999",
        ] {
            assert_eq!(Amount::parse(text), None, "{text:?}");
        }
    }

    #[test]
    fn only_listed_currencies_are_known() {
        assert_eq!(Currency::parse("CNY").map(|c| c.to_string()), Some("CNY".into()));
        for code in ["cny", "RMB", "XXX", "CN", "CNYX", "", "C Y", "¥"] {
            assert_eq!(Currency::parse(code), None, "{code}");
        }
    }
}
