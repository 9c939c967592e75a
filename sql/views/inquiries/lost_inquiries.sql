-- Who asked in a window and has not bought since, page by page: for calling back.
--
-- A visitor is lost when none of their orders, until now, follows their last pre-sale inquiry of the window.
-- As an inquiry within
-- `after_sale_days` of an order is after-sale, these inquiries are the ones on days later than that after the
-- visitor's last order. How it stays bounded: of `event_log` only the months of the window are read, and of
-- these only inquiries. Rows keep their places while the list is paged: inquiries that arrived since the
-- first page move nobody who was in it.
-- Parameters
--   shop             slug
--   from, to         Date, first and last day of the window, both included, days of the shop
--   after_sale_days  UInt16, days after an order on which an inquiry is after-sale
--   agents, channels Array(String), of which the last inquiry must name one, '' for none named; empty for any
--   as_of            DateTime64(3, 'UTC'), when the first page was asked for
--   after_at, after_person  DateTime64(3, 'UTC') and UInt64 of the last row of the page before; for the
--                           first page a moment
--                    after all and 0
--   limit            UInt32, rows of the page
-- Row shape: one row per visitor, most recent last inquiry first
--   lost_inquiries   UInt64, all visitors of the list, those of other pages included
--   is_next          of this page; rows that are not come last, so that the count is told on a page without
--                    rows of its own
--   person           UInt64, sipHash64 of the visitor, which orders inquiries of one moment
--   visitor          as it was sent, or as it was made for a cookieless one
--   is_cookieless    a same-day id
--   first_asked_at, last_asked_at  DateTime64(3, 'UTC'), of the pre-sale inquiries of the window that no
--                                  order followed
--   agent, channel   Nullable(String), of the last one
-- Example
--   SELECT * FROM lost_inquiries(shop = 'demo', from = '2026-11-01', to = '2026-11-30', after_sale_days = 21,
--                                agents = ['mei'], channels = [], as_of = '2026-11-22 08:00:00.000',
--                                after_at = '2199-12-31 00:00:00.000', after_person = 0, limit = 100)
CREATE OR REPLACE VIEW lost_inquiries AS
WITH
    bought AS
    (
        SELECT visitor, max(placed_day) AS last_day
        FROM order_facts FINAL
        WHERE shop = {shop:String} AND is_placed AND visitor != 0
        GROUP BY visitor
    ),
    asked AS
    (
        SELECT
            sipHash64(event_log.visitor) AS person,
            any(event_log.visitor) AS visitor,
            minOrNullIf(at, event_log.received_at < {as_of:DateTime64(3, 'UTC')}) AS first_known_at,
            -- Of an event told by page and server the server's counts.
            maxIf((at, UUIDToNum(id), verified, agent, channel, cookieless), event_log.received_at < {as_of:DateTime64(3, 'UTC')}) AS last_known,
            min(at) AS first_at,
            max((at, UUIDToNum(id), verified, agent, channel, cookieless)) AS last
        FROM event_log
        LEFT JOIN bought ON bought.visitor = sipHash64(event_log.visitor)
        WHERE shop = {shop:String} AND kind = 'inquiry' AND topic != 'after_sale' AND NOT bot
            AND day BETWEEN {from:Date} AND {to:Date}
            -- The key of `event_log` is of UTC, whose days overlap the shop's.
            AND at >= toDateTime64({from:Date} - 1, 3, 'UTC') AND at < toDateTime64({to:Date} + 2, 3, 'UTC')
            -- Who never ordered has a last order in 1970.
            AND day > last_day + {after_sale_days:UInt16}
        GROUP BY person
    ),
    lost AS
    (
        SELECT
            person,
            visitor,
            ifNull(first_known_at, first_at) AS first_asked_at,
            if(first_known_at IS NULL, last, last_known)
                ::Tuple(at DateTime64(3, 'UTC'), id FixedString(16), verified Bool,
                    agent String, channel String, cookieless Bool) AS inquiry,
            inquiry.at AS last_asked_at,
            inquiry.agent AS agent,
            inquiry.channel AS channel,
            inquiry.cookieless AS is_cookieless
        FROM asked
        WHERE (empty({agents:Array(String)}) OR has({agents:Array(String)}, agent))
            AND (empty({channels:Array(String)}) OR has({channels:Array(String)}, channel))
    )
SELECT
    count() OVER () AS lost_inquiries,
    (last_asked_at < {after_at:DateTime64(3, 'UTC')}
        OR (last_asked_at = {after_at:DateTime64(3, 'UTC')} AND person > {after_person:UInt64}))::Bool AS is_next,
    person,
    visitor,
    is_cookieless,
    first_asked_at,
    last_asked_at,
    nullIf(agent, '') AS agent,
    nullIf(channel, '') AS channel
FROM lost
ORDER BY is_next DESC, last_asked_at DESC, person
LIMIT {limit:UInt32}
