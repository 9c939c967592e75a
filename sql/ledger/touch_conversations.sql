-- Takes a piece of the queue's conversations to work on.
--
-- Parameters
--   parts           Array(String), parts of the queue
--   first, last     UInt64, slots, both included
INSERT INTO ledger_conversations
SELECT DISTINCT shop, conversation
FROM ledger_changes
WHERE _part IN {parts:Array(String)} AND slot BETWEEN {first:UInt64} AND {last:UInt64} AND conversation != 0
