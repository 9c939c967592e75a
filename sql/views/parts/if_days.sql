-- Holds where a funnel is counted over visitors' days: where the ledger does not answer.
    AND NOT (true
-- part: if_ledger
    )
