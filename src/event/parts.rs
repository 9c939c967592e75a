//! The words and the parts that events are made of: kinds, who writes and who tells, lines of an order and what it
//! costs.

use crate::money::Amount;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// What happened.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// A page was shown.
    Visit,
    /// The page was left, and nothing else came.
    Bounce,
    /// Somebody asked in a chat.
    Inquiry,
    /// Somebody or something answered in a chat.
    Reply,
    /// Something was put into the basket.
    Cart,
    /// Something was put among the favorites.
    Favorite,
    /// An order was placed.
    Order,
    /// Money came for an order.
    Payment,
    /// Money of an order was given back.
    Refund,
    /// Somebody said how satisfied they are.
    Rating,
}

impl Kind {
    /// All kinds, in the order of the contract.
    pub const ALL: [Kind; 10] = [
        Kind::Visit,
        Kind::Bounce,
        Kind::Inquiry,
        Kind::Reply,
        Kind::Cart,
        Kind::Favorite,
        Kind::Order,
        Kind::Payment,
        Kind::Refund,
        Kind::Rating,
    ];

    /// The word on the wire and in the tables.
    pub fn as_str(self) -> &'static str {
        match self {
            Kind::Visit => "visit",
            Kind::Bounce => "bounce",
            Kind::Inquiry => "inquiry",
            Kind::Reply => "reply",
            Kind::Cart => "cart",
            Kind::Favorite => "favorite",
            Kind::Order => "order",
            Kind::Payment => "payment",
            Kind::Refund => "refund",
            Kind::Rating => "rating",
        }
    }

    /// The kind of this name.
    pub fn parse(word: &str) -> Option<Kind> {
        Kind::ALL.into_iter().find(|kind| kind.as_str() == word)
    }

    /// Events of an order carry its id, may come without a visitor, and move money.
    pub fn is_of_an_order(self) -> bool {
        matches!(self, Kind::Order | Kind::Payment | Kind::Refund)
    }

    /// Events of a chat, which may be told by their conversation instead of their visitor.
    pub fn is_of_a_chat(self) -> bool {
        matches!(self, Kind::Inquiry | Kind::Reply)
    }
}

/// Whether the sender says that an inquiry is about a purchase to come or one already made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Topic {
    /// About a purchase to come.
    PreSale,
    /// About one already made.
    AfterSale,
}

impl Topic {
    /// The word on the wire and in the tables.
    pub fn as_str(self) -> &'static str {
        match self {
            Topic::PreSale => "pre_sale",
            Topic::AfterSale => "after_sale",
        }
    }
}

/// Who wrote in a conversation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Author {
    /// Somebody of the shop.
    Person,
    /// A program of the shop.
    Bot,
}

impl Author {
    /// The word on the wire and in the tables.
    pub fn as_str(self) -> &'static str {
        match self {
            Author::Person => "person",
            Author::Bot => "bot",
        }
    }
}

/// Through which system an order, a payment or a refund was told.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Via {
    /// The payment provider itself, which knows best what was paid.
    Provider,
    /// The platform that the shop runs on.
    Platform,
    /// The shop's own programs.
    Shop,
}

impl Via {
    /// The word on the wire and in the tables.
    pub fn as_str(self) -> &'static str {
        match self {
            Via::Provider => "provider",
            Via::Platform => "platform",
            Via::Shop => "shop",
        }
    }
}

/// A line of an order or of a refund.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Item {
    /// What was bought; empty where the sender names only its name.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub product: String,
    /// For people.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub name: String,
    /// Size, color and the like.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub variant: String,
    /// How many, in thousandths.
    pub quantity: u32,
    /// Of the whole line after discount, in the order's currency.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub amount: Option<Amount>,
    /// What the whole line cost the shop, in the order's currency.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cost: Option<Amount>,
}

/// What an order tells beside its amount, each in the order's currency.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Costs {
    /// What the goods cost the shop.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cost: Option<Amount>,
    /// Part of the amount that is for bringing the goods.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub shipping: Option<Amount>,
    /// Part of the amount that is tax.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tax: Option<Amount>,
    /// Taken off the whole order, in no line.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub discount: Option<Amount>,
}

impl Costs {
    pub(super) fn is_empty(&self) -> bool {
        *self == Costs::default()
    }
}
