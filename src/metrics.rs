//! The catalogue of figures: id, names, formula, unit and basis of each, in reading order. Pure data.
//!
//! METRICS.md is the law; this is the one place where a figure is written down. The counts and rates of the
//! funnel are one table, [`funnel_figures`]: `funnel` makes its answer and its arithmetic of it, `store` the
//! columns of the views. `docs/METRICS.md`, and the labels and formulas of the page and of Grafana's boards
//! (`dashboards/web/src/catalogue.ts`), are written from the catalogue by tests, which also compare it with
//! what is answered. The file is as long as the list, which is worth more in one piece.

use serde::Serialize;
use utoipa::ToSchema;

/// What a figure counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Unit {
    /// Distinct visitors.
    Persons,
    /// One figure over another; `null` where the other is 0.
    Ratio,
    /// A decimal in one currency, as text with 4 decimals.
    Money,
    /// Orders, not persons.
    Orders,
    /// Payments, not orders.
    Payments,
    /// Days with fractions.
    Days,
}

/// What has to fall into the days that are asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Basis {
    /// What a visitor did on any of the days, each person once over all of them.
    Window,
    /// The pre-sale inquiry; each day stands for itself.
    InquiryDay,
    /// The placing of the order, whenever it is paid.
    OrderDay,
    /// The payment, whenever its order was placed.
    PaymentDay,
}

/// The same in both languages.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
pub struct Wording {
    /// English.
    pub en: &'static str,
    /// Chinese.
    pub zh: &'static str,
}

/// One figure.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
pub struct Metric {
    /// The key of the figure in every answer. Never renamed.
    pub id: &'static str,
    /// What it is called on a page. In the trade one label may name several ratios, so it is no key.
    pub name: Wording,
    /// In ids, where ids say it.
    pub formula: &'static str,
    /// What the number counts.
    pub unit: Unit,
    /// Over what it is taken.
    pub basis: Basis,
    /// One sentence.
    pub description: Wording,
    /// What it is called in a chart or above a column, where its name is too long or needs a word more.
    #[serde(skip)]
    pub label: Wording,
    /// How programs make it.
    #[serde(skip)]
    pub made: Made,
}

/// How programs make a figure of the funnel, in ids.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Made {
    /// As one module says it; the formula is for people only.
    Elsewhere,
    /// Counted; the ledger has it as the set of the same name.
    Set,
    /// Counted; the ledger has it as one set less another, which is a part of it.
    SetDifference {
        /// The larger set.
        whole: &'static str,
        /// Taken away.
        part: &'static str,
    },
    /// A count less others, which are parts of it.
    Difference {
        /// The larger count.
        whole: &'static str,
        /// Taken away.
        parts: &'static [&'static str],
    },
    /// A share; none where the base is 0.
    Ratio {
        /// Above the line.
        part: &'static str,
        /// Added up below the line.
        base: &'static [&'static str],
    },
}

/// Figures that are answered together.
#[derive(Debug)]
pub struct Group {
    /// For people.
    pub title: Wording,
    /// In reading order.
    pub metrics: &'static [Metric],
}

/// Every figure there is.
pub const GROUPS: [&Group; 4] = [&FUNNEL, &COHORTS, &MONEY, &AROUND];

/// A figure by its names and sentences, English first.
const fn metric(
    id: &'static str,
    formula: &'static str,
    unit: Unit,
    name: [&'static str; 2],
    description: [&'static str; 2],
) -> Metric {
    let [name_en, name_zh] = name;
    let [en, zh] = description;
    let basis = match unit {
        Unit::Persons | Unit::Ratio => Basis::Window,
        Unit::Money | Unit::Orders | Unit::Days => Basis::OrderDay,
        Unit::Payments => Basis::PaymentDay,
    };
    let name = Wording { en: name_en, zh: name_zh };
    Metric {
        id,
        name,
        formula,
        unit,
        basis,
        description: Wording { en, zh },
        label: name,
        made: Made::Elsewhere,
    }
}

impl Metric {
    /// The same figure on another basis than is usual for its unit.
    const fn on(mut self, basis: Basis) -> Metric {
        self.basis = basis;
        self
    }

    /// The same figure under another label than its name, English first.
    const fn labelled(mut self, label: [&'static str; 2]) -> Metric {
        let [en, zh] = label;
        self.label = Wording { en, zh };
        self
    }

    /// The same figure, which programs make so.
    const fn made(mut self, made: Made) -> Metric {
        self.made = made;
        self
    }
}

/// The counts and rates of the funnel (METRICS section 2), each one entry: `id [how it is made] { words }`,
/// English first. A macro that is handed to it makes of them what it needs.
///
/// - `[set, "formula"]`: counted; the ledger has it as the set of that name (`ledger::chain::Set`).
/// - `[set a - set b, "formula"]`: counted; the ledger has it as one set less another.
/// - `[a - b]`: a count less others.
/// - `[a / b]`, `[a / (b + c)]`: a rate.
macro_rules! funnel_figures {
    ($then:ident) => {
        $then! {
            counts {
                visitors [set, "effective + bounced + open"] {
                    name ["Visitors", "访客数"]
                    means [
                        concat!(
                            "Everybody who did something in the shop; a payment, refund or rating alone ",
                            "brings nobody."
                        ),
                        "窗口内到店的人数；只有付款、退款或评价的人不算到店。"
                    ]
                }
                bounced [visitors - effective - open] {
                    name ["Bounced", "跳失人数"]
                    means [
                        "Left after one page view and did nothing else.",
                        "只浏览一个页面就离开、没有其他动作的人数。"
                    ]
                }
                effective [set, "visitors - bounced - open"] {
                    name ["Effective visitors", "有效入店人数"]
                    label ["Effective", "有效入店人数"]
                    means [
                        "Had two page views on one day, or an inquiry, cart, favorite or order on any day.",
                        "同一天浏览两个及以上页面，或有咨询、加购、收藏、下单的人数。"
                    ]
                }
                open [set, "visitors - effective - bounced"] {
                    name ["Undecided", "待定人数"]
                    label ["Open", "待定"]
                    means [
                        "Had one page view today, less than 30 minutes ago, and may still become effective.",
                        "今天只浏览了一个页面、且不到 30 分钟、仍可能成为有效入店的人数。"
                    ]
                }
                inquirers [set, "effective - silent_visitors"] {
                    name ["Inquirers", "咨询人数（售前）"]
                    means [
                        concat!(
                            "Asked before their first order of the window; a question within 21 days after ",
                            "an order is after-sale unless the shop has set another number."
                        ),
                        "在窗口内首单之前咨询过的人数；下单后 21 天内（可按店铺设置）的咨询属于售后。"
                    ]
                }
                silent_visitors [effective - inquirers] {
                    name ["Silent visitors", "静默访客数"]
                    means [
                        "Effective visitors who never asked before buying.",
                        "有效入店但未作售前咨询的人数。"
                    ]
                }
                inquiry_buyers [set, "buyers - silent_buyers"] {
                    name ["Buyers who asked", "咨询下单人数"]
                    label ["Inquiry buyers", "咨询下单"]
                    means [
                        "Placed an order, and asked before their first one in the window.",
                        "下单、且在窗口内首单之前咨询过的人数。"
                    ]
                }
                silent_buyers [buyers - inquiry_buyers] {
                    name ["Silent buyers", "静默下单人数"]
                    label ["Silent buyers", "静默下单"]
                    means [
                        "Placed an order without asking before their first one in the window.",
                        "未经售前咨询而下单的人数。"
                    ]
                }
                buyers [set, "inquiry_buyers + silent_buyers"] {
                    name ["Buyers", "下单人数"]
                    means ["Placed an order, paid or not.", "窗口内下过单的人数，不论是否付款。"]
                }
                inquiry_payers [set, "payers - silent_payers"] {
                    name ["Payers who asked", "咨询成交人数"]
                    label ["Inquiry payers", "咨询成交"]
                    means [
                        "Buyers who asked and at least one of whose orders of the window has been paid.",
                        "咨询下单且窗口内至少一单已付款的人数。"
                    ]
                }
                silent_payers [payers - inquiry_payers] {
                    name ["Silent payers", "静默成交人数"]
                    label ["Silent payers", "静默成交"]
                    means [
                        "Silent buyers at least one of whose orders of the window has been paid.",
                        "静默下单且窗口内至少一单已付款的人数。"
                    ]
                }
                payers [set, "inquiry_payers + silent_payers"] {
                    name ["Payers", "成交人数"]
                    means [
                        concat!(
                            "Buyers at least one of whose orders of the window has been paid, whenever the ",
                            "payment came."
                        ),
                        "窗口内所下订单至少一单已付款的人数，不论何时付款。"
                    ]
                }
                after_sale_inquirers [
                    set inquired - set asked,
                    "persons with an inquiry - persons with a pre-sale inquiry"
                ] {
                    name ["After-sale inquirers", "售后咨询人数"]
                    means ["Asked, but only about what they had bought.", "只作过售后咨询的人数。"]
                }
            }
            rates {
                effective_entry_rate [effective / (effective + bounced)] {
                    name ["Effective entry rate", "有效入店率"]
                    label ["Effective entry", "有效入店率"]
                    means ["Share of the decided visitors who stayed.", "已有定论的访客中有效入店的占比。"]
                }
                bounce_rate [bounced / (effective + bounced)] {
                    name ["Bounce rate", "跳失率"]
                    label ["Bounce", "跳失率"]
                    means ["Share of the decided visitors who left at once.", "已有定论的访客中跳失的占比。"]
                }
                inquiry_rate [inquirers / visitors] {
                    name ["Inquiry rate", "咨询率"]
                    label ["Inquiry", "咨询率"]
                    means ["Share of the visitors who asked before buying.", "访客中售前咨询的占比。"]
                }
                inquiry_conversion_rate [inquiry_buyers / inquirers] {
                    name ["Inquiry conversion (placed)", "询单转化率（下单）"]
                    label ["Inquiry conversion", "询单转化率（下单）"]
                    means ["Share of the inquirers who then ordered.", "咨询者中随后下单的占比。"]
                }
                inquiry_paid_rate [inquiry_payers / inquirers] {
                    name ["Inquiry conversion (paid)", "询单转化率（付款）"]
                    label ["Inquiry paid", "询单转化率（付款）"]
                    means [
                        "Share of the inquirers who then ordered and paid.",
                        "咨询者中随后下单并付款的占比。"
                    ]
                }
                silent_conversion_rate [silent_buyers / silent_visitors] {
                    name ["Silent conversion (placed)", "静默转化率"]
                    label ["Silent conversion", "静默转化率"]
                    means ["Share of the silent visitors who ordered.", "静默访客中下单的占比。"]
                }
                silent_paid_rate [silent_payers / silent_visitors] {
                    name ["Silent conversion (paid)", "静默支付率"]
                    label ["Silent paid", "静默支付率"]
                    means [
                        "Share of the silent visitors who ordered and paid.",
                        "静默访客中下单并付款的占比。"
                    ]
                }
                silent_rate_all_visitors [silent_buyers / visitors] {
                    name ["Silent conversion of all visitors", "静默转化率（全部访客口径）"]
                    means ["Share of all visitors who ordered without asking.", "全部访客中静默下单的占比。"]
                }
                silent_share_of_buyers [silent_buyers / buyers] {
                    name ["Silent share of buyers", "静默占比"]
                    means ["Share of the buyers who did not ask.", "下单者中静默下单的占比。"]
                }
                payment_rate [payers / buyers] {
                    name ["Payment rate", "订单支付率"]
                    label ["Payment", "订单支付率"]
                    means ["Share of the buyers who paid, by persons.", "下单者中付款的占比（按人数）。"]
                }
                overall_conversion_rate [payers / visitors] {
                    name ["Overall conversion", "成交转化率"]
                    means ["Share of all visitors who ordered and paid.", "全部访客中下单并付款的占比。"]
                }
            }
        }
    };
}
pub(crate) use funnel_figures;

/// How an entry of the table is made, for people.
macro_rules! formula {
    ([set, $formula:literal]) => {
        $formula
    };
    ([set $whole:ident - set $part:ident, $formula:literal]) => {
        $formula
    };
    ([$whole:ident $(- $part:ident)+]) => {
        concat!(stringify!($whole) $(, " - ", stringify!($part))+)
    };
    ([$part:ident / $base:ident]) => {
        concat!(stringify!($part), " / ", stringify!($base))
    };
    ([$part:ident / ($first:ident $(+ $base:ident)+)]) => {
        concat!(stringify!($part), " / (", stringify!($first) $(, " + ", stringify!($base))+, ")")
    };
}

/// The same for programs.
macro_rules! made {
    ([set, $formula:literal]) => {
        Made::Set
    };
    ([set $whole:ident - set $part:ident, $formula:literal]) => {
        Made::SetDifference { whole: stringify!($whole), part: stringify!($part) }
    };
    ([$whole:ident $(- $part:ident)+]) => {
        Made::Difference { whole: stringify!($whole), parts: &[$(stringify!($part)),+] }
    };
    ([$part:ident / $base:ident]) => {
        made!([$part / ($base)])
    };
    ([$part:ident / ($first:ident $(+ $base:ident)*)]) => {
        Made::Ratio { part: stringify!($part), base: &[stringify!($first) $(, stringify!($base))*] }
    };
}

macro_rules! entry {
    ($id:ident $how:tt $unit:ident name $name:tt $(label $label:tt)? means $means:tt) => {
        metric(stringify!($id), formula!($how), Unit::$unit, $name, $means)
            .made(made!($how))
            $(.labelled($label))?
    };
}

macro_rules! metrics {
    (
        counts { $($count:ident $how:tt { $($words:tt)+ })+ }
        rates { $($rate:ident $ratio:tt { $($rate_words:tt)+ })+ }
    ) => {
        &[
            $(entry!($count $how Persons $($words)+),)+
            $(entry!($rate $ratio Ratio $($rate_words)+),)+
        ]
    };
}

/// METRICS section 2.
pub static FUNNEL: Group =
    Group { title: Wording { en: "The shop funnel", zh: "店铺漏斗" }, metrics: funnel_figures!(metrics) };

/// METRICS section 3. A day's inquirers are those of the window that is that day alone.
pub static COHORTS: Group = Group {
    title: Wording { en: "Inquiry cohorts", zh: "询单跟踪" },
    metrics: &[
        metric(
            "order_d0",
            "inquirers with an order after the inquiry on day D / inquirers of day D",
            Unit::Ratio,
            ["Ordered the same day", "当日下单率"],
            [
                "Share of a day's inquirers who ordered after asking on that day.",
                "当日咨询者中咨询后当日下单的占比。",
            ],
        )
        .on(Basis::InquiryDay)
        .labelled(["Ordered that day", "当日下单"])
        .made(Made::Ratio { part: "buyers_d0", base: &["inquirers"] }),
        metric(
            "order_final",
            "inquirers with an order after the inquiry by day D + final_days / inquirers of day D",
            Unit::Ratio,
            ["Ordered in the end", "最终下单率"],
            [
                "Share of a day's inquirers who ordered after asking, that day or on the next 3.",
                "当日咨询者中咨询后当日或之后 3 天内下单的占比。",
            ],
        )
        .on(Basis::InquiryDay)
        .labelled(["Ordered within 3 days", "之后 3 天内下单"])
        .made(Made::Ratio { part: "buyers_final", base: &["inquirers"] }),
        metric(
            "paid_d0",
            "inquirers with such an order paid on day D / inquirers of day D",
            Unit::Ratio,
            ["Paid the same day", "当日付款率"],
            [
                "Share of a day's inquirers one of whose orders after asking was paid on that day.",
                "当日咨询者中咨询后所下订单当日付款的占比。",
            ],
        )
        .on(Basis::InquiryDay)
        .labelled(["Paid that day", "当日付款"])
        .made(Made::Ratio { part: "payers_d0", base: &["inquirers"] }),
        metric(
            "paid_d1",
            "inquirers with such an order paid by day D + 1 / inquirers of day D",
            Unit::Ratio,
            ["Paid by the next day", "次日付款率"],
            [
                "Share of a day's inquirers one of whose orders after asking was paid that day or the next.",
                "当日咨询者中咨询后所下订单在次日之前（含次日）付款的占比。",
            ],
        )
        .on(Basis::InquiryDay)
        .labelled(["Paid by next day", "截至次日付款"])
        .made(Made::Ratio { part: "payers_d1", base: &["inquirers"] }),
        metric(
            "paid_final",
            "inquirers with such an order paid by day D + final_days / inquirers of day D",
            Unit::Ratio,
            ["Paid in the end", "最终付款率"],
            [
                "Share of a day's inquirers one of whose orders after asking was paid, that day or on the \
                next 3.",
                "当日咨询者中咨询后所下订单在当日或之后 3 天内付款的占比。",
            ],
        )
        .on(Basis::InquiryDay)
        .labelled(["Paid within 3 days", "之后 3 天内付款"])
        .made(Made::Ratio { part: "payers_final", base: &["inquirers"] }),
    ],
};

/// METRICS section 4, per currency.
pub static MONEY: Group = Group {
    title: Wording { en: "Money", zh: "金额" },
    metrics: &[
        metric(
            "ordered_amount",
            "inquiry_ordered_amount + silent_ordered_amount + unattributed_ordered_amount",
            Unit::Money,
            ["Ordered", "下单金额"],
            ["Worth of the orders placed, paid or not.", "窗口内所下订单的金额，不论是否付款。"],
        ),
        metric(
            "inquiry_ordered_amount",
            "ordered_amount of orders that a pre-sale inquiry precedes",
            Unit::Money,
            ["Ordered after asking", "咨询下单金额"],
            [
                "Worth of the orders whose visitor had asked before them in the window.",
                "下单前在窗口内咨询过的订单金额。",
            ],
        ),
        metric(
            "silent_ordered_amount",
            "ordered_amount of orders that no pre-sale inquiry precedes",
            Unit::Money,
            ["Ordered silently", "静默下单金额"],
            [
                "Worth of the orders whose visitor had not asked before them in the window.",
                "下单前未在窗口内咨询的订单金额。",
            ],
        ),
        metric(
            "unattributed_ordered_amount",
            "ordered_amount of orders without a known visitor",
            Unit::Money,
            ["Ordered, unattributed", "未归属下单金额"],
            ["Worth of the orders that no visitor could be named for.", "无法归属到访客的订单金额。"],
        ),
        metric(
            "paid_amount",
            "inquiry_paid_amount + silent_paid_amount + unattributed_paid_amount",
            Unit::Money,
            ["Paid", "成交金额"],
            [
                "What has been paid for the orders placed in the window, whenever it was paid.",
                "窗口内所下订单的付款金额，不论何时付款。",
            ],
        ),
        metric(
            "inquiry_paid_amount",
            "paid_amount of orders that a pre-sale inquiry precedes",
            Unit::Money,
            ["Paid after asking", "咨询成交金额"],
            [
                "What has been paid for orders whose visitor had asked before them in the window.",
                "下单前在窗口内咨询过的订单的付款金额。",
            ],
        ),
        metric(
            "silent_paid_amount",
            "paid_amount of orders that no pre-sale inquiry precedes",
            Unit::Money,
            ["Paid silently", "静默成交金额"],
            [
                "What has been paid for orders whose visitor had not asked before them in the window.",
                "下单前未在窗口内咨询的订单的付款金额。",
            ],
        ),
        metric(
            "unattributed_paid_amount",
            "paid_amount of orders without a known visitor",
            Unit::Money,
            ["Paid, unattributed", "未归属成交金额"],
            [
                "What has been paid for orders that no visitor could be named for.",
                "无法归属到访客的订单的付款金额。",
            ],
        ),
        metric(
            "refunded_amount",
            "inquiry_refunded_amount + silent_refunded_amount + unattributed_refunded_amount",
            Unit::Money,
            ["Refunded", "退款金额"],
            [
                "What has been given back for the orders placed in the window, whenever it was.",
                "窗口内所下订单的退款金额，不论何时退款。",
            ],
        ),
        metric(
            "inquiry_refunded_amount",
            "refunded_amount of orders that a pre-sale inquiry precedes",
            Unit::Money,
            ["Refunded after asking", "咨询退款金额"],
            [
                "What has been given back for orders whose visitor had asked before them in the window.",
                "下单前在窗口内咨询过的订单的退款金额。",
            ],
        ),
        metric(
            "silent_refunded_amount",
            "refunded_amount of orders that no pre-sale inquiry precedes",
            Unit::Money,
            ["Refunded silently", "静默退款金额"],
            [
                "What has been given back for orders whose visitor had not asked before them in the window.",
                "下单前未在窗口内咨询的订单的退款金额。",
            ],
        ),
        metric(
            "unattributed_refunded_amount",
            "refunded_amount of orders without a known visitor",
            Unit::Money,
            ["Refunded, unattributed", "未归属退款金额"],
            [
                "What has been given back for orders that no visitor could be named for.",
                "无法归属到访客的订单的退款金额。",
            ],
        ),
        metric(
            "net_amount",
            "paid_amount - refunded_amount",
            Unit::Money,
            ["Net", "净成交金额"],
            ["What remains of the payments after refunds.", "付款扣除退款后的金额。"],
        ),
        metric(
            "inquiry_net_amount",
            "inquiry_paid_amount - inquiry_refunded_amount",
            Unit::Money,
            ["Net after asking", "咨询净成交金额"],
            [
                "What remains, after refunds, of orders whose visitor had asked before them in the window.",
                "下单前在窗口内咨询过的订单扣除退款后的金额。",
            ],
        ),
        metric(
            "silent_net_amount",
            "silent_paid_amount - silent_refunded_amount",
            Unit::Money,
            ["Net silently", "静默净成交金额"],
            [
                "What remains, after refunds, of orders whose visitor had not asked before them in the \
                window.",
                "下单前未在窗口内咨询的订单扣除退款后的金额。",
            ],
        ),
        metric(
            "unattributed_net_amount",
            "unattributed_paid_amount - unattributed_refunded_amount",
            Unit::Money,
            ["Net, unattributed", "未归属净成交金额"],
            [
                "What remains, after refunds, of orders that no visitor could be named for.",
                "无法归属到访客的订单扣除退款后的金额。",
            ],
        ),
        metric(
            "unverified_paid_amount",
            "the part of paid_amount whose payment or amount no verified event tells",
            Unit::Money,
            ["Paid, unverified", "未核实成交金额"],
            [
                concat!(
                    "What only pages told of, which anybody can send: set payments = \"server\" and send ",
                    "orders and payments from the shop's server.",
                ),
                "仅由网页上报、任何人都可能伪造的付款；请从店铺服务器发送订单与付款，并设置 payments = \"server\"。",
            ],
        ),
        metric(
            "cost_amount",
            "cost, or the sum of the lines' costs, of paid orders that tell it",
            Unit::Money,
            ["Cost of goods", "商品成本"],
            ["What the goods of the paid orders cost the shop.", "已付款订单的商品成本。"],
        ),
        metric(
            "gross_profit",
            "net_amount - cost_amount - shipping - tax, of paid orders that tell their cost",
            Unit::Money,
            ["Gross profit", "毛利"],
            [
                "What is left of the orders that tell their cost, without cost, shipping and tax.",
                "已提供成本的订单，其净额扣除成本、运费与税费后的余额。",
            ],
        ),
        metric(
            "orders_without_cost",
            "paid orders that tell no cost",
            Unit::Orders,
            ["Orders without cost", "缺成本订单数"],
            [
                "Paid orders that are in no profit, because their cost is unknown.",
                "成本未知、未计入毛利的已付款订单数。",
            ],
        ),
        metric(
            "received_amount",
            "sum of the payments made on the days",
            Unit::Money,
            ["Received", "实收金额"],
            [
                "The cash view: what was paid on these days, whenever it was ordered.",
                "现金口径：这些天内收到的付款，不论何时下单。",
            ],
        )
        .on(Basis::PaymentDay)
        .labelled(["Received in these days", "实收金额（按付款日）"]),
        metric(
            "orders",
            "orders placed, unattributed ones included",
            Unit::Orders,
            ["Orders", "订单数"],
            [
                "Number of orders placed, also of those that no visitor could be named for.",
                "窗口内所下订单数，含无法归属到访客的订单。",
            ],
        ),
        metric(
            "unattributed_orders",
            "orders placed without a known visitor",
            Unit::Orders,
            ["Unattributed orders", "未归属订单数"],
            [
                "Number of the orders placed that no visitor could be named for.",
                "窗口内所下订单中无法归属到访客的订单数。",
            ],
        ),
        metric(
            "paid_orders",
            "orders placed that have been paid",
            Unit::Orders,
            ["Paid orders", "成交订单数"],
            [
                "Number of the orders placed that have been paid, whenever.",
                "窗口内所下订单中已付款的订单数，不论何时付款。",
            ],
        ),
        metric(
            "avg_revenue_per_buyer",
            "(inquiry_paid_amount + silent_paid_amount) / payers who paid in the currency",
            Unit::Money,
            ["Revenue per payer", "客单价"],
            [
                "What one payer paid on average; unattributed money has no payer and is left out.",
                "平均每位成交者的付款金额；未归属金额没有成交者，不计入。",
            ],
        ),
        metric(
            "avg_order_value",
            "paid_amount / paid_orders",
            Unit::Money,
            ["Order value", "笔单价"],
            ["What was paid for one paid order on average.", "平均每笔成交订单的付款金额。"],
        ),
        metric(
            "inquiry_avg_order_value",
            "inquiry_paid_amount / paid orders that a pre-sale inquiry precedes",
            Unit::Money,
            ["Order value after asking", "咨询笔单价"],
            [
                "What was paid on average for one paid order whose visitor had asked before it.",
                "下单前咨询过的成交订单的平均付款金额。",
            ],
        ),
        metric(
            "silent_avg_order_value",
            "silent_paid_amount / paid orders that no pre-sale inquiry precedes",
            Unit::Money,
            ["Order value of the silent", "静默笔单价"],
            [
                "What was paid on average for one paid order whose visitor had not asked before it.",
                "下单前未咨询的成交订单的平均付款金额。",
            ],
        ),
        metric(
            "revenue_per_visitor",
            "(inquiry_paid_amount + silent_paid_amount) / visitors",
            Unit::Money,
            ["Revenue per visitor", "UV 价值"],
            [
                "What one visitor brought on average; unattributed money has no visitor and is left out.",
                "平均每位访客带来的付款金额；未归属金额没有访客，不计入。",
            ],
        ),
        metric(
            "waiting_payments",
            "payments whose order has not been seen",
            Unit::Payments,
            ["Payments that wait", "待匹配付款"],
            [
                "Payments that name an order which never arrived; send the order and they count.",
                "所指订单尚未收到的付款；补发订单后即计入。",
            ],
        ),
    ],
};

/// METRICS section 5, as far as it is answered.
pub static AROUND: Group = Group {
    title: Wording { en: "Around the funnel", zh: "漏斗之外" },
    metrics: &[
        metric(
            "repeat_buyer_rate",
            "payers with two or more paid orders in the window / payers",
            Unit::Ratio,
            ["Repeat buyers", "复购率"],
            [
                "Share of the payers who paid two or more orders of the window.",
                "成交者中窗口内有两单及以上付款的占比。",
            ],
        )
        .labelled(["Repeat rate", "复购率"]),
        metric(
            "old_buyer_share",
            "payers who also paid in the 365 days before the window / payers",
            Unit::Ratio,
            ["Old buyers", "老客占比"],
            [
                "Share of the payers who had paid before, in the 365 days before the window.",
                "成交者中窗口前 365 天内付过款的占比。",
            ],
        )
        .labelled(["Paid in the year before", "老客占比"]),
        metric(
            "days_to_order",
            "order placed - first visit after the previous order, at most 30 days before",
            Unit::Days,
            ["Days to order", "下单周期"],
            [
                "Time from the first visit to the order, per order with such a visit, as median and mean.",
                "从首次访问到下单的时长，按有此访问的订单计，给出中位数与平均数。",
            ],
        ),
        metric(
            "days_to_payment",
            "order paid - first visit after the previous order, at most 30 days before the order",
            Unit::Days,
            ["Days to payment", "成交周期"],
            [
                "Time from the first visit to the payment, per paid order with such a visit, as median and \
                mean.",
                "从首次访问到付款的时长，按有此访问的成交订单计，给出中位数与平均数。",
            ],
        ),
        metric(
            "cookieless_share",
            "visitors known by a same-day id only / visitors",
            Unit::Ratio,
            ["Cookieless share", "无标识访客占比"],
            [
                "Share of the visitors who sent no id, so that each of their days counts as another person.",
                "未带访客标识的占比；这些人每天都算作不同的人。",
            ],
        ),
    ],
};

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;

    fn all() -> impl Iterator<Item = &'static Metric> {
        GROUPS.iter().flat_map(|group| group.metrics)
    }

    #[test]
    fn an_id_and_a_name_stand_for_one_figure() {
        let mut seen = HashSet::new();
        for metric in all() {
            assert!(seen.insert(metric.id) && seen.insert(metric.name.en), "{}", metric.id);
            assert!(seen.insert(metric.name.zh), "{}", metric.name.zh);
            assert!(
                metric.id.bytes().all(|b| matches!(b, b'a'..=b'z' | b'0'..=b'9' | b'_')),
                "{}",
                metric.id
            );
        }
    }

    #[test]
    fn a_formula_names_no_figure_that_does_not_exist() {
        let ids: HashSet<&str> = all().map(|metric| metric.id).chain(["final_days"]).collect();
        for metric in all() {
            let is_word = |c: char| c.is_ascii_alphanumeric() || c == '_';
            let words = metric.formula.split(|c| !is_word(c)).filter(|word| word.contains('_'));
            for word in words {
                assert!(ids.contains(word), "{}: {word}", metric.id);
            }
            assert!(!metric.formula.contains('|') && metric.formula.is_ascii(), "{}", metric.id);
        }
    }

    #[test]
    fn a_description_is_one_sentence_in_either_language() {
        for Metric { id, description: Wording { en, zh }, .. } in all() {
            assert!(en.ends_with('.') && en.matches(". ").count() == 0 && en.len() < 170, "{id}: {en}");
            assert!(zh.ends_with('。') && zh.matches('。').count() == 1, "{id}: {zh}");
            assert!(!en.contains("  ") && zh.chars().any(|c| c > '\u{4e00}'), "{id}");
        }
    }
}
