//! The shop funnel as a question and its answer. Pure values: persons are counted in
//! `sql/views/funnel/funnel.sql`, money is summed there and divided here.

mod cohort;
mod dimension;
mod money;
mod orders;
mod window;

use crate::metrics::funnel_figures;
use crate::money::Currency;
use chrono::NaiveDate;
pub use cohort::Cohort;
pub use dimension::{Dimension, Filters, Kind};
pub use money::{Branch, Cash, Money, Orders, Parts, Waiting};
pub use orders::{Cycle, Repeat, Span};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
pub use window::{Comparison, DEFAULT_WINDOW_DAYS, Interval, MAX_WINDOW_DAYS, Window};

/// Days for which an inquiry's agent and channel are carried, and after which a cohort is closed
/// (`final_days`).
pub const FINAL_DAYS: u16 = 3;

/// Everything that decides the answer.
#[derive(Debug, Clone)]
pub struct Question {
    /// Slug of the shop.
    pub shop: String,
    /// The days, both included.
    pub window: Window,
    /// The shop's day of `now_ms`.
    pub today: NaiveDate,
    /// Epoch milliseconds; decides who is still open.
    pub now_ms: i64,
    /// Days after an order on which an inquiry is after-sale.
    pub after_sale_days: u16,
    /// Of amounts that name none.
    pub currency: Currency,
}

macro_rules! sets {
    ($($(#[$doc:meta])+ $set:ident,)+) => {
        /// How many visitors are in each set of which the counts and rates of a funnel are made. The sets are
        /// those of the ledger, and `open`.
        #[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
        pub struct Counts {
            $($(#[$doc])+ pub $set: u64,)+
        }

        impl Counts {
            /// The count of the set of that name; none when it is none of these.
            pub fn set(&mut self, name: &str) -> Option<&mut u64> {
                match name {
                    $(stringify!($set) => Some(&mut self.$set),)+
                    _ => None,
                }
            }
        }
    };
}

sets! {
    /// Everybody present.
    visitors,
    /// With two pages on one day, or an inquiry, cart, favorite or placed order.
    effective,
    /// Still undecided.
    open,
    /// With a pre-sale inquiry that no order of theirs in the window precedes.
    inquirers,
    /// Who placed an order.
    buyers,
    /// Those of them who asked before.
    inquiry_buyers,
    /// Those of the buyers who paid.
    payers,
    /// Those of them who asked before.
    inquiry_payers,
    /// With any inquiry.
    inquired,
    /// With a pre-sale inquiry.
    asked,
    /// Known by a same-day id only.
    cookieless,
}

/// How an entry of the table of figures is counted. A part is never more than its whole, unless the ledger
/// has lost rows; then the night mends it, and nothing ends here.
macro_rules! counted {
    ($sets:ident $count:ident [set, $formula:literal]) => {
        $sets.$count
    };
    ($sets:ident $count:ident [set $whole:ident - set $part:ident, $formula:literal]) => {
        $sets.$whole.saturating_sub($sets.$part)
    };
    ($sets:ident $count:ident [$whole:ident - $first:ident $(- $part:ident)*]) => {
        $sets.$whole.saturating_sub($sets.$first $(+ $sets.$part)*)
    };
}

macro_rules! divided {
    ($funnel:ident [$part:ident / $base:ident]) => {
        share($funnel.$part, $funnel.$base)
    };
    ($funnel:ident [$part:ident / ($first:ident $(+ $base:ident)+)]) => {
        share($funnel.$part, $funnel.$first $(+ $funnel.$base)+)
    };
}

macro_rules! answer {
    (
        counts { $($count:ident $how:tt $count_words:tt)+ }
        rates { $($rate:ident $ratio:tt $rate_words:tt)+ }
    ) => {
        /// Counts are distinct visitors of the window; a rate is `None` where its base is 0.
        /// Ids and formulas are those of METRICS section 2.
        #[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, ToSchema)]
        pub struct Funnel {
            $(
                #[doc = concat!("`", stringify!($count), "` of the catalogue.")]
                pub $count: u64,
            )+
            $(
                #[doc = concat!("`", stringify!($rate), "` of the catalogue.")]
                #[schema(required)]
                pub $rate: Option<f64>,
            )+
        }

        impl Counts {
            /// Every count and rate, as the view `funnel` makes them.
            pub fn funnel(&self) -> Funnel {
                let sets = *self;
                let mut funnel = Funnel { $($count: counted!(sets $count $how),)+ ..Funnel::default() };
                $(funnel.$rate = divided!(funnel $ratio);)+
                funnel
            }
        }
    };
}

funnel_figures!(answer);

impl Counts {
    /// Share of visitors known by a same-day id only; `None` without visitors.
    pub fn cookieless_share(&self) -> Option<f64> {
        share(self.cookieless, self.visitors)
    }
}

/// `None` where the base is 0.
fn share(part: u64, base: u64) -> Option<f64> {
    (base > 0).then(|| part as f64 / base as f64)
}

/// The figures of one window, bucket or group.
#[derive(Debug, Clone, PartialEq)]
pub struct Figures {
    /// Persons and rates.
    pub funnel: Funnel,
    /// Sums, one entry per currency.
    pub money: Vec<Money>,
    /// Share of visitors known by a same-day id only; `None` without visitors.
    pub cookieless_share: Option<f64>,
}

impl Figures {
    /// Of a window in which nothing happened.
    pub fn of_nobody() -> Figures {
        Figures { funnel: Funnel::default(), money: Vec::new(), cookieless_share: None }
    }
}
