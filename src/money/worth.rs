//! Roughly what currencies are worth, to tell an amount that somebody typed wrongly or made up from one that a
//! shop may take. Never for a figure: amounts are not converted.

use super::{Amount, Currency, MAX_UNITS, TEN_THOUSANDTHS};

const DOLLARS: i64 = 100_000;

impl Currency {
    /// About 100 000 US dollars in this currency.
    pub fn hundred_thousand_dollars(self) -> Amount {
        let mut pairs = PER_DOLLAR.split_whitespace();
        let mut units = DOLLARS;
        while let (Some(code), Some(rate)) = (pairs.next(), pairs.next()) {
            if code == self.code() {
                let hundredths: i64 = rate.parse().unwrap_or(100);
                units = DOLLARS * hundredths / 100;
            }
        }
        Amount(units.min(MAX_UNITS) * TEN_THOUSANDTHS)
    }

    /// What stands to [`Currency::hundred_thousand_dollars`] as `bound`, in `of`, stands to that of `of`.
    pub fn as_much_as(self, bound: Amount, of: Currency) -> Amount {
        if self == of {
            return bound;
        }
        let (here, there) = (self.hundred_thousand_dollars().0, of.hundred_thousand_dollars().0);
        let scaled = i128::from(bound.0) * i128::from(here) / i128::from(there.max(1));
        let most = i128::from(MAX_UNITS * TEN_THOUSANDTHS);
        Amount(i64::try_from(scaled.min(most)).unwrap_or(MAX_UNITS * TEN_THOUSANDTHS))
    }
}

/// Hundredths of a currency's unit for a US dollar, rounded generously, as of 2026.
const PER_DOLLAR: &str = "AED 370 AFN 7000 ALL 9000 AMD 39000 AOA 92000 ARS 140000 AUD 155 AWG 180 AZN 170 \
BAM 175 BBD 200 BDT 12200 BGN 175 BHD 38 BIF 295000 BMD 100 BND 130 BOB 690 BRL 550 BSD 100 BTN 8800 BWP 1350 \
BYN 320 BZD 200 CAD 140 CDF 250000 CHF 85 CLP 95000 CNY 720 COP 410000 CRC 51000 CUP 12000 CVE 9800 CZK 2200 \
DJF 17800 DKK 670 DOP 6300 DZD 13200 EGP 4900 ERN 1500 ETB 14500 EUR 90 FJD 226 FKP 78 GBP 78 GEL 275 GHS 1200 \
GIP 78 GMD 7200 GNF 865000 GTQ 770 GYD 20900 HKD 780 HNL 2600 HTG 13100 HUF 35000 IDR 1650000 ILS 350 INR 8800 \
IQD 131000 IRR 4200000 ISK 12700 JMD 16000 JOD 71 JPY 15500 KES 12950 KGS 8750 KHR 402000 KMF 44000 KPW 90000 \
KRW 145000 KWD 31 KYD 83 KZT 53000 LAK 2170000 LBP 8950000 LKR 30500 LRD 19000 LSL 1780 LYD 545 MAD 930 MDL 1720 \
MGA 450000 MKD 5400 MMK 210000 MNT 358000 MOP 805 MRU 4000 MUR 4600 MVR 1540 MWK 173500 MXN 1900 MYR 430 MZN 6400 \
NAD 1780 NGN 153000 NIO 3680 NOK 1020 NPR 14000 NZD 172 OMR 39 PAB 100 PEN 365 PGK 415 PHP 5800 PKR 28300 PLN 375 \
PYG 740000 QAR 365 RON 445 RSD 10300 RUB 9000 RWF 145000 SAR 375 SBD 840 SCR 1450 SDG 60000 SEK 970 SGD 130 SHP 78 \
SLE 2300 SOS 57200 SRD 3800 SSP 450000 STN 2180 SVC 875 SYP 1300000 SZL 1780 THB 3350 TJS 980 TMT 350 TND 300 \
TOP 240 TRY 4200 TTD 680 TWD 3200 TZS 255000 UAH 4200 UGX 365000 USD 100 UYU 4050 UZS 1270000 VED 20000 VES 20000 \
VND 2620000 VUV 12100 WST 275 XAF 58500 XCD 270 XCG 180 XOF 58500 XPF 10700 YER 24400 ZAR 1780 ZMW 2600 ZWG 2700";

#[cfg(test)]
mod tests {
    use super::super::CODES;
    use super::*;

    fn currency(code: &str) -> Currency {
        Currency::parse(code).unwrap()
    }

    #[test]
    fn every_currency_has_a_rate_and_no_other() {
        let listed: Vec<&str> = PER_DOLLAR.split_whitespace().step_by(2).collect();
        assert_eq!(listed, CODES.split(' ').collect::<Vec<_>>());
        assert!(PER_DOLLAR.split_whitespace().skip(1).step_by(2).all(|rate| rate.parse::<i64>().is_ok()));
    }

    #[test]
    fn a_bound_in_one_currency_is_as_much_in_another() {
        assert_eq!(currency("CNY").hundred_thousand_dollars(), Amount::parse("720000").unwrap());
        let bound = Amount::parse("1440000").unwrap();
        assert_eq!(currency("USD").as_much_as(bound, currency("CNY")), Amount::parse("200000").unwrap());
        assert_eq!(currency("CNY").as_much_as(bound, currency("CNY")), bound);
    }
}
