"""Holds the emulator's streams, as localstack/emulator/streams.py changes them, to what the emulator's own code answers."""
import copy
import os
import random
import sys

from ministack.services import kinesis

own_start, own_expire, own_expire_iterators = kinesis._start_position, kinesis._expire_records, kinesis._expire_iterators
sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "..", "..", "localstack", "emulator"))
import streams  # noqa: E402  after the emulator's own code was kept


def records(choose, now, retained):
    at = now - retained - choose.randrange(0, 60)
    held = []
    for place in range(choose.randrange(0, 40)):
        at += choose.choice([0, 0.001, 5, 30])
        held.append({"SequenceNumber": f"{int(at * 1000):020d}{place:010d}", "ApproximateArrivalTimestamp": at})
    return held


def check_iterators(choose):
    now = kinesis.time.time()
    ages = sorted((choose.uniform(0, 600) for _ in range(200)), reverse=True)
    left = []
    for expire in (streams.expire_iterators, own_expire_iterators):
        kinesis._shard_iterators.clear()
        for place, age in enumerate(ages):
            kinesis._shard_iterators[f"token-{place}"] = {"created_at": now - age}
        expire()
        left.append(list(kinesis._shard_iterators))
    assert left[0] == left[1] and 0 < len(left[0]) < len(ages), left


def main():
    check_iterators(random.Random(2))
    choose, compared, expired = random.Random(1), 0, 0
    for _ in range(300):
        now = kinesis.time.time()
        held = records(choose, now, 3600)
        asked = [record["SequenceNumber"] for record in held] + ["", "0" * 30, "9" * 30]
        asked += [record["SequenceNumber"][:-1] + "5" for record in held]
        for sequence_number in asked:
            for kind in ("AT_SEQUENCE_NUMBER", "AFTER_SEQUENCE_NUMBER", "TRIM_HORIZON", "LATEST", "NONE_SUCH"):
                wanted = own_start(held, kind, sequence_number, None)
                found = streams.start_position_by_halves(held, kind, sequence_number, None)
                assert found == wanted, (kind, sequence_number, found, wanted)
                compared += 1
        stream = {"StreamARN": "arn", "RetentionPeriodHours": 1, "shards": {"a": {"records": held}, "b": {"records": held[::2]}}}
        plain = copy.deepcopy(stream)
        streams.expire_records(stream)
        own_expire(plain)
        # Between the two looks at the clock another may have expired.
        for shard, left in stream["shards"].items():
            rest = plain["shards"][shard]["records"]
            assert left["records"][len(left["records"]) - len(rest):] == rest and len(left["records"]) - len(rest) <= 1
            expired += len(held) - len(left["records"])
    assert compared > 10_000 and expired > 100, (compared, expired)
    print(compared, expired)


main()
