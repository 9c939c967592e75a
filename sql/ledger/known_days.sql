-- What the upkeep found before of the days of the visitors to work on.
--
-- Row shape: one row per visitor and day, the columns of `day_facts`, ordered by shop, visitor and day;
-- `values` in the order of `Dimension::ALL`
SELECT
    shop, visitor, toUInt16(day) AS day, marks, toUnixTimestamp64Milli(open_until) AS open_until_ms,
    [
-- list: dimension
        $array
    ] AS values,
    arrayMap(m -> (m.currency, m.ordered, m.paid, m.refunded, m.orders, m.paid_orders, m.refunded_orders), money) AS money,
    arrayMap(m -> (m.unverified, m.cost, m.profit, m.costed_orders, m.uncosted_orders), more_money) AS more_money
FROM day_facts FINAL
-- The visitors by themselves are found quicker than with their shops.
WHERE visitor IN (SELECT visitor FROM ledger_visitors) AND (shop, visitor) IN ledger_visitors AND NOT is_deleted
ORDER BY shop, visitor, day_facts.day
-- Sound here: the key alone decides what is read, so every version of a row is, and the key holds the
-- partition's day.
SETTINGS optimize_move_to_prewhere_if_final = 1, do_not_merge_across_partitions_select_final = 1
