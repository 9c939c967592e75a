-- Which slots the parts of the queue hold.
--
-- Row shape: one row per part: name String, first_slot UInt64, last_slot UInt64
SELECT toString(_part) AS name, min(slot) AS first_slot, max(slot) AS last_slot
FROM ledger_changes
GROUP BY name
