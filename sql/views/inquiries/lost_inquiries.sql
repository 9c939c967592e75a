-- Who asked in a window and has not bought since, page by page: for calling back.
--
-- A visitor is lost when none of their orders, until now, follows their last pre-sale inquiry of the window.
-- As an inquiry within `after_sale_days` of an order is after-sale, these inquiries are the ones on days
-- later than that after the visitor's last order. Of a conversation the first inquiry of a day counts, for
-- the visitor whom the conversation's earliest event names, verified first (`ledger/conversation` has the
-- same rule). How it stays bounded: of `event_log` only the months of the window are read, and of these only
-- inquiries, and by the key the events that name whose conversations are; of `conversation_events` the shop's.
-- Rows keep their places while the list is paged: what arrived since the first page moves nobody who was in it.
-- Parameters
--   shop             slug
--   from, to         Date, first and last day of the window, both included, days of the shop
--   after_sale_days  UInt16, days after an order on which an inquiry is after-sale
--   agents, channels Array(String), of which the last inquiry must have one, '' for none; empty for any
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
--   agent, channel   Nullable(String), of the last one; where it names no agent, who of the shop first replied
--                    in its conversation
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
    -- Whose conversations are that somebody asked in.
    talks AS
    (
        WITH conversation_events.received_at < {as_of:DateTime64(3, 'UTC')} AS is_known
        SELECT
            conversation,
            argMinIf((visitor, cookieless, at, id), (NOT verified, at, UUIDToNum(id)), visitor != 0)
                ::Tuple(person UInt64, cookieless Bool, at DateTime64(3, 'UTC'), id UUID) AS named,
            argMinIf(agent, (at, UUIDToNum(id)), kind = 'reply' AND by = 'person') AS answerer,
            -- The same of what arrived before the first page.
            argMinIf((visitor, cookieless, at, id), (NOT verified, at, UUIDToNum(id)),
                visitor != 0 AND is_known)
                ::Tuple(person UInt64, cookieless Bool, at DateTime64(3, 'UTC'), id UUID) AS known_named,
            argMinIf(agent, (at, UUIDToNum(id)), kind = 'reply' AND by = 'person' AND is_known)
                AS known_answerer
        FROM conversation_events
        WHERE shop = {shop:String} AND conversation IN
        (
            SELECT conversation FROM conversation_events
            WHERE shop = {shop:String} AND kind = 'inquiry' AND day BETWEEN {from:Date} AND {to:Date}
        )
        GROUP BY conversation
        HAVING named.person != 0
    ),
    -- Of each conversation and day the first inquiry, and the first of those from before the first page.
    firsts AS
    (
        SELECT conversation, day, is_of_page, first::Tuple(at DateTime64(3, 'UTC'), id UUID, verified Bool,
            agent String, channel String, topic String) AS inquiry
        FROM
        (
            SELECT
                conversation,
                day,
                argMin((at, id, verified, agent, channel, topic), (at, UUIDToNum(id), NOT verified))
                    AS of_all,
                argMinIf((at, id, verified, agent, channel, topic), (at, UUIDToNum(id), NOT verified),
                    conversation_events.received_at < {as_of:DateTime64(3, 'UTC')}) AS of_page,
                min(conversation_events.received_at) < {as_of:DateTime64(3, 'UTC')} AS has_page
            FROM conversation_events
            WHERE shop = {shop:String} AND kind = 'inquiry' AND day BETWEEN {from:Date} AND {to:Date}
            GROUP BY conversation, day
        )
        ARRAY JOIN if(has_page, [of_all, of_page], [of_all]) AS first, if(has_page, [0, 1], [0]) AS is_of_page
        WHERE inquiry.topic != 'after_sale'
    ),
    asked AS
    (
        SELECT
            person,
            max(inquiries.visitor) AS visitor,
            minOrNullIf(inquiry.1, is_of_page = 1) AS first_known_at,
            -- Of an event told by page and server the server's counts.
            maxIf(inquiry, is_of_page = 1) AS last_known,
            minIf(inquiry.1, is_of_page = 0) AS first_at,
            maxIf(inquiry, is_of_page = 0) AS last
        -- Each that counts, and once more if it arrived before the first page.
        FROM
        (
            SELECT
                sipHash64(event_log.visitor) AS person,
                event_log.visitor AS visitor,
                day,
                is_of_page,
                (at, UUIDToNum(id), verified, agent, channel, cookieless, [agent]) AS inquiry
            FROM event_log
            ARRAY JOIN if(event_log.received_at < {as_of:DateTime64(3, 'UTC')}, [0, 1], [0]) AS is_of_page
            WHERE shop = {shop:String} AND kind = 'inquiry' AND topic != 'after_sale' AND NOT bot
                AND conversation = ''
                AND day BETWEEN {from:Date} AND {to:Date}
                -- The key of `event_log` is of UTC, whose days overlap the shop's.
                AND at >= toDateTime64({from:Date} - 1, 3, 'UTC')
                AND at < toDateTime64({to:Date} + 2, 3, 'UTC')
            UNION ALL
            SELECT
                whose.person,
                '',
                day,
                is_of_page,
                (inquiry.at, UUIDToNum(inquiry.id), inquiry.verified,
                    if(inquiry.agent = '', replier, inquiry.agent),
                    inquiry.channel, whose.cookieless, [inquiry.agent, replier])
            FROM
            (
                SELECT
                    day,
                    is_of_page,
                    inquiry,
                    if(is_of_page = 1, known_named, named) AS whose,
                    if(is_of_page = 1, known_answerer, answerer) AS replier
                FROM firsts
                INNER JOIN talks USING (conversation)
            )
            WHERE whose.person != 0
        ) AS inquiries
        LEFT JOIN bought ON bought.visitor = inquiries.person
        -- Who never ordered has a last order in 1970.
        WHERE day > last_day + {after_sale_days:UInt16}
        GROUP BY person
    ),
    -- Who is named in conversations only, by their names.
    names AS
    (
        SELECT DISTINCT sipHash64(event_log.visitor) AS person, event_log.visitor AS name
        FROM event_log
        WHERE shop = {shop:String} AND event_log.visitor != ''
            AND (at, id) IN
            (
                SELECT arrayJoin([(named.at, named.id), (known_named.at, known_named.id)]) FROM talks
            )
    ),
    lost AS
    (
        SELECT
            person,
            if(asked.visitor = '', names.name, asked.visitor) AS visitor,
            ifNull(first_known_at, first_at) AS first_asked_at,
            if(first_known_at IS NULL, last, last_known)
                ::Tuple(at DateTime64(3, 'UTC'), id FixedString(16), verified Bool,
                    agent String, channel String, cookieless Bool, agents Array(String)) AS inquiry,
            arrayFilter(named -> named != '', inquiry.agents) AS agents,
            inquiry.at AS last_asked_at,
            inquiry.agent AS agent,
            inquiry.channel AS channel,
            inquiry.cookieless AS is_cookieless
        FROM asked
        LEFT JOIN names ON names.person = asked.person
        WHERE (empty({agents:Array(String)})
                OR hasAny({agents:Array(String)}, if(empty(agents), [''], agents)))
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
