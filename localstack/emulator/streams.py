"""Keeps the emulator's streams in time that does not grow with what they hold.

The emulator looks through every iterator at each request for a stream, through every record for those that have expired,
and through every record of a shard for the place where a read begins. With consumers that read all the time and a stream of
some hundred thousand records, that is all that it does. A shard's records stand in the order of their sequence numbers,
which are all of one width, and arrived in that order: the place is found by halving. What has expired stands first, iterators too.
Once a second is enough to look for it: an iterator's five minutes and a record's retention are kept to within that second.
"""

import time

from ministack.services import kinesis

SECONDS_BETWEEN = 1.0


def paced(work, key):
    last = {}

    def run(*arguments):
        now = time.monotonic()
        place = key(*arguments)
        if now - last.get(place, float("-inf")) >= SECONDS_BETWEEN:
            last[place] = now
            work(*arguments)

    return run


def expire_records(stream):
    """Where the clock went back, a record may stay for as long as one before it does."""
    cutoff = time.time() - stream["RetentionPeriodHours"] * 3600
    for shard in stream["shards"].values():
        records = shard["records"]
        expired = 0
        while expired < len(records) and records[expired]["ApproximateArrivalTimestamp"] < cutoff:
            expired += 1
        if expired:
            shard["records"] = records[expired:]


def expire_iterators():
    """Iterators stand in the order in which they were made, of all accounts and regions."""
    held, expired, now = kinesis._shard_iterators._data, [], time.time()
    for token, iterator in held.items():
        if now - iterator["created_at"] <= kinesis.ITERATOR_EXPIRY_SECONDS:
            break
        expired.append(token)
    for token in expired:
        del held[token]


def first_place(records, is_there):
    """The first of ordered records that `is_there`; their count where none is."""
    low, high = 0, len(records)
    while low < high:
        middle = (low + high) // 2
        if is_there(records[middle]):
            high = middle
        else:
            low = middle + 1
    return low


start_position = kinesis._start_position


def start_position_by_halves(records, it_type, seq, at_ts):
    if it_type == "AT_SEQUENCE_NUMBER":
        return first_place(records, lambda record: record["SequenceNumber"] >= seq)
    if it_type == "AFTER_SEQUENCE_NUMBER":
        return first_place(records, lambda record: record["SequenceNumber"] > seq)
    return start_position(records, it_type, seq, at_ts)


def change():
    """Puts these in the place of the emulator's own; before it starts."""
    kinesis._start_position = start_position_by_halves
    kinesis._expire_iterators = paced(expire_iterators, lambda: None)
    kinesis._expire_records = paced(expire_records, lambda stream: stream["StreamARN"])
