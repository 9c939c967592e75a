//! What figures can be grouped and filtered by: the dimensions of METRICS section 2 "Groups".

use std::collections::BTreeMap;

macro_rules! dimensions {
    ($($variant:ident $name:literal),* $(,)?) => {
        /// One of the values that a visitor's day carries.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Dimension {
            $(
                #[doc = concat!("`", $name, "` of the contract.")]
                $variant
            ),*
        }

        impl Dimension {
            /// All of them, in the order of the tables' columns.
            pub const ALL: &[Dimension] = &[$(Dimension::$variant),*];

            /// The word of the contract, the same in the views.
            pub fn as_str(self) -> &'static str {
                match self {
                    $(Dimension::$variant => $name),*
                }
            }
        }
    };
}

dimensions! {
    Source "source",
    Medium "medium",
    Campaign "campaign",
    Device "device",
    Browser "browser",
    Os "os",
    Country "country",
    Region "region",
    City "city",
    Landing "landing",
    Agent "agent",
    Channel "channel",
    Variant "variant",
    Product "product",
    CustomerType "customer_type",
}

impl Dimension {
    /// The dimension of that word.
    pub fn parse(word: &str) -> Option<Dimension> {
        Dimension::ALL.iter().copied().find(|dimension| dimension.as_str() == word)
    }

    /// Whether a day may carry several values at once.
    pub fn has_many_values(self) -> bool {
        matches!(self, Dimension::Agent | Dimension::Channel | Dimension::Variant | Dimension::Product)
    }

    /// Values that exist, where these are few and fixed.
    pub fn closed_values(self) -> Option<&'static [&'static str]> {
        (self == Dimension::CustomerType).then_some(&["new", "old"])
    }
}

/// Which days count: of each dimension named, a day must carry one of the values. An empty value is "unknown".
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
