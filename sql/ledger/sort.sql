-- Queues a range of slots of parts of the queue once more, each change once, in a part of its own.
--
-- Parameters
--   parts        Array(String), parts of the queue
--   first, last  UInt64, slots, both included
INSERT INTO ledger_changes (shop, slot, visitor, order_id, conversation)
SELECT DISTINCT shop, slot, visitor, order_id, conversation
FROM ledger_changes
WHERE _part IN {parts:Array(String)} AND slot BETWEEN {first:UInt64} AND {last:UInt64}
