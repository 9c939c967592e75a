-- What the upkeep of the ledger has written down of one visitor, and what of it holds now.
--
-- Parameters
--   shop  slug
--   hash  UInt64, sipHash64 of the visitor's id
-- Row shape: exactly one row
--   rows    UInt64, 0 when nothing is written down
--   days    Array(UInt16), days since 1970-01-01 that hold
--   orders  Array(String), orders that are the visitor's
-- Example
--   SELECT * FROM visitor_kept(shop = 'demo', hash = 4711)
CREATE OR REPLACE VIEW visitor_kept AS
SELECT
    (
        SELECT count()
        FROM
        (
            SELECT DISTINCT toString(day) FROM day_facts WHERE shop = {shop:String} AND visitor = {hash:UInt64}
            UNION ALL
            SELECT DISTINCT order_id FROM order_facts WHERE shop = {shop:String} AND visitor = {hash:UInt64}
            UNION ALL
            SELECT DISTINCT order_id FROM relations WHERE shop = {shop:String} AND (name = {hash:UInt64} OR visitor = {hash:UInt64})
        )
    ) AS rows,
    (
        SELECT groupUniqArray(toUInt16(day))
        FROM day_facts FINAL
        WHERE shop = {shop:String} AND visitor = {hash:UInt64} AND NOT is_deleted
    ) AS days,
    (
        SELECT groupUniqArray(order_id)
        FROM order_facts FINAL
        WHERE shop = {shop:String} AND visitor = {hash:UInt64} AND is_placed
    ) AS orders
