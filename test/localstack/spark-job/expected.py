"""What a dataset must hold, counted record by record in plain Python, and what it does hold, read from its files."""
import json
import os
from collections import defaultdict
from datetime import datetime, timedelta, timezone
from zoneinfo import ZoneInfo

import pyarrow.parquet as pq

from archive import SECRET

EPOCH = datetime(1970, 1, 1)
VALID = {"sale", "visit", "ping"}
OWN = ["event_id", "event_time", "shard_id", "sequence_number", "sub_sequence", "arrival_time", "data", "data_base64", "rejection_reason", "rejection_detail"]
"""The columns that the lake has of every event."""
DISTINCT = ("buyers", "customers", "guests")
"""The metrics with registers, which the plain count leaves out."""


def rows_of(archive, manifest):
    """(lake rows, result rows) of the files that the manifest names, each sorted; a lake row ends with the event's fields."""
    lake, results = [], []
    for kind, rows in (("lake", lake), ("results", results)):
        for group, names in manifest[kind].items():
            for name, files in names.items():
                for item in files:
                    path = os.path.join(archive.root, item["key"])
                    table = pq.ParquetFile(path).read()
                    assert SECRET not in repr(table.to_pylist()), item
                    assert (table.num_rows, os.path.getsize(path)) == (item["rows"], item["bytes"]), item
                    for row in table.to_pylist():
                        own = [row.pop(column) for column in OWN] if kind == "lake" else []
                        rows.append((group, name, *own, row) if kind == "lake" else (group, name, *row.values()))
    return sorted(lake, key=repr), sorted(results, key=repr)


def fields_of(event_type, data):
    """What the lake's columns say of an event, by the record it came in."""
    event = kept(json.loads(data)) if event_type in VALID else {}
    at = EPOCH + timedelta(milliseconds=event.get("at", 0))
    if event_type == "sale":
        return {"id": event["id"], "at": at, **{name: event[name] for name in ("shop", "express", "size", "paid", "cents", "customer")}}
    if event_type == "visit":
        page, site, inside = visit_dims(event)
        return {"id": event["id"], "at": at, "page": page, "from_site": site, "inside": inside}
    return {"id": event["id"], "at": at} if event_type == "ping" else {}


def events_of(archive, marks, is_excluded=lambda event: False):
    """The winners within the marks, and how many records were rejected."""
    winners, rejected = placed_events_of(archive, marks, is_excluded)
    return [event for _, event in winners], rejected


def placed_events_of(archive, marks, is_excluded=lambda event: False):
    """The same, each winner with its place in the stream."""
    winners, rejected = {}, 0
    for shard in archive.shards:
        for place, record in archive.user_records(shard):
            if record["sequenceNumber"] > marks.get(shard, ""):
                continue
            event = parsed(record)
            if event is None:
                rejected += 1
                continue
            if is_excluded(event):
                continue
            key = (event["type"], event["id"], event["at"])
            if key not in winners or place < winners[key][0]:
                winners[key] = (place, event)
    return list(winners.values()), rejected


def ids_reused(events):
    """How many ids stand at more than one time of one UTC date."""
    times = defaultdict(set)
    for event in events:
        times[(event["type"], event["id"], event["at"] // 86_400_000)].add(event["at"])
    return sum(len(held) > 1 for held in times.values())


def parsed(record):
    try:
        event = json.loads(record.get("data", ""))
    except json.JSONDecodeError:
        return None
    return kept(event) if isinstance(event, dict) and event.get("type") in VALID and "at" in event else None


def kept(event):
    """The event, without the blanks at the end of texts that metrics keep; what is asked of others is asked as they were sent."""
    texts = {name: without_blanks(event[name]) for name in ("shop", "customer", "page") if name in event}
    return {**event, **texts, **({"sent": event} if event["type"] == "visit" else {})}


def without_blanks(text):
    return text.rstrip(" ") if isinstance(text, str) else text


def states_of(events):
    """The states of the test's definitions, without HyperLogLog registers."""
    states, distinct = {}, defaultdict(set)

    def merge(metric, start, dims, component, value, op):
        key = (metric, start.strftime("%Y-%m"), start, *dims, component)
        states[key] = op(states[key], value) if key in states else value

    def count_distinct(metric, start, dims, value, *local):
        merge(metric, start, [*dims, *local], "seen", 1, int.__add__)
        dims = [*dims, *(None for _ in local)]
        distinct[(metric, start.strftime("%Y-%m"), start, *dims, "exact")].add(value)
        distinct[(metric, start.strftime("%Y-%m"), start, *[None for _ in dims], "exact_total")].add(value)

    for event in events:
        at = EPOCH + timedelta(milliseconds=event["at"])
        day = at.replace(hour=0, minute=0, second=0, microsecond=0)
        if event["type"] == "visit":
            merge("visits", at.replace(microsecond=0), visit_dims(event), "count", 1, int.__add__)
        if event["type"] != "sale":
            continue
        if event["paid"]:
            merge("sales", at.replace(minute=0, second=0, microsecond=0), [event["shop"], event["express"], event["size"]], "count", 1, int.__add__)
        if event["cents"] is not None:
            for component, value in moments(event["cents"]):
                merge("spread", day, [event["shop"]], component, value, int.__add__)
            for component, value in moments(event["cents"])[:2]:
                merge("average", day.replace(day=1), [], component, value, int.__add__)
            tier = sum(event["cents"] >= edge for edge in (-500_000, 0, 7, 8))
            merge("tiers", day - timedelta(days=day.weekday()), [event["paid"]], f"b{tier}", 1, int.__add__)
            merge("usual", day, [event["express"]], bucket_component(event["cents"]), 1, int.__add__)
            merge("takings", day, [event["shop"]], "sum", event["cents"], int.__add__)
            merge("samoan", local_day(event["at"], "Pacific/Apia"), [event["shop"]], "sum", event["cents"], int.__add__)
            merge("at_home", local_day(event["at"], "America/New_York").replace(day=1), [], "max", event["cents"], max)
            merge("dearest", day.replace(month=1, day=1), [event["shop"]], "max", event["cents"], max)
            if event["paid"]:
                merge("cheapest", day.replace(day=1), [], "min", event["cents"], min)
        if event["customer"] is not None:
            count_distinct("buyers", day - timedelta(days=day.weekday()), [event["shop"]], event["customer"])
            hour = at.replace(minute=0, second=0, microsecond=0)
            count_distinct("guests", hour, [event["express"]], event["customer"], local_day(event["at"], "Asia/Kolkata").strftime("%Y-%m-%d"))
            if event["paid"]:
                count_distinct("customers", day, [], event["customer"])
    rows = [(*key, value) for key, value in states.items()] + [(*key, len(values)) for key, values in distinct.items()]
    return sorted(rows, key=repr)


def local_day(at, zone):
    """By Python's own copy of the tz database."""
    local = datetime.fromtimestamp(at / 1000, timezone.utc).astimezone(ZoneInfo(zone))
    return datetime(local.year, local.month, local.day)


def visit_dims(event):
    sent = event["sent"]
    site = sent.get("from", {}).get("site")
    return [event["page"], without_blanks(site), site is not None and site == sent["page"]]


ENTITIES = {"page": "visit", "till": "sale"}
YEAR_ONE_MS = -62_135_596_800_000


def versions_of(placed_events):
    """Of each entity, UTC day and ref the last version: by its instant, then by its place in the stream."""
    latest = {}
    for entity, event_type in ENTITIES.items():
        for (sequence, sub, shard), event in placed_events:
            if event["type"] != event_type:
                continue
            day = EPOCH + timedelta(days=event["at"] // 86_400_000)
            dims = [event["page"]] if entity == "page" else [event["express"], event["shop"]]
            key, rank = (entity, day, dims[0]), (event["at"], sequence, sub, shard)
            if key not in latest or latest[key][0] < rank:
                latest[key] = (rank, dims, event)
    rows = []
    for (entity, day, _), ((at, sequence, sub, shard), dims, event) in latest.items():
        told = {name: value for name, value in event.items() if name not in ("type", "id", "note", "sent") and value is not None}
        told["at"] = (EPOCH + timedelta(milliseconds=at)).isoformat(timespec="milliseconds") + "Z"
        component = f"at:{at - YEAR_ONE_MS:015d}.{sequence}.{sub:06d}.{shard}"
        rows.append((entity, day.strftime("%Y-%m"), day, *dims, component, int(event.get("paid", True)), told))
    return sorted(rows, key=repr)


def versions_in(results):
    """The same of results, what each says parsed."""
    return sorted(((*row[:-1], json.loads(row[-1])) for row in results if row[0] in ENTITIES), key=repr)


def moments(value):
    limbs = [(f"q{limb}", value * value // 2 ** (27 * limb) % 2**27) for limb in range(4)]
    return [("count", 1), ("sum", value)] + [(name, limb) for name, limb in limbs if limb]


def bucket_component(value):
    """The least power of 101 / 99 at or above the magnitude, by whole numbers."""
    power, top, bottom = 0, 1, 1
    while top < abs(value) * bottom:
        power, top, bottom = power + 1, top * 101, bottom * 99
    return f"v{(power + 1) * (1 if value > 0 else -1) if value else 0}"


def apart_of(archive, marks, served, increment=False, is_excluded=lambda revision, event: False):
    """The records that only one side counts, as the manifest tells them: each identity's records looked at one by one.
    An increment does not see those that its base dropped."""
    twins = defaultdict(list)
    for shard, records in archive.records.items():
        for record in records:
            event, sequence = parsed(record), record["sequenceNumber"]
            if event is not None and sequence <= marks.get(shard, ""):
                here, there = is_excluded(archive.exclusions, event), is_excluded(revision_serving(served, shard, sequence), event)
                twins[(event["type"], event["id"], event["at"])].append(
                    {"sequence": sequence, "shard": shard, "event": event, "arrival": record["arrivalTime"], "here": not here, "there": not there})
    accounts = {account: defaultdict(dict) for account in ("duplicate", "behind", "excluded", "included")}
    for group in twins.values():
        group.sort(key=lambda twin: (twin["sequence"], twin["shard"]))
        below = [twin for twin in group if twin["sequence"] <= served["marks"].get(twin["shard"], "") and twin["there"]]
        if increment:
            group = [twin for twin in group if twin not in below[1:]]
        there = [twin for twin in group if twin["there"]]
        firsts = []
        for twin in there:
            line = [twin["shard"], *served["ancestors"].get(twin["shard"], [])]
            if not any(first["shard"] in line and abs(first["arrival"] - twin["arrival"]) <= served["duplicatesWindowMs"] for first in firsts):
                firsts.append(twin)
        above = [twin for twin in firsts if twin not in below and twin["sequence"] <= served["positions"].get(twin["shard"], twin["sequence"])]
        counted, kept = below[:1] + above, [twin for twin in group if twin["here"]][:1]
        for twin in group:
            if twin in counted and twin not in kept:
                is_twin = twin["here"] and twin not in there[:1]
                add_apart(accounts["duplicate" if is_twin else "excluded"], twin["event"])
            if twin in kept and twin not in counted:
                lies_above = twin["sequence"] > served["marks"].get(twin["shard"], "")
                is_unread = lies_above and twin["sequence"] > served["positions"].get(twin["shard"], twin["sequence"])
                add_apart(accounts["behind" if is_unread else "included"], twin["event"])
    return {account: dict(metrics) for account, metrics in accounts.items()}


def revision_serving(served, shard, sequence):
    if sequence <= served["marks"].get(shard, ""):
        return served["exclusions"]["dataset"]
    return ([0] + [stretch["revision"] for stretch in served["exclusions"]["stretches"].get(shard, []) if stretch["above"] < sequence])[-1]


def add_apart(metrics, event):
    counted = set()
    for metric, _, start, *_, component, value in states_of([event]):
        if component in ("exact", "exact_total"):
            continue
        op = component if component in ("min", "max") else "sum"
        start_ms = str((start - EPOCH) // timedelta(milliseconds=1))
        total = metrics[metric].setdefault(start_ms, {"records": 0, "sum": None, "min": None, "max": None})
        held = total[op]
        merged = value if held is None else {"sum": int.__add__, "min": min, "max": max}[op](int(held), value)
        total.update({"records": total["records"] + (metric not in counted), op: str(merged)})
        counted.add(metric)
    for entity, event_type in ENTITIES.items():
        if event["type"] == event_type:
            total = metrics[entity].setdefault(str(event["at"] // 86_400_000 * 86_400_000), {"records": 0, "sum": None, "min": None, "max": None})
            total.update({"records": total["records"] + 1, "max": str(max(int(event.get("paid", True)), int(total["max"] or 0)))})


def comparable(results):
    """Without entities, the registers and the metric `rejected`, which the plain count above does not know."""
    return [row for row in results if row[0] not in ("rejected", *ENTITIES) and not (row[0] in DISTINCT and row[-2].startswith("r"))]
