//! What figures can be grouped and filtered by: the dimensions of METRICS section 2 "Groups".

use crate::metrics::Wording;
use std::collections::BTreeMap;

/// How `day_facts` holds the values of a dimension, in a column of the dimension's own name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// One value of few: `LowCardinality(String)`.
    LowCardinality,
    /// One value of many: `String`.
    Text,
    /// Several values at once: `Array(String)`.
    Array,
}

macro_rules! dimensions {
    ($($variant:ident $name:literal $kind:ident [$en:literal, $zh:literal] $(of [$($value:literal),+])?,)+) => {
        /// One of the values that a visitor's day carries.
        ///
        /// An entry of the list in this file makes a dimension: the columns of the views and of the upkeep's
        /// questions, the parameters and their documentation, and what the page and Grafana's boards call it
        /// follow from it. What else it needs, the compiler or a test asks for: a column of `day_facts` (a
        /// migration), its value on a day (`ledger::life`), where that comes from (`visitor_activity`,
        /// and `sql/ledger/raw_days.sql`), whether strangers may bring any number of values (`new_values`),
        /// and its rule in the tests' model.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Dimension {
            $(
                #[doc = concat!("`", $name, "` of the contract.")]
                $variant
            ),+
        }

        impl Dimension {
            /// All of them, in the order of the contract.
            pub const ALL: &[Dimension] = &[$(Dimension::$variant),+];

            /// The word of the contract, the same in the tables and views.
            pub const fn as_str(self) -> &'static str {
                match self {
                    $(Dimension::$variant => $name),+
                }
            }

            /// How its values are held.
            pub const fn kind(self) -> Kind {
                match self {
                    $(Dimension::$variant => Kind::$kind),+
                }
            }

            /// What it is called where people read it.
            pub const fn name(self) -> Wording {
                match self {
                    $(Dimension::$variant => Wording { en: $en, zh: $zh }),+
                }
            }

            /// Values that exist, where these are few and fixed.
            pub const fn closed_values(self) -> Option<&'static [&'static str]> {
                match self {
                    $($(Dimension::$variant => Some(&[$($value),+]),)?)+
                    _ => None,
                }
            }
        }
    };
}

dimensions! {
    Source "source" LowCardinality ["Source", "来源"],
    Medium "medium" LowCardinality ["Medium", "媒介"],
    Campaign "campaign" LowCardinality ["Campaign", "活动"],
    Device "device" LowCardinality ["Device", "设备"],
    Browser "browser" LowCardinality ["Browser", "浏览器"],
    Os "os" LowCardinality ["System", "系统"],
    Country "country" LowCardinality ["Country", "国家/地区"],
    Region "region" LowCardinality ["Region", "省/州"],
    City "city" LowCardinality ["City", "城市"],
    Landing "landing" Text ["Landing page", "落地页"],
    Agent "agent" Array ["Agent", "客服"],
    Channel "channel" Array ["Chat tool", "咨询渠道"],
    AnsweredBy "answered_by" Array ["Answered by", "应答方"] of ["person", "bot", "nobody"],
    Variant "variant" Array ["Variant", "实验版本"],
    Product "product" Array ["Product", "商品"],
    CustomerType "customer_type" LowCardinality ["Customers", "新老客户"] of ["new", "old"],
}

impl Dimension {
    /// The dimension of that word.
    pub fn parse(word: &str) -> Option<Dimension> {
        Dimension::ALL.iter().copied().find(|dimension| dimension.as_str() == word)
    }
}

/// Which days count: of each dimension named, a day must carry one of the values. An empty value is
/// "unknown".
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Filters(BTreeMap<Dimension, Vec<String>>);

impl Filters {
    /// Lets through days that carry `value` as well.
    pub fn allow(&mut self, dimension: Dimension, value: String) {
        let values = self.0.entry(dimension).or_default();
        if !values.contains(&value) {
            values.push(value);
        }
    }

    /// Whether every day counts.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The one value by which days are chosen, if it is one.
    pub fn single(&self) -> Option<(Dimension, &str)> {
        let mut dimensions = self.0.iter();
        match (dimensions.next(), dimensions.next()) {
            (Some((dimension, values)), None) => match values.as_slice() {
                [value] => Some((*dimension, value)),
                _ => None,
            },
            _ => None,
        }
    }

    /// Whether days are chosen by `dimension`.
    pub fn names(&self, dimension: Dimension) -> bool {
        self.0.contains_key(&dimension)
    }

    /// The values of which a day must carry one; none when days are not chosen by `dimension`.
    pub fn values(&self, dimension: Dimension) -> &[String] {
        self.0.get(&dimension).map_or(&[], Vec::as_slice)
    }

    /// The words of the dimensions, and in the same order their values.
    pub fn columns(&self) -> (Vec<&'static str>, Vec<&[String]>) {
        self.0.iter().map(|(dimension, values)| (dimension.as_str(), values.as_slice())).unzip()
    }
}
