-- What an order or a refund is made of, as lists of single events tell it: amounts as texts with 4 decimals.
    arrayMap((p, n, v, q, a, c) -> (p, n, v, q / 1000, toDecimalString(a, 4), toDecimalString(c, 4))
        ::Tuple(product String, name String, variant String, quantity Float64, amount Nullable(String),
            cost Nullable(String)),
        items.product, items.name, items.variant, items.quantity, items.amount, items.cost) AS items,
    toDecimalString(cost, 4) AS cost, toDecimalString(shipping, 4) AS shipping,
    toDecimalString(tax, 4) AS tax, toDecimalString(discount, 4) AS discount,
