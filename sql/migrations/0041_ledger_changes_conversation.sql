-- `conversation`  as in `conversation_events`, 0 when a visitor or an order changed
ALTER TABLE ledger_changes ADD COLUMN IF NOT EXISTS conversation UInt64
