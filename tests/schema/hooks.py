"""Lets made-up requests get further than the first check that no document can express."""

import os
import re

import schemathesis

PUBLIC_KEY = os.environ.get("SHOPFUNNEL_PUBLIC_KEY")


@schemathesis.hook
def before_call(context, case, kwargs):
    # Events: the shop's own key, which no generator guesses, and a currency that exists.
    if PUBLIC_KEY and "events" in case.operation.tags:
        if isinstance(case.body, list) and case.operation.path == "/e":
            case.body = {"events": case.body}
        envelope = case.body if isinstance(case.body, dict) else {}
        events = case.body if isinstance(case.body, list) else envelope.get("events")
        for event in events if isinstance(events, list) else []:
            if isinstance(event, dict):
                event.pop("shop", None)
                if re.fullmatch("[A-Z]{3}", str(event.get("currency"))):
                    event["currency"] = "CNY"
        if isinstance(case.body, dict):
            case.body["shop"] = PUBLIC_KEY
    # Reports: a day of a window alone is refused, however good it is.
    query = case.query
    if isinstance(query, dict) and ("from" in query) != ("to" in query):
        day = query.get("from", query.get("to"))
        query["from"] = query["to"] = day
