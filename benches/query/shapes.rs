//! The same funnel as others count it, on the same rows.

/// What is asked of a window.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Of {
    Total,
    Days,
    Sources,
}

/// A way to count a funnel.
pub struct Shape {
    pub name: &'static str,
    /// A statement over `{from:Date}` to `{to:Date}` of `{shop:String}`. What stands in `[brackets]` depends
    /// on what is asked.
    text: &'static str,
    /// The source of a visitor, out of what they did.
    source: &'static str,
}

impl Shape {
    pub fn sql(&self, of: Of) -> String {
        let [key, column, found, group] = match of {
            Of::Total => [""; 4].map(str::to_owned),
            Of::Days => [", day"; 4].map(str::to_owned),
            Of::Sources => ["", ", source", &format!(", {} AS of", self.source), ", of"].map(str::to_owned),
        };
        self.text
            .replace("[key]", &key)
            .replace("[column]", &column)
            .replace("[found]", &found)
            .replace("[group]", &group)
    }
}

const FIRST_SOURCE: &str = "anyIf(source, source != '')";

pub const WINDOW_FUNNEL: Shape = Shape {
    name: "`windowFunnel` over raw events",
    // Plausible: one pass per visitor over their events in order.
    text: "SELECT step[group], count() FROM (
            SELECT visitor[found],
              windowFunnel(2592000)(toDateTime(at), kind = 'visit', kind = 'inquiry', kind = 'order', kind = 'payment') AS step
            FROM event_log WHERE shop = {shop:String} AND at >= {from:Date} AND at < {to:Date} + 1 AND visitor != ''
            GROUP BY visitor[key])
          GROUP BY step[group]",
    source: FIRST_SOURCE,
};

pub const OTHERS: [Shape; 5] = [
    Shape {
        name: "window functions over raw events",
        // PostHog: for each event the next one of each later step.
        text: "SELECT steps[group], count() FROM (
                SELECT visitor[found], max(step) AS steps FROM (
                  SELECT visitor[column], multiIf(l0 IS NULL, 0, l1 IS NULL OR l1 < l0, 1, l2 IS NULL OR l2 < l1, 2, l3 IS NULL OR l3 < l2, 3, 4) AS step
                  FROM (
                    SELECT visitor[column], at, l0, l1, l2, min(l3) OVER (PARTITION BY visitor[key] ORDER BY at DESC ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW) AS l3
                    FROM (
                      SELECT visitor[column], at, l0, l1, if(l3 < l2, NULL, l3) AS l3, min(l2) OVER (PARTITION BY visitor[key] ORDER BY at DESC ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW) AS l2
                      FROM (
                        SELECT visitor[column], at, l0, if(l2 < l1, NULL, l2) AS l2, l3, min(l1) OVER (PARTITION BY visitor[key] ORDER BY at DESC ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW) AS l1
                        FROM (
                          SELECT visitor[column], at, if(kind = 'visit', at, NULL) AS l0, if(kind = 'inquiry', at, NULL) AS l1,
                            if(kind = 'order', at, NULL) AS l2, if(kind = 'payment', at, NULL) AS l3
                          FROM event_log
                          WHERE shop = {shop:String} AND at >= {from:Date} AND at < {to:Date} + 1 AND visitor != ''
                            AND kind IN ('visit', 'inquiry', 'order', 'payment'))))) WHERE l0 IS NOT NULL)
                GROUP BY visitor[key])
              GROUP BY steps[group]",
        source: FIRST_SOURCE,
    },
    Shape {
        name: "flags of each visitor over raw events",
        text: "SELECT count(), countIf(views > 1 OR did), countIf(asked), countIf(ordered)[group] FROM (
                SELECT visitor[found], countIf(kind = 'visit') AS views, max(kind IN ('inquiry', 'cart', 'favorite', 'order')) AS did,
                  max(kind = 'inquiry') AS asked, max(kind = 'order') AS ordered
                FROM event_log WHERE shop = {shop:String} AND at >= {from:Date} AND at < {to:Date} + 1 AND visitor != ''
                GROUP BY visitor[key])
              GROUP BY ALL",
        source: FIRST_SOURCE,
    },
    Shape {
        name: "`visitor_days`, in key order",
        text: "SELECT count(), countIf(bitAnd(did, 28) != 0 OR views), countIf(bitAnd(did, 4) != 0)[group] FROM (
                SELECT visitor[found], groupBitOr(kinds) AS did, max(view_min < view_max) AS views
                FROM visitor_activity WHERE shop = {shop:String} AND day BETWEEN {from:Date} AND {to:Date}
                GROUP BY visitor[key])
              GROUP BY ALL
              SETTINGS optimize_aggregation_in_order = 1",
        source: "max(last_touch).2",
    },
    Shape {
        name: "`day_facts`, in key order",
        text: "SELECT count(), countIf(bitAnd(did, 1) != 0), countIf(bitAnd(did, 4) != 0), countIf(bitAnd(did, 8) != 0)[group] FROM (
                SELECT visitor[found], groupBitOr(marks) AS did
                FROM day_facts FINAL WHERE shop = {shop:String} AND day BETWEEN {from:Date} AND {to:Date} AND NOT is_deleted
                GROUP BY visitor[key])
              GROUP BY ALL
              SETTINGS optimize_aggregation_in_order = 1",
        source: "any(source)",
    },
    Shape {
        name: "the day ledger",
        text: include_str!("../../sql/views/parts/ledger_counts.sql"),
        source: "",
    },
];

/// What the API must answer: visitors, effective and buyers of the window, found as METRICS says, from raw
/// events alone.
pub const EXACT: &str = "SELECT count(), countIf(effective), countIf(bought) FROM (
      SELECT visitor, max(effective) AS effective, max(bought) AS bought FROM (DAYS) GROUP BY visitor)";

/// The same of each day.
pub const EXACT_DAYS: &str =
    "SELECT count(), countIf(effective), countIf(bought) FROM (DAYS) GROUP BY day ORDER BY day";

/// `DAYS` of the two above: one row per visitor and day. An order is placed once, at its earliest time.
pub const VISITOR_DAYS: &str = "
    SELECT visitor, day, minIf(id, kind = 'visit') != maxIf(id, kind = 'visit') OR max(kind != 'visit') AS effective, max(kind = 'order') AS bought
    FROM (
      SELECT visitor, day, sipHash64(id) AS id, kind FROM event_log
      WHERE shop = {shop:String} AND day BETWEEN {from:Date} AND {to:Date} AND visitor != '' AND kind IN ('visit', 'inquiry', 'cart', 'favorite')
      UNION ALL
      SELECT argMin(events.visitor, at) AS visitor, argMin(events.day, at) AS day, 0 AS id, 'order' AS kind
      FROM event_log WHERE shop = {shop:String} AND events.kind = 'order' GROUP BY order_id HAVING day BETWEEN {from:Date} AND {to:Date})
    GROUP BY visitor, day";
