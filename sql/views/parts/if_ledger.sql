-- Holds where the ledger answers a funnel.
    -- One row of the ledger is of one value: all of a dimension that has not too many, or one of them.
    AND (empty({filter_dimensions:Array(String)})
        OR ({breakdown:String} = '' AND length({filter_dimensions:Array(String)}) = 1 AND length({filter_values:Array(Array(String))}[1]) = 1))
    AND (SELECT count() FROM wide_dimensions WHERE shop = {shop:String} AND dimension = concat({breakdown:String}, {filter_dimensions:Array(String)}[1])) = 0
