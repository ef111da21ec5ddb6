"""Runs all cases of the recompute in one Spark session and prints a line of JSON each: its name, and what went wrong or null.

    python cases.py MODEL_JSON WORKER_DIR WORK_DIR
"""
import json
import os
import sys
import traceback

from datetime import datetime, timedelta
from decimal import Decimal

import pyarrow.parquet as pq

from archive import ARRIVAL, SECRET, SPAN_MS, Archive
from expected import DISTINCT, EPOCH, OWN, apart_of, comparable, events_of, fields_of, ids_reused, parsed, placed_events_of, rows_of, states_of, versions_in, versions_of

import recompute

CASES = []


def case(name):
    def register(function):
        CASES.append((name, function))
        return function
    return register


class Runner:
    def __init__(self, spark, model, worker_dir, work_dir):
        self.spark, self.model, self.worker_dir, self.work_dir, self.count = spark, model, worker_dir, work_dir, 0

    def archive(self, **options):
        self.count += 1
        root = os.path.join(self.work_dir, f"archive-{self.count}")
        os.makedirs(root)
        return Archive(root, self.model, **options)

    def run(self, archive, dataset, marks, base=None, worker_dir=None, served=None):
        return recompute.recompute(self.spark, archive.specify(dataset, marks, base, served), worker_dir or self.worker_dir)


def equal(found, wanted, what):
    if found != wanted:
        only_found = [row for row in found if row not in wanted][:3] if isinstance(found, list) else found
        only_wanted = [row for row in wanted if row not in found][:3] if isinstance(wanted, list) else wanted
        raise AssertionError(f"{what}: found {only_found} where {only_wanted} is wanted")


def failure_of(run):
    try:
        run()
    except Exception as error:
        return str(error)
    raise AssertionError("the job did not fail")


@case("a full recompute equals a plain count, over shards, duplicates, redelivery, junk and marks inside objects")
def full(runner):
    for seed in (1, 2):
        archive = runner.archive(seed=seed)
        archive.put_random(1500)
        archive.archive()
        marks = archive.marks(0.83)
        manifest = runner.run(archive, "full", marks)
        lake, results = rows_of(archive, manifest)
        events, rejected = events_of(archive, marks)
        equal(comparable(results), states_of(events), f"states of seed {seed}")
        equal(versions_in(results), versions_of(placed_events_of(archive, marks)[0]), f"versions of seed {seed}")
        equal(len(lake), len(events) + rejected, "events in the lake")
        for row in lake:
            equal(row[-1], fields_of(row[0], row[8]), f"fields of {row[:8]}")
        read = archive.delivered(marks, {})
        equal(manifest["counts"], {"read": read, "duplicates": read - len(lake), "rejected": rejected, "excluded": 0, "idsReused": ids_reused(events)}, "counts")
        equal(sum(row[-1] for row in results if row[0] == "rejected"), rejected, "rejected")


@case("increments equal full recomputes, row for row, in lake and results")
def increments(runner):
    for seed in (11, 12):
        archive, base = runner.archive(seed=seed), None
        for step, share in enumerate((0.6, 0.97, 1.0, 0.995)):
            archive.put_random(900 if step == 0 else 60)
            archive.archive()
            marks = archive.marks(share)
            if base:
                marks = {shard: max(mark, base["marks"].get(shard, "")) for shard, mark in marks.items()}
            grown = runner.run(archive, f"grown-{step}", marks, base)
            full = runner.run(archive, f"full-{step}", marks)
            equal(grown["counts"]["read"], archive.delivered(marks, base["marks"] if base else {}), f"records read in step {step}")
            for found, wanted, what in zip(rows_of(archive, grown), rows_of(archive, full), ("lake", "results")):
                equal(found, wanted, f"{what} of seed {seed}, step {step}")
            base = grown


@case("increments equal full recomputes, whatever operators do between: roll back, exclude and undo, reshard, lag")
def operated(runner):
    for seed in (31, 32):
        archive, datasets = runner.archive(seed=seed, shards=2), []
        choose = archive.random
        archive.put_random(400)
        for step in range(7):
            act = choose.choice(["none", "roll back", "roll back", "exclude", "reshard"])
            if act == "exclude":
                # Every other revision takes back what the one before left out.
                wanted = {"eventType": "sale", "from": None, "to": None, "fields": {"shop": choose.choice(["a", "null"])}, "eventIds": None}
                archive.exclude(step + 1, [{"id": step + 1, **wanted}] if choose.random() < 0.6 else [])
            if act == "reshard":
                archive.shards.append(f"shardId-{len(archive.shards):012d}")
                archive.records[archive.shards[-1]], archive.archived[archive.shards[-1]] = [], 0
            archive.put_random(40)
            archive.archive()
            alike = [dataset for dataset in datasets if dataset["exclusions"] == archive.exclusions]
            base = None if not alike else choose.choice(alike) if act == "roll back" else alike[-1]
            marks = archive.marks(choose.choice([0.7, 0.95, 1.0]))
            if base:
                marks = {shard: max(mark, base["marks"].get(shard, "")) for shard, mark in marks.items()} | {
                    shard: mark for shard, mark in base["marks"].items() if shard not in marks
                }
            grown, full = runner.run(archive, f"grown-{step}", marks, base), runner.run(archive, f"full-{step}", marks)
            for found, wanted, what in zip(rows_of(archive, grown), rows_of(archive, full), ("lake", "results")):
                equal(found, wanted, f"{what} of seed {seed}, step {step}, after: {act}")
            datasets.append(grown)


@case("the lake's columns are typed by the fields, to their limits, and Spark's own SQL counts of them what the results say")
def typed(runner):
    archive = runner.archive(seed=13, shards=1)
    shard = archive.shards[0]
    bill = {"type": "bill", "id": "least", "at": ARRIVAL, "total": "0"}
    most = {
        "id": "most", "at": -62_135_596_800_000, "total": "-90071992547409.91", "rate": "9.007199254740991", "units": 2**53 - 1, "ratio": 5e-324,
        "due": "9999-12-31T23:59:59.999Z", "tier": "high", "data": "\0\ud800\n", "Event_Date": False, "buyer": {"name": "ünï 🌊", "card": SECRET},
    }
    archive.put(shard, json.dumps(bill))
    archive.put(shard, json.dumps({**bill, **most})[:-1] + ', "lines": [ {"price": 1.10} ]}')
    archive.put_random(600)
    archive.archive()
    manifest = runner.run(archive, "typed", archive.marks())
    lake, results = rows_of(archive, manifest)
    least, found = ({row[2]: row[-1] for row in lake if row[0] == "bill"}[name] for name in ("least", "most"))
    nulls = dict.fromkeys(("rate", "units", "ratio", "due", "data_", "Event_Date_", "buyer_name"))
    equal(least, {"id": "least", "at": EPOCH + timedelta(milliseconds=ARRIVAL), "total": Decimal("0.00"), **nulls, "tier": "low", "lines": "[]"}, "least")
    equal(found, {
        "id": "most", "at": datetime(1, 1, 1), "total": Decimal("-90071992547409.91"), "rate": Decimal("9.007199254740991"), "units": 2**53 - 1,
        "ratio": 5e-324, "due": datetime(9999, 12, 31, 23, 59, 59, 999_000), "tier": "high", "data_": "\0\ufffd\n", "Event_Date_": False,
        "buyer_name": "ünï 🌊", "lines": '[ {"price": 1.10} ]',
    }, "most")
    (file,) = manifest["lake"]["bill"]["0001-01-01"]
    types = {field.name: str(field.type) for field in pq.read_schema(os.path.join(archive.root, file["key"]))}
    time = "timestamp[us]"
    equal({name: types.pop(name) for name in OWN}["event_time"], time, "our own time")
    equal(types, {
        "id": "string", "at": time, "total": "decimal128(18, 2)", "rate": "decimal128(18, 15)", "units": "int64", "ratio": "double", "due": time,
        "tier": "string", "data_": "string", "Event_Date_": "bool", "buyer_name": "string", "lines": "string",
    }, "types")
    equal([column["name"] for column in manifest["lakeColumns"]["bill"]], list(types), "columns that the manifest names")
    paths = [os.path.join(archive.root, item["key"]) for files in manifest["lake"]["sale"].values() for item in files]
    runner.spark.read.parquet(*paths).createOrReplaceTempView("sale")
    takings = runner.spark.sql("SELECT shop, date_trunc('DAY', at), sum(cents) FROM sale WHERE cents IS NOT NULL GROUP BY 1, 2")
    wanted = [(row[3], row[2], row[-1]) for row in results if row[0] == "takings"]
    equal(sorted(map(tuple, takings.collect()), key=repr), sorted(wanted, key=repr), "takings by Spark's SQL")
    assert len(wanted) > 100, wanted


@case("an increment over a base without the fields' columns, of an older version, writes all its files anew")
def untyped(runner):
    archive = runner.archive(seed=14)
    archive.put_random(300)
    archive.archive()
    base = runner.run(archive, "base", archive.marks())
    for names in base["lake"].values():
        for item in (item for files in names.values() for item in files):
            path = os.path.join(archive.root, item["key"])
            pq.write_table(pq.read_table(path, columns=OWN, partitioning=None), path)
            item["bytes"] = os.path.getsize(path)
    with open(os.path.join(archive.root, "manifests", "base.json"), "w") as file:
        json.dump({name: value for name, value in base.items() if name != "lakeColumns"}, file)
    archive.put(archive.shards[0], json.dumps(archive.event(id="new", at=ARRIVAL - 1000)))
    archive.archive()
    grown, full = runner.run(archive, "grown", archive.marks(), base), runner.run(archive, "full", archive.marks())
    equal(rows_of(archive, grown), rows_of(archive, full), "rows")
    equal(grown["counts"]["read"], 1, "records read")
    assert not {item["key"] for item in files_of(grown)} & {item["key"] for names in base["lake"].values() for files in names.values() for item in files}


@case("an increment of one day carries the other days' and months' files over untouched")
def carried(runner):
    archive = runner.archive(shards=1)
    for days in (5, 20, 45, 60):
        archive.put(archive.shards[0], json.dumps(archive.event(id=str(days), at=ARRIVAL - days * 86_400_000)))
    archive.archive()
    base = runner.run(archive, "base", archive.marks())
    before = {item["key"]: os.stat(os.path.join(archive.root, item["key"])).st_mtime_ns for item in files_of(base)}
    archive.put(archive.shards[0], json.dumps({"type": "visit", "id": "v", "at": ARRIVAL - 5 * 86_400_000, "page": "p"}))
    archive.archive()
    grown = runner.run(archive, "grown", archive.marks(), base)
    equal(grown["results"]["takings"], base["results"]["takings"], "files of takings")
    equal(grown["lake"]["sale"], base["lake"]["sale"], "files of sales")
    equal([item["rows"] for files in grown["lake"]["visit"].values() for item in files], [1], "visits")
    equal(grown["counts"], {"read": 1, "duplicates": 0, "rejected": 0, "excluded": 0, "idsReused": 0}, "counts")
    equal({key: os.stat(os.path.join(archive.root, key)).st_mtime_ns for key in before}, before, "the base's files")


def files_of(manifest):
    return [item for kind in ("lake", "results") for names in manifest[kind].values() for files in names.values() for item in files]


@case("records that one record aggregates count each, in full and by increments, the first twin inside wins, and a broken aggregate is one rejected record")
def aggregated(runner):
    archive, base = runner.archive(seed=31), None
    first, second = archive.shards[:2]

    def sale(**fields):
        return json.dumps(archive.event(at=ARRIVAL - 1000, **fields)).encode()

    for step in range(2):
        archive.put_random(60)
        for shard in archive.shards:
            archive.put_aggregate(shard, [json.dumps(archive.random_event()).encode() for _ in range(200)] + [b"\xff", b"", b"{"])
        archive.put_aggregate(first, [sale(id=f"t{step}", cents=step), sale(id=f"t{step}", cents=7), sale(id="again", cents=step)])
        archive.put_aggregate(second, [sale(id=f"t{step}", cents=9)], broken=step == 1)
        archive.archive()
        marks = archive.marks()
        grown, full = runner.run(archive, f"grown-{step}", marks, base), runner.run(archive, f"full-{step}", marks)
        equal(grown["counts"]["read"], archive.delivered(marks, base["marks"] if base else {}), f"records read in step {step}")
        for found, wanted, what in zip(rows_of(archive, grown), rows_of(archive, full), ("lake", "results")):
            equal(found, wanted, f"{what} of step {step}")
        lake, results = rows_of(archive, full)
        events, rejected = events_of(archive, marks)
        equal(comparable(results), states_of(events), f"states of step {step}")
        equal(len(lake), len(events) + rejected, "events in the lake")
        base = grown
    places = [row[4:7] for row in lake if row[2] == "again"]
    equal([(shard, sub) for shard, _, sub in places], [(first, 2)], "where the winner stands")


@case("ids that come again with another time are counted, those of new records only, and each is an event")
def reused(runner):
    archive = runner.archive(shards=2)
    first, second = archive.shards
    for shard, name, late in ((first, "x", 0), (second, "x", 1), (first, "x", 0), (first, "y", 0), (second, "z", 0), (first, "z", 86_400_000)):
        archive.put(shard, json.dumps(archive.event(id=name, at=ARRIVAL - 90_000_000 + late)))
    archive.archive()
    base = runner.run(archive, "base", archive.marks())
    equal(base["counts"], {"read": 6, "duplicates": 1, "rejected": 0, "excluded": 0, "idsReused": 1}, "counts")
    for name in ("y", "w"):
        archive.put(second, json.dumps(archive.event(id=name, at=ARRIVAL - 90_000_000 + 2)))
    archive.archive()
    grown = runner.run(archive, "grown", archive.marks(), base)
    equal(grown["counts"], {"read": 2, "duplicates": 0, "rejected": 0, "excluded": 0, "idsReused": 1}, "counts of the increment")
    equal(sum(row[-1] for row in rows_of(archive, grown)[1] if row[0] == "sales"), 7, "sales")


@case("a late lower twin displaces the winner, and an emptied month leaves the manifest")
def displaced(runner):
    archive = runner.archive(shards=2)
    first, second = archive.shards
    at = ARRIVAL - SPAN_MS
    # The lower sequence number, and it is not paid: what the twin counted must go.
    archive.put(first, json.dumps(archive.event(id="x", at=at, paid=False, cents=None)))
    archive.put(second, json.dumps(archive.event(id="x", at=at, paid=True, cents=500)))
    archive.archive()
    base = runner.run(archive, "base", {second: archive.marks()[second]})
    equal(sorted(base["results"]), ["at_home", "average", "cheapest", "dearest", "sales", "samoan", "spread", "takings", "tiers", "till", "usual"], "metrics before")
    grown = runner.run(archive, "grown", archive.marks(), base)
    equal((list(grown["results"]), grown["counts"]["duplicates"]), (["till"], 0), "metrics after")
    lake, _ = rows_of(archive, grown)
    equal([row[4] for row in lake], [first], "winner's shard")


@case("an increment without a new record carries everything over")
def nothing_new(runner):
    archive = runner.archive(seed=5)
    archive.put_random(50)
    archive.archive()
    base = runner.run(archive, "base", archive.marks())
    same = runner.run(archive, "same", archive.marks(), base)
    equal((same["lake"], same["results"], same["counts"]["read"]), (base["lake"], base["results"], 0), "files")


@case("a large date is split into parts that hold each event once")
def split(runner):
    archive = runner.archive(seed=6)
    archive.put_random(600)
    archive.archive()
    whole = runner.run(archive, "whole", archive.marks())
    limits = recompute.EVENTS_PER_FILE, recompute.COUNT_FIRST_ABOVE_BYTES
    recompute.EVENTS_PER_FILE, recompute.COUNT_FIRST_ABOVE_BYTES = 3, 0
    try:
        parts = runner.run(archive, "parts", archive.marks())
    finally:
        recompute.EVENTS_PER_FILE, recompute.COUNT_FIRST_ABOVE_BYTES = limits
    assert max(len(files) for files in parts["lake"]["sale"].values()) > 1
    equal(rows_of(archive, parts), rows_of(archive, whole), "rows")


@case("the manifest tells which records one side alone counts, in full and as an increment, whatever the batches' size")
def apart(runner):
    archive = runner.archive(seed=9)
    archive.put_random(900)
    archive.archive()
    base = runner.run(archive, "served", archive.marks(0.7))
    archive.put_random(300)
    archive.archive()
    marks = {shard: max(mark, base["marks"].get(shard, "")) for shard, mark in archive.marks(0.98).items()}
    served = served_beside(archive, base["marks"])
    for name, on, rows in (("increment", base, 1000), ("full", None, 1000), ("full-in-threes", None, 3)):
        wanted = apart_of(archive, marks, served, on is not None)
        expect_apart(runner, (archive, name, marks, on, served), wanted, rows)
        assert [account for account, metrics in wanted.items() if len(metrics) > 4] == ["duplicate", "behind"], wanted


def served_beside(archive, marks, exclusions=None):
    behind = archive.shards[0]
    return {
        "datasetId": "served", "marks": marks, "positions": {behind: archive.marks(0.9)[behind]},
        # Records arrive a millisecond apart.
        "duplicatesWindowMs": 60, "ancestors": {archive.shards[2]: [archive.shards[1]]},
        "exclusions": exclusions or {"dataset": 0, "stretches": {}, "keys": {}},
    }


def expect_apart(runner, run, wanted, rows):
    archive, name, marks, on, served = run
    runner.spark.conf.set("spark.sql.execution.arrow.maxRecordsPerBatch", rows)
    try:
        found = runner.run(archive, name, marks, on, served=served)["apart"]
    finally:
        runner.spark.conf.set("spark.sql.execution.arrow.maxRecordsPerBatch", recompute.RECORDS_PER_BATCH)
    equal(found.pop("served"), served, "served")
    for account, metrics in wanted.items():
        for metric in metrics:
            # A metric that counts distinct values has registers too, which the plain count leaves out.
            counted = {
                start: {**total, "max": None} if metric in DISTINCT else total
                for start, total in found[account].get(metric, {}).items()
            }
            equal(counted, metrics[metric], f"{account} of {metric}, {name}")
        equal([metric for metric in found[account] if metric not in metrics and metric != "rejected"], [], f"other metrics of {account}, {name}")


@case("the manifest tells what exclusions changed: served by older ones in parts, in full and as an increment, whatever the batches' size")
def apart_by_exclusions(runner):
    archive = runner.archive(seed=10)
    archive.put_random(900)
    archive.archive()
    shops = {1: ["a", "null"], 2: ["", "a"], 3: ["", " "]}
    for revision, named in shops.items():
        wanted = {"eventType": "sale", "from": None, "to": None, "eventIds": None}
        archive.exclude(revision, [{"id": at, "fields": {"shop": shop}, **wanted} for at, shop in enumerate(named, 1)])

    def is_excluded(revision, event):
        return event["type"] == "sale" and event["shop"] in shops.get(revision, [])

    archive.exclusions = 1
    live = runner.run(archive, "served", archive.marks(0.6))
    marks = archive.marks(0.98)
    first, second, _ = archive.shards
    keys = {str(revision): f"exclusions/{revision}.json" for revision in shops}
    exclusions = {
        "dataset": 1, "keys": keys,
        "stretches": {
            first: [{"above": live["marks"][first], "revision": 1}, {"above": archive.marks(0.7)[first], "revision": 2}],
            # Below it nothing is left out.
            second: [{"above": archive.marks(0.8)[second], "revision": 3}],
        },
    }
    served = served_beside(archive, live["marks"], exclusions)
    archive.exclusions = 3
    wanted = apart_of(archive, marks, served, False, is_excluded)
    assert all(len(metrics) > 4 for metrics in wanted.values()), wanted
    for name, rows in (("full", 1000), ("full-in-threes", 3)):
        expect_apart(runner, (archive, name, marks, None, served), wanted, rows)
    # All alike since: nothing differs by the exclusions, and nothing is told as if it did.
    base = runner.run(archive, "next", archive.marks(0.85))
    stretches = {shard: [{"above": mark, "revision": 3}] for shard, mark in base["marks"].items()}
    served = served_beside(archive, base["marks"], {"dataset": 3, "stretches": stretches, "keys": {"3": keys["3"]}})
    wanted = apart_of(archive, marks, served, True, is_excluded)
    assert [account for account, metrics in wanted.items() if metrics] == ["duplicate", "behind"], wanted
    expect_apart(runner, (archive, "increment", marks, base, served), wanted, 1000)


@case("a sum beyond 64 bits fails the job and leaves no manifest")
def overflow(runner):
    archive = runner.archive(shards=1)
    for index in range(1030):
        archive.put(archive.shards[0], json.dumps(archive.event(id=str(index), at=ARRIVAL - 1, cents=2**53 - 1)))
    archive.archive()
    message = failure_of(lambda: runner.run(archive, "overflow", archive.marks()))
    assert "ARITHMETIC_OVERFLOW" in message or "overflow" in message, message
    assert not os.path.exists(os.path.join(archive.root, "manifests", "overflow.json"))


@case("an object that is cut off fails the job by its name")
def cut_off(runner):
    archive = runner.archive(seed=3, shards=1)
    archive.put_random(200)
    archive.archive()
    path = os.path.join(archive.root, archive.objects[0]["key"])
    with open(path, "r+b") as file:
        file.truncate(os.path.getsize(path) - 20)
    message = failure_of(lambda: runner.run(archive, "cut", archive.marks()))
    assert archive.objects[0]["key"] in message, message


@case("a line of another shard fails the job by its object's name")
def wrong_shard(runner):
    archive = runner.archive(seed=4, shards=2)
    archive.put_random(50)
    archive.write(archive.shards[0], archive.records[archive.shards[1]])
    marks = {archive.shards[0]: archive.objects[0]["last"]}
    message = failure_of(lambda: runner.run(archive, "wrong", marks))
    assert "holds a line that is no record of" in message and archive.objects[0]["key"] in message, message


@case("a worker that dies or writes garbage fails the job with its last words")
def broken_worker(runner):
    archive = runner.archive(seed=7)
    archive.put_random(3000)
    archive.archive()
    for name, script, wanted in (
        ("dies", "console.error('out of tea'); process.exit(3)", "out of tea"),
        ("garbage", "console.log('hello, I am a library that prints'); setInterval(() => 0, 1000)", "wrote what is no frame"),
        ("silent", "process.stdin.resume()", "ended before it was done"),
    ):
        folder = os.path.join(runner.work_dir, f"worker-{name}")
        os.makedirs(folder)
        os.symlink(os.path.realpath(os.path.join(runner.worker_dir, "node")), os.path.join(folder, "node"))
        with open(os.path.join(folder, "worker.cjs"), "w") as file:
            file.write(script)
        message = failure_of(lambda: runner.run(archive, name, archive.marks(), worker_dir=folder))
        assert wanted in message, message


@case("excluded events are in neither lake nor results, claim no identity and are counted; increments build on the same revision alone")
def excluded(runner):
    archive = runner.archive(seed=21)
    archive.put_random(700)
    first, second = archive.shards[:2]
    # The lower twin is excluded: the other one is the event.
    archive.put(first, json.dumps(archive.event(id="twin", at=ARRIVAL - 1000, shop="a", cents=5)))
    archive.put(second, json.dumps(archive.event(id="twin", at=ARRIVAL - 1000, shop="b", cents=7)))
    archive.archive()
    before = runner.run(archive, "before", archive.marks(0.9))
    middle = ARRIVAL - SPAN_MS // 2
    archive.exclude(4, [
        {"id": 2, "eventType": "sale", "from": middle, "to": None, "fields": {"shop": "a"}, "eventIds": None},
        {"id": 4, "eventType": "visit", "from": None, "to": middle, "fields": {}, "eventIds": None},
    ])

    def is_excluded(event):
        if event["type"] == "visit":
            return event["at"] < middle
        return event["type"] == "sale" and event["shop"] == "a" and event["at"] >= middle

    assert "recompute in full" in failure_of(lambda: runner.run(archive, "other", archive.marks(), before))
    base = runner.run(archive, "base", archive.marks(0.9))
    archive.put_random(80)
    archive.archive()
    marks = archive.marks()
    grown, full = runner.run(archive, "grown", marks, base), runner.run(archive, "full", marks)
    for found, wanted, what in zip(rows_of(archive, grown), rows_of(archive, full), ("lake", "results")):
        equal(found, wanted, what)
    events, rejected = events_of(archive, marks, is_excluded)
    lake, results = rows_of(archive, full)
    equal(comparable(results), states_of(events), "states")
    equal(len(lake), len(events) + rejected, "events in the lake")
    left_out = sum(
        1 for records in archive.records.values() for record in records
        if (parsed(record) is not None and is_excluded(parsed(record)))
    )
    assert left_out > 50, left_out
    equal((full["counts"]["excluded"], full["exclusions"], grown["exclusions"]), (left_out, 4, 4), "excluded")


@case("a base of another model is refused")
def other_model(runner):
    archive = runner.archive(seed=8)
    archive.put_random(20)
    archive.archive()
    base = runner.run(archive, "base", archive.marks())
    with open(os.path.join(archive.root, "manifests", "base.json"), "w") as file:
        json.dump({**base, "modelVersion": "0" * 12}, file)
    message = failure_of(lambda: runner.run(archive, "other", archive.marks(), base))
    assert "recompute in full" in message, message


def main(model_file, worker_dir, work_dir):
    with open(model_file) as file:
        model = json.load(file)
    spark = recompute.session()
    spark.sparkContext.setLogLevel("OFF")
    runner = Runner(spark, model, worker_dir, work_dir)
    for name, run in CASES:
        try:
            run(runner)
            problem = None
        except Exception:
            problem = traceback.format_exc(limit=4)[-3000:]
        print(json.dumps({"name": name, "problem": problem}), flush=True)
    spark.stop()


if __name__ == "__main__":
    main(*sys.argv[1:])
