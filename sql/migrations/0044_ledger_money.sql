-- Sets of the money that METRICS section 4 names since, of attributed and of unattributed orders: what no verified
-- event tells; cost and gross profit of the orders that tell their cost; paid orders that do not.
ALTER TABLE day_ledger MODIFY COLUMN set Enum8(
    'visitors' = 1, 'effective' = 2, 'inquired' = 3, 'asked' = 4, 'inquirers' = 5, 'buyers' = 6, 'inquiry_buyers' = 7,
    'payers' = 8, 'inquiry_payers' = 9, 'cookieless' = 10, 'payers_in' = 11,
    'orders' = 20, 'paid_orders' = 21, 'refunds' = 22, 'unverified' = 23, 'costs' = 24, 'profits' = 25, 'uncosted_orders' = 26,
    'unattributed_orders' = 30, 'unattributed_paid_orders' = 31, 'unattributed_refunds' = 32, 'unattributed_unverified' = 33,
    'unattributed_costs' = 34, 'unattributed_profits' = 35, 'unattributed_uncosted_orders' = 36,
    'received' = 40, 'waiting' = 41,
    'buyers_d0' = 50, 'buyers_final' = 51, 'payers_d0' = 52, 'payers_d1' = 53, 'payers_final' = 54)
