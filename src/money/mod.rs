//! Exact amounts and ISO 4217 currencies. Never a float.

mod read;
mod signs;
mod worth;

pub use read::{Reading, read_currency, read_number, read_text};
use serde::{Deserialize, Serialize};
use std::fmt;
use utoipa::ToSchema;

/// A non-negative amount in ten-thousandths of the currency's unit, at most 10¹² units.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Amount(i64);

const TEN_THOUSANDTHS: i64 = 10_000;
const MAX_UNITS: i64 = 1_000_000_000_000;
const MAX_DECIMALS: usize = 4;

impl Amount {
    /// Reads the plain decimal text of an amount: digits, then optionally a point and 1 to 4 digits.
    /// [`read_text`] reads more.
    ///
    /// `None` when the text is anything else (sign, exponent, spaces, grouping) or above 10¹² units.
    pub fn parse(text: &str) -> Option<Amount> {
        let (units, decimals) = text.split_once('.').unwrap_or((text, "0"));
        Amount::of_digits(units, decimals)
    }

    /// The amount of units and decimals, written in ASCII digits: any number of them, and 1 to 4.
    ///
    /// `None` when they are anything else, or above 10¹² units.
    fn of_digits(units: &str, decimals: &str) -> Option<Amount> {
        let all_digits = |part: &str| !part.is_empty() && part.bytes().all(|b| b.is_ascii_digit());
        if !all_digits(units) || !all_digits(decimals) || decimals.len() > MAX_DECIMALS {
            return None;
        }
        let fraction = decimals.parse::<i64>().ok()? * 10_i64.pow((MAX_DECIMALS - decimals.len()) as u32);
        let units = units.parse::<i64>().ok().filter(|&units| units <= MAX_UNITS)?;
        Amount::within_bounds(units * TEN_THOUSANDTHS + fraction)
    }

    /// The next greater amount.
    fn next(self) -> Option<Amount> {
        Amount::within_bounds(self.0 + 1)
    }

    fn within_bounds(ten_thousandths: i64) -> Option<Amount> {
        (ten_thousandths <= MAX_UNITS * TEN_THOUSANDTHS).then_some(Amount(ten_thousandths))
    }

    /// An amount of so many ten-thousandths of a unit; none that is negative or above the bound.
    pub fn from_ten_thousandths(amount: i64) -> Option<Amount> {
        (0..=MAX_UNITS * TEN_THOUSANDTHS).contains(&amount).then_some(Amount(amount))
    }

    /// The amount in ten-thousandths of a unit.
    pub fn ten_thousandths(self) -> i64 {
        self.0
    }
}

impl fmt::Display for Amount {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        Sum(self.0.into()).fmt(f)
    }
}

/// A sum of amounts, or the difference of two, in ten-thousandths of the currency's unit. As text it has 4 decimals.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, ToSchema)]
#[serde(try_from = "String", into = "String")]
#[schema(value_type = String, pattern = "^-?[0-9]+[.][0-9]{4}$")]
pub struct Sum(i128);

impl Sum {
    /// A sum of so many ten-thousandths of a unit.
    pub fn from_ten_thousandths(amount: i128) -> Sum {
        Sum(amount)
    }

    /// The sum in ten-thousandths of a unit.
    pub fn ten_thousandths(self) -> i128 {
        self.0
    }

    /// The share of each of `count`, rounded half up; `None` of nobody.
    pub fn per(self, count: u64) -> Option<Sum> {
        let count = i128::from(count);
        (count > 0).then(|| Sum((2 * self.0 + count).div_euclid(2 * count)))
    }
}

impl fmt::Display for Sum {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (sign, amount) = (if self.0 < 0 { "-" } else { "" }, self.0.unsigned_abs());
        let scale = u128::from(TEN_THOUSANDTHS.unsigned_abs());
        write!(f, "{sign}{}.{:04}", amount / scale, amount % scale)
    }
}

impl From<Sum> for String {
    fn from(sum: Sum) -> String {
        sum.to_string()
    }
}

impl TryFrom<String> for Sum {
    type Error = String;

    /// Reads a decimal number with at most 4 decimals.
    fn try_from(text: String) -> Result<Sum, String> {
        let error = || format!("`{text}` is no sum of money");
        let (sign, amount) = text.strip_prefix('-').map_or((1, text.as_str()), |amount| (-1, amount));
        let (units, decimals) = amount.split_once('.').unwrap_or((amount, ""));
        let digits = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
        if units.is_empty() || !digits(units) || !digits(decimals) || decimals.len() > MAX_DECIMALS {
            return Err(error());
        }
        let all: i128 = format!("{units}{decimals:0<MAX_DECIMALS$}").parse().map_err(|_| error())?;
        Ok(Sum(sign * all))
    }
}

impl std::ops::Add for Sum {
    type Output = Sum;

    fn add(self, other: Sum) -> Sum {
        Sum(self.0 + other.0)
    }
}

impl std::ops::Sub for Sum {
    type Output = Sum;

    fn sub(self, other: Sum) -> Sum {
        Sum(self.0 - other.0)
    }
}

impl std::iter::Sum for Sum {
    fn sum<I: Iterator<Item = Sum>>(sums: I) -> Sum {
        sums.fold(Sum::default(), std::ops::Add::add)
    }
}

/// An ISO 4217 code of a currency in use.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
#[serde(try_from = "String", into = "String")]
#[schema(value_type = String, pattern = "^[A-Z]{3}$")]
pub struct Currency([u8; 3]);

impl Currency {
    /// Reads a three-letter upper-case code; `None` when ISO 4217 does not list it.
    pub fn parse(code: &str) -> Option<Currency> {
        let bytes: [u8; 3] = code.as_bytes().try_into().ok()?;
        CODES.split(' ').any(|known| known == code).then_some(Currency(bytes))
    }

    /// Reads a three-letter code in whatever case, as people and some systems write it.
    pub fn parse_any_case(code: &str) -> Option<Currency> {
        Currency::parse(&code.to_ascii_uppercase())
    }

    /// Decimals of its amounts, by ISO 4217 ("minor unit"): 0, 2 or 3.
    fn decimals(self) -> usize {
        let is_in = |codes: &str| codes.split(' ').any(|code| code == self.code());
        if is_in(WITHOUT_DECIMALS) {
            0
        } else if is_in(WITH_THREE_DECIMALS) {
            3
        } else {
            2
        }
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

const WITHOUT_DECIMALS: &str = "BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX VND VUV XAF XOF XPF";
const WITH_THREE_DECIMALS: &str = "BHD IQD JOD KWD LYD OMR TND";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sums_are_text_with_four_decimals_and_shares_are_rounded_half_up() {
        let sum = |text: &str| Sum::try_from(text.to_owned()).unwrap();
        for (text, written) in
            [("0", "0.0000"), ("-1.5", "-1.5000"), ("19.9901", "19.9901"), ("-0.0001", "-0.0001")]
        {
            assert_eq!(sum(text).to_string(), written);
        }
        assert_eq!((sum("1") + sum("0.5") - sum("2")).to_string(), "-0.5000");
        for (amount, count, share) in
            [("10", 3, "3.3333"), ("0.0001", 2, "0.0001"), ("5178471", 14_266, "362.9939")]
        {
            assert_eq!(sum(amount).per(count).unwrap().to_string(), share);
        }
        assert_eq!(sum("1").per(0), None);
        for text in ["", "-", "1.", "1e3", "+1", "1.00001", "x"] {
            assert_eq!(Sum::try_from(text.to_owned()).is_ok(), text == "1.", "{text}");
        }
    }

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
    #[test]
    fn codes_are_read_in_any_case_and_tell_the_decimals_of_their_amounts() {
        for (code, decimals) in [("cny", 2), ("CNY", 2), ("Jpy", 0), ("kWd", 3), ("XPF", 0)] {
            let currency = Currency::parse_any_case(code).unwrap();
            assert_eq!((currency.code(), currency.decimals()), (code.to_uppercase().as_str(), decimals));
        }
        for code in ["", "rmb", "cn", "cnyx", " cny", "ＣＮＹ", "ﬁm"] {
            assert_eq!(Currency::parse_any_case(code), None, "{code}");
        }
        let odd = WITHOUT_DECIMALS.split(' ').chain(WITH_THREE_DECIMALS.split(' '));
        assert!(odd.into_iter().all(|code| Currency::parse(code).is_some()));
    }
}
