-- What became of those who asked on a day (METRICS section 3), rows of the total: `after` is never, `start` and `day` the day on which
-- they asked. Of `day_facts.marks` they are the bits 128 with an order after it that day, 256 by the last day for which a cohort is watched,
-- 512 one of the latter paid that day, 1024 by the next, 2048 by the last.
ALTER TABLE day_ledger MODIFY COLUMN set Enum8(
    'visitors' = 1, 'effective' = 2, 'inquired' = 3, 'asked' = 4, 'inquirers' = 5, 'buyers' = 6, 'inquiry_buyers' = 7,
    'payers' = 8, 'inquiry_payers' = 9, 'cookieless' = 10, 'payers_in' = 11,
    'orders' = 20, 'paid_orders' = 21, 'refunds' = 22,
    'unattributed_orders' = 30, 'unattributed_paid_orders' = 31, 'unattributed_refunds' = 32,
    'received' = 40, 'waiting' = 41,
    'buyers_d0' = 50, 'buyers_final' = 51, 'payers_d0' = 52, 'payers_d1' = 53, 'payers_final' = 54)
