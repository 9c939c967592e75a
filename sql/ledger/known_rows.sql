-- What the ledger holds in the rows that are to be changed.
--
-- Row shape: one row per row that is there
SELECT shop, dimension, toUInt16(day) AS day, value, toInt8(set) AS set, currency, toUInt16(start) AS start, toUInt16(after) AS after,
    counted, amount
FROM day_ledger FINAL
WHERE (shop, dimension, day_ledger.day, value, day_ledger.set, currency, day_ledger.start, day_ledger.after) IN ledger_keys
-- Sound here: the key alone decides what is read, so every version of a row is, and the key holds the
-- partition's day.
SETTINGS optimize_move_to_prewhere_if_final = 1, do_not_merge_across_partitions_select_final = 1
