-- The rows of the ledger that the upkeep changes, with the sets that there are now.
CREATE OR REPLACE TABLE ledger_keys
ENGINE = Memory
AS SELECT shop, dimension, day, value, set, currency, start, after FROM day_ledger WHERE false
