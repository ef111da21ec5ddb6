"""Starts the AWS emulator, with the housekeeping of its streams paced.

The emulator looks through every iterator at each request for a stream, and through every record at each read. With a
consumer that reads all the time and a stream of some hundred thousand records, that is all that it does. Once a second
is enough: an iterator's five minutes and a record's retention are kept to within that second.
"""

import time

from ministack.app import main
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


kinesis._expire_iterators = paced(kinesis._expire_iterators, lambda: None)
kinesis._expire_records = paced(kinesis._expire_records, lambda stream: stream["StreamARN"])

main()
