"""What a dataset must hold, counted record by record in plain Python, and what it does hold, read from its files."""
import json
import os
from collections import defaultdict
from datetime import datetime, timedelta

import pyarrow.parquet as pq

EPOCH = datetime(1970, 1, 1)
VALID = {"sale", "visit", "ping"}


def rows_of(archive, manifest):
    """(lake rows, result rows) of the files that the manifest names, each sorted."""
    lake, results = [], []
    for kind, rows in (("lake", lake), ("results", results)):
        for group, names in manifest[kind].items():
            for name, files in names.items():
                for item in files:
                    path = os.path.join(archive.root, item["key"])
                    table = pq.ParquetFile(path).read()
                    assert (table.num_rows, os.path.getsize(path)) == (item["rows"], item["bytes"]), item
                    rows.extend((group, name, *row.values()) for row in table.to_pylist())
    return sorted(lake, key=repr), sorted(results, key=repr)


def events_of(archive, marks):
    """The winners within the marks, and how many records were rejected."""
    winners, rejected = {}, 0
    for shard in archive.shards:
        for place, record in archive.user_records(shard):
            if record["sequenceNumber"] > marks.get(shard, ""):
                continue
            event = parsed(record)
            if event is None:
                rejected += 1
                continue
            key = (event["type"], event["id"], event["at"])
            if key not in winners or place < winners[key][0]:
                winners[key] = (place, event)
    return [event for _, event in winners.values()], rejected


def parsed(record):
    try:
        event = json.loads(record.get("data", ""))
    except json.JSONDecodeError:
        return None
    return event if isinstance(event, dict) and event.get("type") in VALID and "at" in event else None


def states_of(events):
    """The states of the test's definitions, without HyperLogLog registers."""
    states, distinct = {}, defaultdict(set)

    def merge(metric, start, dims, component, value, op):
        key = (metric, start.strftime("%Y-%m"), start, *dims, component)
        states[key] = op(states[key], value) if key in states else value

    def count_distinct(metric, start, dims, value):
        merge(metric, start, dims, "seen", 1, int.__add__)
        distinct[(metric, start.strftime("%Y-%m"), start, *dims, "exact")].add(value)
        distinct[(metric, start.strftime("%Y-%m"), start, *[None for _ in dims], "exact_total")].add(value)

    for event in events:
        at = EPOCH + timedelta(milliseconds=event["at"])
        day = at.replace(hour=0, minute=0, second=0, microsecond=0)
        if event["type"] == "visit":
            merge("visits", at.replace(microsecond=0), [event["page"]], "count", 1, int.__add__)
        if event["type"] != "sale":
            continue
        if event["paid"]:
            merge("sales", at.replace(minute=0, second=0, microsecond=0), [event["shop"], event["express"], event["size"]], "count", 1, int.__add__)
        if event["cents"] is not None:
            merge("takings", day, [event["shop"]], "sum", event["cents"], int.__add__)
            merge("dearest", day.replace(month=1, day=1), [event["shop"]], "max", event["cents"], max)
            if event["paid"]:
                merge("cheapest", day.replace(day=1), [], "min", event["cents"], min)
        if event["customer"] is not None:
            count_distinct("buyers", day - timedelta(days=day.weekday()), [event["shop"]], event["customer"])
            if event["paid"]:
                count_distinct("customers", day, [], event["customer"])
    rows = [(*key, value) for key, value in states.items()] + [(*key, len(values)) for key, values in distinct.items()]
    return sorted(rows, key=repr)


def comparable(results):
    """Without the registers and the metric `rejected`, which the plain count above does not know."""
    return [row for row in results if row[0] != "rejected" and not (row[0] in ("buyers", "customers") and row[-2].startswith("r"))]
