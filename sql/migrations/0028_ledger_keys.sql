-- The rows of the ledger that the upkeep changes.
CREATE TABLE IF NOT EXISTS ledger_keys
ENGINE = Memory
AS SELECT shop, dimension, day, value, set, currency, start, after FROM day_ledger WHERE false
