-- Everything said in the conversations in which the visitors to work on wrote.
--
-- Row shape: one row per event, the columns of `conversation_events`
SELECT
    shop, conversation, toUnixTimestamp64Milli(at) AS at_ms, id, toUInt16(day) AS day, visitor, cookieless, verified,
    kind = 'inquiry' AS is_inquiry, by = 'person' AS is_by_person, topic = 'after_sale' AS is_after_sale,
    toString(agent) AS agent, toString(channel) AS channel
FROM conversation_events
WHERE (shop, conversation) IN
(
    SELECT shop, conversation
    FROM relations
    WHERE conversation != 0 AND (shop, name) IN (SELECT shop, visitor FROM ledger_visitors)
)
