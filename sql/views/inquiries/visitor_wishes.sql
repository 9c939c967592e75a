-- What given visitors wished for in a window: the last product they named, the last amount they told.
--
-- How it stays bounded: the index `by_visitor` finds the visitors' rows among those of the shop.
-- Parameters
--   shop      slug
--   from, to  Date, first and last day of the window, both included, days of the shop
--   visitors  Array(String), ids as they were sent, or as they were made for cookieless ones
-- Row shape: one row per visitor who has either
--   visitor           as in the list
--   product           Nullable(String), named last, by an event of any kind
--   amount, currency  Nullable(Decimal(18, 4)), Nullable(String): of the latest inquiry, cart or favorite
--                     event that tells an amount
-- Example
--   SELECT * FROM visitor_wishes(shop = 'demo', from = '2026-11-01', to = '2026-11-30', visitors = ['v-1',
--     'v-2'])
CREATE OR REPLACE VIEW visitor_wishes AS
SELECT
    visitor,
    argMaxOrNullIf(events.product, (at, UUIDToNum(id), verified), events.product != '') AS product,
    argMaxOrNullIf(events.amount, (at, UUIDToNum(id), verified), tells) AS amount,
    argMaxOrNullIf(toString(events.currency), (at, UUIDToNum(id), verified), tells) AS currency
FROM
(
    SELECT visitor, at, id, verified, product, amount, currency,
        kind IN ('inquiry', 'cart', 'favorite') AND event_log.amount IS NOT NULL AS tells
    FROM event_log
    WHERE shop = {shop:String} AND visitor IN {visitors:Array(String)} AND NOT bot
        AND day BETWEEN {from:Date} AND {to:Date}
        -- The key of `event_log` is of UTC, whose days overlap the shop's.
        AND at >= toDateTime64({from:Date} - 1, 3, 'UTC') AND at < toDateTime64({to:Date} + 2, 3, 'UTC')
) AS events
WHERE tells OR events.product != ''
GROUP BY visitor
