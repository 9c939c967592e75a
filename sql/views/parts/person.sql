-- The columns of `persons`, one row per bucket, value and visitor, out of the `facts` of their days.
            multiIf(
                {interval:String} = 'day', day,
                {interval:String} = 'week', greatest(toMonday(day), {from:Date}),
                {interval:String} = 'month', greatest(toStartOfMonth(day), {from:Date}),
                {from:Date}) AS bucket,
            visitor,
            max(facts.is_effective) AS is_effective,
            max(facts.may_return) AS may_return,
            max(facts.inquired) AS inquired,
            max(facts.is_cookieless) AS is_cookieless,
            max(facts.is_paid AND visitor != 0) AS is_payer,
            min(if(facts.is_pre_sale, day, NULL)) AS first_asked_day,
            min(if(facts.is_ordered AND visitor != 0, day, NULL)) AS first_ordered_day,
            first_ordered_day IS NOT NULL AS is_buyer,
            first_asked_day IS NOT NULL AND (NOT is_buyer OR first_asked_day <= first_ordered_day) AS is_inquirer,
            groupArrayArray(facts.money) AS money,
            max(facts.changed_at) AS changed_at
