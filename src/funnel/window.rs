//! Windows of days: the asked one, the buckets of a series, the one it is compared with. Pure calendar
//! arithmetic.

use chrono::{Datelike, Days, Months, NaiveDate};
use utoipa::ToSchema;

/// Days of a window that names none.
pub const DEFAULT_WINDOW_DAYS: u64 = 30;
/// Longest window that may be asked for: two years, one of them a leap year.
pub const MAX_WINDOW_DAYS: i64 = 731;

/// Days `from`..`to`, both included, of the shop's calendar.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Window {
    /// First day.
    pub from: NaiveDate,
    /// Last day, which belongs to it.
    pub to: NaiveDate,
}

/// The buckets of a series.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ToSchema)]
#[schema(rename_all = "snake_case")]
pub enum Interval {
    /// Each day by itself.
    Day,
    /// Begins on Monday.
    Week,
    /// Months of the calendar.
    Month,
}

/// The window that another is compared with.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ToSchema)]
#[schema(rename_all = "snake_case")]
pub enum Comparison {
    /// As many days just before.
    Previous,
    /// The same weekdays: back by the fewest whole weeks that clear the window.
    Weekday,
    /// The same dates a year before.
    Year,
}

impl Window {
    /// The [`DEFAULT_WINDOW_DAYS`] days that end with `today`.
    pub fn last_days(today: NaiveDate) -> Window {
        Window { from: today - Days::new(DEFAULT_WINDOW_DAYS - 1), to: today }
    }

    /// Number of days, at least 1.
    pub fn days(&self) -> i64 {
        (self.to - self.from).num_days() + 1
    }

    /// Whether `day` lies in the window.
    pub fn holds(&self, day: NaiveDate) -> bool {
        self.from <= day && day <= self.to
    }

    /// The windows of a series, in order; the first and the last are clipped to this one.
    pub fn buckets(&self, interval: Interval) -> Vec<Window> {
        let mut buckets = Vec::new();
        let mut from = self.from;
        while from <= self.to {
            let next = interval.start_after(from);
            buckets.push(Window { from, to: self.to.min(next - Days::new(1)) });
            from = next;
        }
        buckets
    }

    /// The window to compare with.
    pub fn compared(&self, comparison: Comparison) -> Window {
        let back = |days: i64| {
            let days = Days::new(days.unsigned_abs());
            Window { from: self.from - days, to: self.to - days }
        };
        match comparison {
            Comparison::Previous => back(self.days()),
            Comparison::Weekday => back((self.days() + 6) / 7 * 7),
            // A month of twelve earlier has the 29th of February only when this one's year before had it:
            // else the 28th.
            Comparison::Year => Window { from: self.from - Months::new(12), to: self.to - Months::new(12) },
        }
    }
}

impl Interval {
    /// The word of the contract, the same in the views.
    pub fn as_str(self) -> &'static str {
        match self {
            Interval::Day => "day",
            Interval::Week => "week",
            Interval::Month => "month",
        }
    }

    /// The interval of that word.
    pub fn parse(word: &str) -> Option<Interval> {
        [Interval::Day, Interval::Week, Interval::Month]
            .into_iter()
            .find(|interval| interval.as_str() == word)
    }

    /// First day of the bucket that follows the one `day` is in.
    fn start_after(self, day: NaiveDate) -> NaiveDate {
        match self {
            Interval::Day => day + Days::new(1),
            Interval::Week => day + Days::new(7 - u64::from(day.weekday().num_days_from_monday())),
            Interval::Month => day.with_day(1).unwrap_or(day) + Months::new(1),
        }
    }
}

impl Comparison {
    /// The word of the contract.
    pub fn parse(word: &str) -> Option<Comparison> {
        match word {
            "previous" => Some(Comparison::Previous),
            "weekday" => Some(Comparison::Weekday),
            "year" => Some(Comparison::Year),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn window(from: &str, to: &str) -> Window {
        Window { from: from.parse().unwrap(), to: to.parse().unwrap() }
    }

    #[test]
    fn buckets_begin_on_mondays_and_firsts_and_are_clipped() {
        let days = |interval, from, to| -> Vec<(String, String)> {
            let buckets = window(from, to).buckets(interval);
            buckets.iter().map(|bucket| (bucket.from.to_string(), bucket.to.to_string())).collect()
        };
        let pairs = |pairs: &[(&str, &str)]| -> Vec<(String, String)> {
            pairs.iter().map(|(a, b)| ((*a).into(), (*b).into())).collect()
        };
        assert_eq!(
            days(Interval::Week, "2026-11-18", "2026-11-30"),
            pairs(&[
                ("2026-11-18", "2026-11-22"),
                ("2026-11-23", "2026-11-29"),
                ("2026-11-30", "2026-11-30")
            ])
        );
        assert_eq!(
            days(Interval::Month, "2026-11-30", "2027-01-01"),
            pairs(&[
                ("2026-11-30", "2026-11-30"),
                ("2026-12-01", "2026-12-31"),
                ("2027-01-01", "2027-01-01")
            ])
        );
        assert_eq!(days(Interval::Day, "2024-02-28", "2024-03-01").len(), 3);
    }

    #[test]
    fn comparisons_are_as_the_contract_says() {
        for (comparison, from, to, compared_from, compared_to) in [
            (Comparison::Previous, "2026-11-01", "2026-11-30", "2026-10-02", "2026-10-31"),
            (Comparison::Weekday, "2026-11-16", "2026-11-22", "2026-11-09", "2026-11-15"),
            (Comparison::Weekday, "2026-11-15", "2026-11-22", "2026-11-01", "2026-11-08"),
            (Comparison::Year, "2024-02-29", "2024-03-01", "2023-02-28", "2023-03-01"),
            (Comparison::Year, "2025-02-28", "2025-02-28", "2024-02-28", "2024-02-28"),
        ] {
            assert_eq!(window(from, to).compared(comparison), window(compared_from, compared_to));
        }
    }
}
