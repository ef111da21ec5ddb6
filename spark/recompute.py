"""The recompute: raw archive in, a dataset out. It knows no event and no metric.

    spark-submit recompute.py s3://BUCKET/jobs/DATASET.json [--worker-dir DIR]

One pass: raw objects are decoded by the Node worker (the very model that the speed layer runs), shuffled by lake
partition and sorted by identity, so that the first row of an identity wins; the tasks that see the winners write the
lake and hand on their contributions, which Spark merges and the last tasks write as results. Each file that a task
wrote comes back as a row, and the manifest is made of these: what it does not name does not exist.

An incremental run (a specification with `baseManifestKey`) does the same for the buckets that new records fall in, with
the base's events of those buckets beside the new ones, and carries everything else over.

Files have names and contents that depend on the specification alone, so a task that runs twice writes the same file
twice. Needs pyarrow and pandas wherever Python runs, and Python 3.9 or later.
"""
from __future__ import annotations

import argparse
import json
import math
import os
import struct
import subprocess
import sys
import threading
from collections import Counter, defaultdict, deque
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any, Callable, Iterable, Iterator, Optional
from urllib.parse import quote, urlsplit

try:
    import numpy
    import pandas
    import pyarrow as pa
    import pyarrow.compute as pc
    import pyarrow.fs
    import pyarrow.parquet as pq
except ImportError as missing:
    raise SystemExit(
        f"The recompute needs pyarrow and pandas, and {missing.name} is missing in {sys.executable}. On EMR Serverless, ship a "
        "Python environment that holds them by spark.archives and point spark.emr-serverless.driverEnv.PYSPARK_PYTHON and "
        "spark.executorEnv.PYSPARK_PYTHON at its python; elsewhere, install requirements.txt."
    ) from missing

from pyspark import SparkFiles, StorageLevel, TaskContext
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

REJECTED = "_rejected"

# ---- sizes ---------------------------------------------------------------------------------------------------------

MIB = 1024 * 1024
TASK_INPUT_BYTES = 16 * MIB
"""What one task decodes, gzipped: some 150 MB of records."""
TASK_SHUFFLE_BYTES = 16 * MIB
SMALL_OBJECT_BYTES = 8 * MIB
"""Objects up to here are read whole and ahead, READ_AHEAD at a time: S3's latency, not its bandwidth, is their cost."""
READ_AHEAD = 8
CHUNK_BYTES = MIB
ROW_GROUP_ROWS = 128 * 1024
ROW_GROUP_BYTES = 64 * MIB
RECORDS_PER_BATCH = 1000
"""Kinesis records hold up to 1 MiB, and an Arrow column of text up to 2 GiB."""
COUNT_FIRST_ABOVE_BYTES = 256 * MIB
"""A full recompute of more than this, gzipped, counts events by date before it shuffles them, to split the large dates: small
records are some 35 bytes each, so that up to here one date holds eight million at most."""
EVENTS_PER_FILE = 2_000_000
ROWS_SORTED_AT_ONCE = 500_000
"""A sort that holds more asks for one array of all their places, and a copy of it to sort by: with millions of rows a task, a
heap of 2 GiB has no such piece left, though Spark counts it as free."""
PATIENCE = {"connect_timeout": 10, "request_timeout": 60}
"""Seconds. pyarrow's own (1 and 3) give a job up, minutes of work with it, where the store is busy for a moment."""

# ---- files ---------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Store:
    """The data bucket, or a folder standing in for it: `root` is s3://BUCKET or file:///DIR. Cheap to send to tasks."""

    root: str
    endpoint: Optional[str] = None
    region: Optional[str] = None

    @staticmethod
    def at(root: str) -> "Store":
        if root.startswith("file://"):
            return Store(root)
        env = os.environ
        endpoint = env.get("AWS_ENDPOINT_URL_S3") or env.get("AWS_ENDPOINT_URL")
        region = env.get("AWS_REGION") or env.get("AWS_DEFAULT_REGION")
        if region is None:
            region = "us-east-1" if endpoint else pyarrow.fs.resolve_s3_region(urlsplit(root).netloc)
        return Store(root, endpoint, region)

    def path(self, key: str) -> str:
        parts = urlsplit(self.root)
        return "/".join(part for part in [parts.netloc + parts.path.rstrip("/"), key] if part)

    def files(self) -> pyarrow.fs.FileSystem:
        if self.root.startswith("file://"):
            return pyarrow.fs.LocalFileSystem()
        endpoint = {}
        if self.endpoint:
            parts = urlsplit(self.endpoint)
            endpoint = {"endpoint_override": parts.netloc, "scheme": parts.scheme}
        return pyarrow.fs.S3FileSystem(region=self.region, background_writes=False, **PATIENCE, **endpoint)

    def read_json(self, key: str) -> Any:
        with self.files().open_input_stream(self.path(key)) as stream:
            return json.loads(stream.read())

    def write_json(self, key: str, value: Any) -> None:
        with self.create(self.files(), key) as stream:
            stream.write(json.dumps(value, separators=(",", ":"), sort_keys=True).encode())

    def create(self, files: pyarrow.fs.FileSystem, key: str) -> pa.NativeFile:
        path = self.path(key)
        if self.root.startswith("file://"):
            files.create_dir(path.rsplit("/", 1)[0], recursive=True)
        return files.open_output_stream(path, compression=None)


class PartitionWriter:
    """Writes rows that come partition by partition, one Parquet file each, in row groups of bounded size."""

    def __init__(self, store: Store, fact: Callable[[Any, str, int, int], dict]):
        self.store, self.files, self.fact = store, store.files(), fact
        self.partition: Any = None
        self.facts: list[dict] = []

    def write(self, partition: Any, key: str, rows: pa.Table) -> None:
        if partition != self.partition:
            self.close()
            self.partition, self.key, self.rows = partition, key, 0
            self.pending: list[pa.Table] = []
            self.sink = self.store.create(self.files, key)
            self.writer = pq.ParquetWriter(self.sink, rows.schema, compression="snappy", version="2.6")
        self.pending.append(rows)
        pending_bytes = sum(table.nbytes for table in self.pending)
        if pending_bytes >= ROW_GROUP_BYTES or sum(table.num_rows for table in self.pending) >= ROW_GROUP_ROWS:
            self.flush()

    def flush(self) -> None:
        if self.pending:
            table = pa.concat_tables(self.pending)
            self.writer.write_table(table, row_group_size=table.num_rows)
            self.rows += table.num_rows
            self.pending = []

    def close(self) -> None:
        if self.partition is None:
            return
        self.flush()
        self.writer.close()
        file_bytes = self.sink.tell()
        self.sink.close()
        self.facts.append(self.fact(self.partition, self.key, file_bytes, self.rows))
        self.partition = None


# ---- the worker ----------------------------------------------------------------------------------------------------

MAGIC = 0x4B524D54
HEADER, HEADER_BYTES = "<III", 12
SOURCE, LINES, RECORDS, BLOCK, DONE, EXCLUSIONS = 1, 2, 3, 4, 5, 6
STDERR_LINES = 20


class WorkerFailed(Exception):
    """The worker died, or wrote what is no frame."""


class Worker:
    """The Node worker of one task: a thread feeds its stdin and one keeps the end of its stderr, so neither can block the
    reading of its stdout."""

    def __init__(self, directory: str, feed: Callable[[Callable[[int, list], None]], None]):
        self.process = subprocess.Popen(
            [os.path.join(directory, "node"), os.path.join(directory, "worker.cjs")],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, bufsize=MIB,
        )
        self.feed_error: Optional[BaseException] = None
        self.stderr: deque = deque(maxlen=STDERR_LINES)
        self.threads = [
            threading.Thread(target=self._feed, args=(feed,), daemon=True),
            threading.Thread(target=lambda: self.stderr.extend(self.process.stderr), daemon=True),
        ]
        for thread in self.threads:
            thread.start()

    def blocks(self) -> Iterator[bytes]:
        try:
            kind, payload = self._read_frame()
            while kind == BLOCK:
                yield payload
                kind, payload = self._read_frame()
            if kind != DONE or self.process.stdout.read(1):
                raise self._failure(f"sent a frame of kind {kind} out of turn")
            if self.process.wait() != 0:
                raise self._failure("failed after its last frame")
        finally:
            self.process.kill()
            self.process.wait()
            for thread in self.threads:
                thread.join()
            for stream in (self.process.stdout, self.process.stderr):
                stream.close()

    def _feed(self, feed: Callable[[Callable[[int, list], None]], None]) -> None:
        try:
            feed(self._send)
            self.process.stdin.close()
        except BrokenPipeError:
            # The worker is gone: the reader sees its output end, and tells why.
            self._drop_stdin()
        except BaseException as error:  # handed to the reader, which raises it
            self.feed_error = error
            self.process.kill()
            self._drop_stdin()

    def _drop_stdin(self) -> None:
        try:
            self.process.stdin.close()
        except BrokenPipeError:
            self.stderr.append(b"(its input was not all taken)\n")

    def _send(self, kind: int, parts: list) -> None:
        self.process.stdin.write(struct.pack(HEADER, MAGIC, kind, sum(len(part) for part in parts)))
        for part in parts:
            self.process.stdin.write(part)

    def _read_frame(self) -> tuple[int, bytes]:
        header = self.process.stdout.read(HEADER_BYTES)
        if len(header) < HEADER_BYTES:
            raise self._failure("ended before it was done")
        magic, kind, length = struct.unpack(HEADER, header)
        if magic != MAGIC:
            raise self._failure(f"wrote what is no frame ({header!r})")
        payload = self.process.stdout.read(length)
        if len(payload) < length:
            raise self._failure("ended within a frame")
        return kind, payload

    def _failure(self, fact: str) -> BaseException:
        self.process.kill()
        code = self.process.wait()
        for thread in self.threads:
            thread.join()
        if self.feed_error is not None:
            return self.feed_error
        said = b"".join(self.stderr).decode("utf-8", "replace").strip()
        return WorkerFailed(f"The Node worker {fact} (exit {code}). It said: {said or 'nothing'}")


def worker_directory(name: str) -> str:
    """Where Spark unpacked the archive: the working directory, or in local mode the folder of shipped files."""
    places = [os.path.abspath(name), os.path.join(SparkFiles.getRootDirectory(), name)]
    for place in places:
        if os.path.exists(os.path.join(place, "worker.cjs")):
            return place
    raise FileNotFoundError(f"No worker.cjs in {' or '.join(places)}: ship it by spark.archives=…/worker.tar.gz#{name}.")


# ---- what the worker reads -----------------------------------------------------------------------------------------


def feed_raw(store: Store, objects: list[dict], send: Callable[[int, list], None]) -> None:
    for item, stream in opened(store, objects):
        source = {"name": item["key"], "shardId": item["shardId"], "above": item["above"], "upTo": item["upTo"]}
        send(SOURCE, [json.dumps(source).encode()])
        try:
            for lines in whole_lines(stream):
                send(LINES, [lines])
        except (OSError, pa.ArrowException) as error:
            if isinstance(error, BrokenPipeError):
                raise
            raise OSError(f"{item['key']} can't be unzipped: {error}") from error


def opened(store: Store, objects: list[dict]) -> Iterator[tuple[dict, pa.NativeFile]]:
    files = store.files()

    def whole(key: str) -> bytes:
        with files.open_input_stream(store.path(key), compression=None) as stream:
            return stream.read()

    with ThreadPoolExecutor(READ_AHEAD) as pool:
        ahead: deque = deque()
        for item in objects + [None] * READ_AHEAD:
            if item is not None:
                small = item["bytes"] <= SMALL_OBJECT_BYTES
                ahead.append((item, pool.submit(whole, item["key"]) if small else None))
            if ahead and (item is None or len(ahead) > READ_AHEAD):
                first, content = ahead.popleft()
                raw = pa.BufferReader(content.result()) if content else files.open_input_stream(store.path(first["key"]), compression=None)
                with pa.CompressedInputStream(raw, "gzip") as stream:
                    yield first, stream


def whole_lines(stream: pa.NativeFile) -> Iterator[bytes]:
    rest = b""
    while True:
        chunk = stream.read(CHUNK_BYTES)
        if not chunk:
            break
        end = chunk.rfind(b"\n") + 1
        if end == 0:
            rest += chunk
        else:
            yield rest + chunk[:end]
            rest = chunk[end:]
    if rest:
        yield rest


def feed_lake(store: Store, files_of_lake: list[dict], send: Callable[[int, list], None]) -> None:
    columns = ["shard_id", "sequence_number", "arrival_time", "data", "data_base64", "sub_sequence"]
    files = store.files()
    for item in files_of_lake:
        with files.open_input_file(store.path(item["key"])) as source:
            for batch in pq.ParquetFile(source).iter_batches(RECORDS_PER_BATCH, columns=columns):
                shard, sequence, arrival, data, base64, sub = (batch.column(name) for name in columns)
                buffers = text_buffers(shard) + text_buffers(sequence) + [epoch_ms(arrival).cast(pa.float64()).to_numpy().tobytes()]
                buffers += text_buffers(data) + text_buffers(base64) + [sub.cast(pa.float64()).to_numpy().tobytes()]
                parts = [struct.pack("<I", batch.num_rows)]
                for buffer in buffers:
                    parts += [struct.pack("<I", len(buffer)), buffer]
                send(RECORDS, parts)


def epoch_ms(times: pa.Array) -> pa.Array:
    return times.cast(pa.timestamp("ms")).cast(pa.int64())


def text_buffers(texts: pa.Array) -> list[bytes]:
    """Validity, ends and bytes of a column of text that may be a slice."""
    _, ends, data = texts.buffers()
    count = len(texts)
    ends = numpy.frombuffer(ends, numpy.int32, count + 1, 4 * texts.offset)
    known = numpy.packbits(texts.is_valid().to_numpy(zero_copy_only=False), bitorder="little") if texts.null_count else b""
    content = data.slice(int(ends[0]), int(ends[-1] - ends[0])).to_pybytes() if data is not None else b""
    return [bytes(known), (ends - ends[0]).tobytes(), content]


# ---- what the worker writes ----------------------------------------------------------------------------------------

CONTRIBUTION = pa.struct([
    ("metric", pa.string()), ("bucket", pa.int64()), ("dims", pa.list_(pa.string())), ("component", pa.string()),
    ("op", pa.string()), ("value", pa.int64()), ("distinct", pa.bool_()), ("body", pa.string()),
])
DECODED = pa.schema([
    ("event_type", pa.string()), ("event_id", pa.string()), ("event_time", pa.int64()), ("event_date", pa.string()),
    ("shard_id", pa.string()), ("sequence_number", pa.string()), ("sub_sequence", pa.int64()), ("arrival_time", pa.int64()),
    ("data", pa.string()), ("data_base64", pa.string()), ("rejection_reason", pa.string()), ("rejection_detail", pa.string()),
    ("contributions", pa.list_(CONTRIBUTION)), ("left_out", pa.int64()), ("fields", pa.list_(pa.string())), ("fresh", pa.bool_()),
])
LEFT_OUT_HERE, LEFT_OUT_THERE = 1, 2
"""Flags of `left_out`: the dataset leaves the record out; what is served does."""
CONTRIBUTION_DDL = "metric string, bucket bigint, dims array<string>, component string, op string, value bigint, body string, counted string"
DECODED_DDL = (
    "event_type string, event_id string, event_time bigint, event_date string, shard_id string, sequence_number string, "
    "sub_sequence bigint, arrival_time bigint, data string, data_base64 string, rejection_reason string, rejection_detail string, contributions "
    "array<struct<metric:string,bucket:bigint,dims:array<string>,component:string,op:string,value:bigint,distinct:boolean,body:string>>, "
    "left_out bigint, fields array<string>, fresh boolean"
)


def decoded_block(payload: bytes, fresh: bool) -> pa.RecordBatch:
    """A block's columns, in the order of `Block.take` in block.ts. Raises where they don't fit together."""
    records, contributions, dimensions, fields = struct.unpack_from("<IIII", payload)
    buffers = block_buffers(pa.py_buffer(payload), 16)

    def text(count: int) -> pa.Array:
        validity, ends, content = next(buffers), next(buffers), next(buffers)
        return pa.Array.from_buffers(pa.string(), count, [validity if validity.size else None, ends, content])

    def integer(count: int) -> pa.Array:
        return pa.Array.from_buffers(pa.float64(), count, [None, next(buffers)]).cast(pa.int64())

    def texts(count: int, inside: int) -> pa.Array:
        return pa.Array.from_buffers(pa.list_(pa.string()), count, [None, next(buffers)], children=[text(inside)])

    columns = [text(records), text(records), integer(records)] + [text(records) for _ in range(3)]
    columns += [integer(records), integer(records)] + [text(records) for _ in range(4)]
    contribution_ends = next(buffers)
    metric, bucket, dims = text(contributions), integer(contributions), texts(contributions, dimensions)
    component, op, value, distinct = text(contributions), text(contributions), integer(contributions), integer(contributions)
    members = [metric, bucket, dims, component, op, value, distinct.cast(pa.bool_()), text(contributions)]
    structs = pa.StructArray.from_arrays(members, fields=list(CONTRIBUTION))
    columns += [pa.Array.from_buffers(pa.list_(CONTRIBUTION), records, [None, contribution_ends], children=[structs]), integer(records), texts(records, fields)]
    batch = pa.RecordBatch.from_arrays(columns + [pa.array([fresh] * records, pa.bool_())], schema=DECODED)
    batch.validate(full=True)
    return batch


def block_buffers(payload: pa.Buffer, at: int) -> Iterator[pa.Buffer]:
    while at < payload.size:
        (length,) = struct.unpack_from("<I", payload, at)
        if at + 4 + length > payload.size:
            raise WorkerFailed(f"The Node worker sent a column of {length} bytes that a block of {payload.size} can't hold.")
        yield payload.slice(at + 4, length)
        at += 4 + length


def decode(spark: SparkSession, store: Store, worker_dir: str, inputs: list[dict], fresh: bool, left_out: Optional[bytes]) -> DataFrame:
    """The decoded records of raw objects (`fresh`), or of the lake's files; what counts nowhere as nothing but its place."""
    groups = grouped(inputs, spark.sparkContext.defaultParallelism)
    shared = spark.sparkContext.broadcast((groups, left_out))
    feed_inputs = feed_raw if fresh else feed_lake

    def feed_all(members: list[dict], send: Callable[[int, list], None]) -> None:
        _, exclusions = shared.value
        if exclusions is not None:
            send(EXCLUSIONS, [exclusions])
        feed_inputs(store, members, send)

    def blocks(batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        for batch in batches:
            for group in batch.column(0).to_pylist():
                members = shared.value[0][group]
                worker = Worker(worker_directory(worker_dir), lambda send: feed_all(members, send))
                for payload in worker.blocks():
                    yield decoded_block(payload, fresh)

    return spark.range(0, len(groups), 1, max(1, len(groups))).mapInArrow(blocks, DECODED_DDL)


def grouped(inputs: list[dict], cores: int) -> list[list[dict]]:
    """Inputs in groups of about one size, a task each, in their order."""
    total = sum(item["bytes"] for item in inputs)
    count = min(len(inputs), max(cores, math.ceil(total / TASK_INPUT_BYTES)))
    groups: list[list[dict]] = [[] for _ in range(count)]
    before = 0
    for item in inputs:
        groups[min(count - 1, before * count // max(1, total))].append(item)
        before += item["bytes"]
    return [group for group in groups if group]


# ---- winners -------------------------------------------------------------------------------------------------------

LAKE_COLUMNS = [
    "event_id", "event_time", "shard_id", "sequence_number", "sub_sequence", "arrival_time", "data", "data_base64", "rejection_reason", "rejection_detail",
]


def keep_winners(
    store: Store, task: dict, rewritten: Optional[set], touched: Optional[dict], batches: Iterable[pa.RecordBatch],
) -> Iterator[pa.RecordBatch]:
    """Of rows sorted by identity and place in the stream, writes the first of each identity that is not left out to the lake
    (where its partition is `rewritten`; None: all are) and yields its contributions (where their bucket is `touched`; None:
    all are). The last rows have no metric: their component is a fact for the manifest, as JSON. Of the specification, `task`
    holds what each task must know."""
    dataset, columns, served = task["datasetId"], task["lakeColumns"], task["served"]

    def lake_fact(partition: tuple, key: str, size: int, rows: int) -> dict:
        return {"kind": "lake", "group": partition[0], "name": partition[1], "key": key, "bytes": size, "rows": rows}

    writer = PartitionWriter(store, lake_fact)
    counts: Counter = Counter(read=0, duplicates=0, rejected=0, excluded=0)
    apart = Apart(served) if served is not None else None
    reused, kept_before = ReusedIds(), Before()
    previous: Optional[pa.RecordBatch] = None
    for batch in batches:
        if batch.num_rows == 0:
            continue
        starts, again = identity_starts(batch, previous), redelivered(batch, previous)
        left_out = batch.column("left_out").to_numpy()
        kept = (left_out & LEFT_OUT_HERE) == 0
        first = kept & ~kept_before.take(kept, starts)
        if apart is not None:
            apart.take(batch, starts, again, first, left_out)
        previous = batch.slice(batch.num_rows - 1)
        fresh = batch.column("fresh").to_numpy(zero_copy_only=False)
        rejected = pc.equal(batch.column("event_type"), REJECTED).to_numpy(zero_copy_only=False)
        excluded = ~kept & ~again
        for name, mask in (("read", fresh), ("duplicates", fresh & ~first & ~excluded), ("rejected", fresh & first & rejected), ("excluded", fresh & excluded)):
            counts[name] += int(numpy.count_nonzero(mask))
        winners = batch.filter(pa.array(first))
        for event_type, date, part, rows in runs(winners):
            if event_type != REJECTED:
                reused.add((event_type, date, part), rows)
            if rewritten is None or (event_type, date) in rewritten:
                key = f"lake/event_type={quote(event_type, safe='')}/event_date={date}/{dataset}-{part:05d}.parquet"
                writer.write((event_type, date, part), key, lake_table(rows, columns.get(event_type, [])))
        contributions = contribution_batch(winners, touched)
        if contributions.num_rows:
            yield contributions
    writer.close()
    counts["idsReused"] = reused.closed()
    counts_fact = {"kind": "counts", "partition": TaskContext.get().partitionId(), **counts}
    yield fact_batch(writer.facts + [counts_fact] + (apart.facts(counts_fact["partition"]) if apart is not None else []))


class ReusedIds:
    """Counts ids that stand at more than one event time, one of them in a new record: mostly a producer that sends an event
    again with another time, which makes it another event. Only within an event type and UTC date, whose events a task
    sees all (of a large date those whose ids share a part): to compare all dates would be a shuffle of every id. It
    holds eight bytes for each event of one partition: 63 bits of its id's hash, and whether it is new."""

    def __init__(self) -> None:
        self.partition: Any = None
        self.count = 0

    def add(self, partition: tuple, rows: pa.RecordBatch) -> None:
        if partition != self.partition:
            self.closed()
            self.partition = partition
            self.sorted: list[numpy.ndarray] = []
            self.open, self.used = numpy.empty(HASHES_SORTED_AT_ONCE, numpy.uint64), 0
        ids = pandas.util.hash_array(rows.column("event_id").to_numpy(zero_copy_only=False), categorize=False)
        fresh = rows.column("fresh").to_numpy(zero_copy_only=False)
        hashes = (ids & ~numpy.uint64(1)) | fresh.astype(numpy.uint64)
        while len(hashes):
            taken = hashes[: len(self.open) - self.used]
            self.open[self.used : self.used + len(taken)] = taken
            self.used, hashes = self.used + len(taken), hashes[len(taken) :]
            if self.used == len(self.open):
                self.open.sort()
                self.sorted.append(self.open)
                self.open, self.used = numpy.empty(HASHES_SORTED_AT_ONCE, numpy.uint64), 0

    def closed(self) -> int:
        """All counted up to here. Looks at a range of hashes at a time, so that what is held is never held twice."""
        if self.partition is not None:
            blocks = [*self.sorted, numpy.sort(self.open[: self.used])]
            bounds = [numpy.uint64((at << 64) // len(blocks)) for at in range(1, len(blocks))]
            parts = [numpy.split(block, block.searchsorted(bounds)) if bounds else [block] for block in blocks]
            for of_range in zip(*parts):
                self.count += reused_among(numpy.sort(numpy.concatenate(of_range)))
            self.partition = None
            del self.sorted, self.open
        return self.count


HASHES_SORTED_AT_ONCE = 256 * 1024


def reused_among(hashes: numpy.ndarray) -> int:
    """How many ids stand several times in sorted hashes, at least once with the lowest bit set."""
    if len(hashes) == 0:
        return 0
    ids = hashes >> numpy.uint64(1)
    starts = numpy.flatnonzero(numpy.append(True, ids[1:] != ids[:-1]))
    times = numpy.diff(numpy.append(starts, len(ids)))
    is_new = numpy.bitwise_or.reduceat(hashes & numpy.uint64(1), starts) == 1
    return int(numpy.count_nonzero((times > 1) & is_new))


def identity_starts(batch: pa.RecordBatch, previous: Optional[pa.RecordBatch]) -> numpy.ndarray:
    """Which rows differ from the row before them in type, time or id. `previous` is the last row of the batch before."""
    differs = None
    for name in ("event_id", "event_time", "event_type"):
        column = batch.column(name)
        before = previous.column(name) if previous is not None else pa.nulls(1, column.type)
        unequal = pc.not_equal(column, pa.concat_arrays([before, column.slice(0, len(column) - 1)]))
        differs = unequal if differs is None else pc.or_kleene(differs, unequal)
    return pc.fill_null(differs, True).to_numpy(zero_copy_only=False)


class Before:
    """Tells of sorted rows whether one of a kind came before them within their identity, from batch to batch."""

    def __init__(self) -> None:
        self.had = False

    def take(self, kind: numpy.ndarray, starts: numpy.ndarray) -> numpy.ndarray:
        """Which rows have one of the kind before them. `starts`: where identities begin; the batch before may have begun the first."""
        seen = numpy.cumsum(kind) - kind + int(self.had)
        at = numpy.maximum.accumulate(numpy.where(starts, numpy.arange(len(starts)), 0))
        before = numpy.where(numpy.cumsum(starts) > 0, seen[at], 0)
        earlier = seen > before
        self.had = bool(earlier[-1] or kind[-1])
        return earlier


class Apart:
    """Tells which records one side counts and the other does not: what is served now, and what is built here. Served are,
    of each identity, the first record at or below the live dataset's mark, and every one above it that the speed table
    has reached and not left out as a duplicate, without those excluded there; built is the first of all that are not excluded
    here. Kept is what such records add to each metric and bucket, merged op by op, in one of four accounts (`DatasetApart`
    of specification.ts). Where both sides exclude alike, what is served and not built is a `duplicate`, and what is built
    and not served is `behind`; all other differences come of the exclusions."""

    def __init__(self, served: dict):
        self.marks, self.positions = served["marks"], served["positions"]
        self.window, self.ancestors = served["duplicatesWindowMs"], served["ancestors"]
        self.below_before, self.there_before = Before(), Before()
        self.firsts: list[tuple[str, int]] = []
        self.totals: dict = {account: {} for account in ACCOUNTS}

    def take(self, batch: pa.RecordBatch, starts: numpy.ndarray, again: numpy.ndarray, built: numpy.ndarray, left_out: numpy.ndarray) -> None:
        there, here = ~again & ((left_out & LEFT_OUT_THERE) == 0), (left_out & LEFT_OUT_HERE) == 0
        below, reached = self.sides(batch)
        first_below = below & there & ~self.below_before.take(below & there, starts)
        served = first_below | (there & ~below & reached & ~self.duplicates(batch, starts, there))
        # What would be built if the exclusions had stayed what they were.
        unchanged = there & ~self.there_before.take(there, starts)
        missing, extra = served & ~built, built & ~served
        behind = extra & ~below & ~reached
        masks = (missing & here & ~unchanged, behind, missing & (~here | unchanged), extra & ~behind)
        for account, mask in zip(ACCOUNTS, masks):
            if mask.any():
                self.add(self.totals[account], batch.filter(pa.array(mask)))

    def duplicates(self, batch: pa.RecordBatch, starts: numpy.ndarray, there: numpy.ndarray) -> numpy.ndarray:
        """Which rows the speed table takes for duplicates: an earlier one of the identity in the shard's line, itself none
        and not excluded, arrived within the window. Looked at are identities of several rows, and the last one, which may go on."""
        mask = numpy.zeros(len(starts), bool)
        several = numpy.flatnonzero(~starts | numpy.append(~starts[1:], True))
        places = pa.array(several)
        shards, arrivals = batch.column("shard_id").take(places).to_pylist(), batch.column("arrival_time").take(places).to_pylist()
        for row, shard, arrival in zip(several.tolist(), shards, arrivals):
            if starts[row]:
                self.firsts = []
            if not there[row]:
                continue
            line = (shard, *self.ancestors.get(shard, ()))
            mask[row] = any(first in line and abs(at - arrival) <= self.window for first, at in self.firsts)
            if not mask[row]:
                self.firsts.append((shard, arrival))
        return mask

    def sides(self, batch: pa.RecordBatch) -> tuple[numpy.ndarray, numpy.ndarray]:
        """Which rows lie at or below the live dataset's marks, and which the speed table has reached."""
        shards, sequences = batch.column("shard_id"), batch.column("sequence_number")
        below, reached = numpy.zeros(len(shards), bool), numpy.zeros(len(shards), bool)
        for shard in pc.unique(shards).to_pylist():
            own = pc.equal(shards, shard)
            for mask, bounds, without in ((below, self.marks, False), (reached, self.positions, True)):
                inside = pc.and_(own, pc.less_equal(sequences, bounds[shard])) if shard in bounds else pc.and_(own, without)
                mask |= inside.to_numpy(zero_copy_only=False)
        return below, reached

    @staticmethod
    def add(totals: dict, rows: pa.RecordBatch) -> None:
        lists = rows.column("contributions")
        flat = pa.Table.from_batches([pa.RecordBatch.from_struct_array(lists.flatten())])
        flat = flat.append_column("record", pc.list_parent_indices(lists)).filter(pc.invert(pc.field("distinct")))
        merged = flat.group_by(["metric", "bucket", "op"]).aggregate(
            [("record", "count_distinct"), ("value", "sum"), ("value", "min"), ("value", "max")],
        )
        for row in merged.to_pylist():
            total = totals.setdefault((row["metric"], row["bucket"]), {"records": 0})
            op, value = row["op"], row[f"value_{row['op']}"]
            total[op] = OPS[op](total[op], value) if op in total else value
            # A record adds to a metric by one op or by several at once, so the op that most records have counts them.
            total[f"of_{op}"] = total.get(f"of_{op}", 0) + row["record_count_distinct"]
            total["records"] = max(total["records"], total[f"of_{op}"])

    def facts(self, partition: int) -> list[dict]:
        """One for each account: metric, bucket (epoch ms), records, and for each op what they merge to (as text; null: nothing)."""
        return [
            {"kind": "apart", "partition": partition, "account": account, "buckets": [
                [metric, bucket, total["records"], *(str(total[op]) if op in total else None for op in OPS)]
                for (metric, bucket), total in sorted(totals.items())
            ]}
            for account, totals in self.totals.items() if totals
        ]


ACCOUNTS = ("duplicate", "behind", "excluded", "included")
OPS: dict = {"sum": lambda a, b: a + b, "min": min, "max": max}


def redelivered(batch: pa.RecordBatch, previous: Optional[pa.RecordBatch]) -> numpy.ndarray:
    """Which rows are the row before them, archived twice."""
    same = numpy.ones(batch.num_rows, bool)
    for name in ("sequence_number", "sub_sequence", "shard_id"):
        column = batch.column(name)
        before = previous.column(name) if previous is not None else pa.nulls(1, column.type)
        equal = pc.equal(column, pa.concat_arrays([before, column.slice(0, len(column) - 1)]))
        same &= pc.fill_null(equal, False).to_numpy(zero_copy_only=False)
    return same


def runs(rows: pa.RecordBatch) -> Iterator[tuple[str, str, int, pa.RecordBatch]]:
    """The parts of sorted rows that share a lake partition and part."""
    if rows.num_rows == 0:
        return
    changes = numpy.zeros(rows.num_rows, bool)
    for name in ("event_type", "event_date", "part"):
        column = rows.column(name)
        unequal = pc.not_equal(column.slice(1), column.slice(0, rows.num_rows - 1))
        changes[1:] |= unequal.to_numpy(zero_copy_only=False)
    starts = [0, *numpy.flatnonzero(changes).tolist(), rows.num_rows]
    for start, end in zip(starts, starts[1:]):
        run = rows.slice(start, end - start)
        yield run.column("event_type")[0].as_py(), run.column("event_date")[0].as_py(), run.column("part")[0].as_py(), run


def lake_table(rows: pa.RecordBatch, columns: list[dict]) -> pa.Table:
    """An event's rows as the lake has them: what identifies each, its fields (`columns`), and where it came from."""
    fields = rows.column("fields")
    widths = pc.unique(pc.list_value_length(fields)).to_pylist()
    if widths != [len(columns)]:
        raise ValueError(f"The worker tells {widths} fields of an event of which the specification names {len(columns)}: they are not of one build.")
    typed = {column["name"]: lake_column(pc.list_element(fields, at), column) for at, column in enumerate(columns)}
    own = {name: timestamps(rows.column(name)) if name in ("event_time", "arrival_time") else rows.column(name) for name in LAKE_COLUMNS}
    if clash := typed.keys() & own.keys():
        raise ValueError(f"The specification names columns that every file of the lake has: {sorted(clash)}.")
    return pa.table({name: own.pop(name) for name in LAKE_COLUMNS[:2]} | typed | own)


def lake_column(texts: pa.Array, column: dict) -> pa.Array:
    """A field's texts (`lakeTexts` of lake-columns.ts) as what they say. A decimal's digits, within 2^53, are 16 at most."""
    if column["type"] == "instant":
        return timestamps(texts.cast(pa.int64()))
    types = {"string": pa.string(), "json": pa.string(), "boolean": pa.bool_(), "integer": pa.int64(), "number": pa.float64()}
    return texts.cast(pa.decimal128(18, column["scale"]) if column["type"] == "decimal" else types[column["type"]])


def timestamps(epoch: pa.Array) -> pa.Array:
    """Epoch ms as TIMESTAMP without zone, in UTC, INT64 microseconds in Parquet."""
    return epoch.cast(pa.timestamp("ms")).cast(pa.timestamp("us"))


def contribution_batch(winners: pa.RecordBatch, touched: Optional[dict]) -> pa.RecordBatch:
    """The winners' contributions. A distinct value stands twice, once by its dimensions, once without, to be counted."""
    flat = pa.RecordBatch.from_struct_array(winners.column("contributions").flatten())
    if touched is not None:
        flat = flat.filter(in_touched(flat.column("metric"), flat.column("bucket"), touched))
    distinct = flat.column("distinct")
    kept, values = flat.filter(pc.invert(distinct)), flat.filter(distinct)
    names = ["metric", "bucket", "dims", "component", "op", "value", "body"]
    tables = [counted_as(None, [kept.column(name) for name in names])]
    if values.num_rows:
        columns = [values.column(name) for name in names]
        tables.append(counted_as("exact", columns))
        tables.append(counted_as("exact_total", columns[:2] + [nulls_like(columns[2])] + columns[3:]))
    table = pa.Table.from_batches(tables).combine_chunks()
    return table.to_batches()[0] if table.num_rows else tables[0]


def counted_as(counted: Optional[str], columns: list[pa.Array]) -> pa.RecordBatch:
    names = ["metric", "bucket", "dims", "component", "op", "value", "body", "counted"]
    columns = columns[:2] + [columns[2].cast(pa.list_(pa.string()))] + columns[3:]
    return pa.RecordBatch.from_arrays([*columns, pa.array([counted] * len(columns[0]), pa.string())], names)


def nulls_like(dims: pa.Array) -> pa.Array:
    ends = pc.cumulative_sum(pc.list_value_length(dims))
    offsets = pa.concat_arrays([pa.array([0], pa.int32()), ends.cast(pa.int32())])
    return pa.ListArray.from_arrays(offsets, pa.nulls(offsets[-1].as_py(), pa.string()))


def in_touched(metrics: pa.Array, buckets: pa.Array, touched: dict) -> pa.Array:
    mask = pa.array(numpy.zeros(len(metrics), bool))
    for metric in pc.unique(metrics).to_pylist():
        wanted = pa.array(sorted(touched.get(metric, ())), pa.int64())
        mask = pc.or_(mask, pc.and_(pc.equal(metrics, metric), pc.is_in(buckets, wanted)))
    return mask


def fact_batch(facts: list[dict]) -> pa.RecordBatch:
    texts = [json.dumps(fact, sort_keys=True) for fact in facts]
    count = len(texts)
    columns = [pa.nulls(count, pa.string()), pa.array([0] * count, pa.int64()), pa.array([[]] * count, pa.list_(pa.string()))]
    columns += [pa.array(texts, pa.string()), pa.array(["max"] * count), pa.array([0] * count, pa.int64()), pa.nulls(count, pa.string())]
    return counted_as(None, columns)


# ---- states --------------------------------------------------------------------------------------------------------


def merged_states(contributions: DataFrame) -> DataFrame:
    """Contributions merged by SUM, MIN or MAX, and distinct values counted. A sum beyond 64 bits fails the job."""
    def of(op: str):
        return F.when(F.col("op") == op, F.col("value"))

    value = F.coalesce(F.sum(of("sum")), F.min(of("min")), F.max(of("max")))
    merged = contributions.groupBy("metric", "bucket", "dims", "component", "op", "counted").agg(value.alias("value"), F.max("body").alias("body"))
    return merged.select(
        "metric", "bucket", "dims", F.coalesce("counted", "component").alias("component"),
        F.when(F.col("counted").isNull(), F.col("value")).otherwise(F.lit(1)).alias("value"), "body",
    )


def latest_versions(states: DataFrame, specification: list[dict]) -> DataFrame:
    """Of the metrics that keep versions the greatest component alone, of each bucket and first dimension."""
    metrics = [result["metric"] for result in specification if result.get("latest")]
    if not metrics:
        return states
    is_version = F.coalesce(F.col("metric").isin(metrics), F.lit(False))
    greatest = F.max_by(F.struct("dims", "component", "value", "body"), "component").alias("version")
    latest = states.where(is_version).groupBy("metric", "bucket", F.col("dims")[0]).agg(greatest)
    return states.where(~is_version).unionAll(latest.select("metric", "bucket", "version.*"))


def written_results(states: DataFrame, store: Store, dataset: str, specification: list[dict], partitions: int) -> DataFrame:
    """Writes each metric's months, and answers the facts of all files, those of the lake included."""
    shapes = {result["metric"]: result for result in specification}
    month = F.when(F.col("metric").isNotNull(), F.date_format(F.timestamp_millis("bucket"), "yyyy-MM"))
    rows = (
        states.groupBy("metric", "bucket", "dims", "component").agg(F.sum("value").alias("value"), F.max("body").alias("body"))
        .withColumn("month", month)
        .repartition(partitions, "metric", "month")
        .sortWithinPartitions("metric", "month", "bucket")
    )

    def write(batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        def fact(partition: tuple, key: str, size: int, count: int) -> dict:
            return {"kind": "results", "group": partition[0], "name": partition[1], "key": key, "bytes": size, "rows": count}

        writer = PartitionWriter(store, fact)
        for batch in batches:
            for metric, name, run in month_runs(batch):
                if metric is None:
                    yield pa.RecordBatch.from_arrays([run.column("component")], ["fact"])
                else:
                    key = f"results/dataset={dataset}/metric={metric}/bucket_month={name}/{dataset}.parquet"
                    writer.write((metric, name), key, result_table(run, metric, shapes))
        writer.close()
        yield pa.RecordBatch.from_arrays([pa.array([json.dumps(fact) for fact in writer.facts], pa.string())], ["fact"])

    return rows.mapInArrow(write, "fact string")


def month_runs(rows: pa.RecordBatch) -> Iterator[tuple[Optional[str], Optional[str], pa.RecordBatch]]:
    if rows.num_rows == 0:
        return
    metrics, months = rows.column("metric").to_pylist(), rows.column("month").to_pylist()
    start = 0
    for end in range(1, rows.num_rows + 1):
        if end == rows.num_rows or metrics[end] != metrics[start] or months[end] != months[start]:
            yield metrics[start], months[start], rows.slice(start, end - start)
            start = end


def result_table(rows: pa.RecordBatch, metric: str, shapes: dict) -> pa.Table:
    """bucket, one typed column a dimension, component, value, and where rows have one their body: COPY matches columns by position."""
    if metric not in shapes:
        raise ValueError(f"The worker contributes to {metric}, which the specification does not name.")
    dimensions, keeps_bodies = shapes[metric]["dimensions"], shapes[metric].get("bodies", False)
    names = [dimension["name"] for dimension in dimensions]
    dims, values = rows.column("dims"), rows.column("value")
    if not pc.all(pc.equal(pc.list_value_length(dims), len(names))).as_py():
        raise ValueError(f"A state of {metric} has not the {len(names)} dimensions that the specification names.")
    if values.null_count:
        raise ValueError(f"A state of {metric} merges by an op that is none of sum, min and max.")
    types = {"string": pa.string(), "boolean": pa.bool_(), "integer": pa.int64()}
    typed = [pc.list_element(dims, at).cast(types[dimension["type"]]) for at, dimension in enumerate(dimensions)]
    arrays = [timestamps(rows.column("bucket")), *typed, rows.column("component"), values, rows.column("body")]
    table = pa.Table.from_arrays(arrays, ["bucket", *names, "component", "value", "body"])
    return table if keeps_bodies else table.drop_columns(["body"])


def base_states(spark: SparkSession, store: Store, months: list[tuple[str, list[dict]]], specification: list[dict], touched: dict) -> DataFrame:
    """The base's states of the months to rewrite whose buckets are not touched."""
    dimensions = {result["metric"]: [dimension["name"] for dimension in result["dimensions"]] for result in specification}
    inputs = [{"metric": metric, **item} for metric, items in months for item in items]
    ddl = "metric string, bucket bigint, dims array<string>, component string, value bigint, body string"

    def read(batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        files = store.files()
        for batch in batches:
            for index in batch.column(0).to_pylist():
                metric = inputs[index]["metric"]
                with files.open_input_file(store.path(inputs[index]["key"])) as source:
                    for rows in pq.ParquetFile(source).iter_batches():
                        yield untouched_states(rows, metric, dimensions[metric], touched)

    return spark.range(0, len(inputs), 1, min(max(1, len(inputs)), spark.sparkContext.defaultParallelism)).mapInArrow(read, ddl)


def untouched_states(rows: pa.RecordBatch, metric: str, names: list[str], touched: dict) -> pa.RecordBatch:
    buckets = epoch_ms(rows.column("bucket"))
    metrics = pa.array([metric] * rows.num_rows, pa.string())
    texts = [rows.column(name).cast(pa.string()) for name in names]
    count, width = rows.num_rows, len(names)
    # Column after column, then taken row by row.
    values = pa.concat_arrays(texts) if texts else pa.nulls(0, pa.string())
    order = numpy.arange(count * width).reshape(width, count).T.ravel() if width else numpy.zeros(0, int)
    dims = pa.ListArray.from_arrays(pa.array(range(0, count * width + 1, width) if width else [0] * (count + 1), pa.int32()), values.take(pa.array(order)))
    body = rows.column("body") if "body" in rows.schema.names else pa.nulls(count, pa.string())
    arrays = [metrics, buckets, dims, rows.column("component"), rows.column("value"), body]
    batch = pa.RecordBatch.from_arrays(arrays, ["metric", "bucket", "dims", "component", "value", "body"])
    return batch.filter(pc.invert(in_touched(metrics, buckets, touched)))


# ---- what new records touch ----------------------------------------------------------------------------------------


def touched_buckets(fresh: DataFrame, specification: list[dict]) -> dict:
    """Bucket starts (epoch ms) by metric: every bucket that a new record of the metric's event falls in, whatever the
    metric's filter says, for a new record may displace one that passed it. Of buckets of local dates all those are taken
    that it may fall in: the job knows no time zone, only how far local time may be ahead."""
    sizes = sorted({(result["event"], result["per"], offset) for result in specification for offset in offsets_of(result)})
    starts = defaultdict(set)
    if sizes:
        def start(per: str, offset: int):
            local = F.least(F.greatest(F.col("event_time") + F.lit(offset), F.lit(EARLIEST_MS)), F.lit(LATEST_MS))
            return F.unix_millis(F.date_trunc(per, F.timestamp_millis(local)))

        wanted = F.array(*[
            F.when(F.col("event_type") == event, F.struct(F.lit(index).alias("size"), start(per, offset).alias("start")))
            for index, (event, per, offset) in enumerate(sizes)
        ])
        found = fresh.select(F.explode(wanted).alias("bucket")).where("bucket is not null").select("bucket.*").distinct()
        for row in found.collect():
            starts[sizes[row["size"]]].add(row["start"])
    return {
        result["metric"]: set().union(*(starts[(result["event"], result["per"], offset)] for offset in offsets_of(result)))
        for result in specification
    }


EARLIEST_MS, LATEST_MS = -62_135_596_800_000, 253_402_300_799_999
"""The years 1 to 9999, which local time is held to (core/zone.ts)."""


def offsets_of(result: dict) -> list[int]:
    return result.get("offsetsMs", [0])


def dates_spanned(start: int, result: dict) -> list[str]:
    """The UTC dates that a bucket's events may be of."""
    unit = {"week": "W", "month": "M", "year": "Y"}.get(result["per"], "D")
    first = numpy.datetime64(start, "ms").astype("datetime64[D]")
    # NumPy's own weeks begin on Thursdays.
    end = first + 7 if unit == "W" else (first.astype(f"datetime64[{unit}]") + 1).astype("datetime64[D]")
    least, most = min(offsets_of(result)), max(offsets_of(result))
    earliest = (first.astype("datetime64[ms]") - numpy.timedelta64(most, "ms")).astype("datetime64[D]")
    latest = (end.astype("datetime64[ms]") - numpy.timedelta64(least + 1, "ms")).astype("datetime64[D]")
    return [str(date) for date in numpy.arange(earliest, latest + 1)]


def month_of(start: int) -> str:
    return str(numpy.datetime64(start, "ms").astype("datetime64[M]"))


# ---- the job -------------------------------------------------------------------------------------------------------


@dataclass
class Scope:
    """What of the base an incremental run reads and rewrites. A full run has none: `None` then stands for everything."""

    base: dict
    touched: dict
    rewritten: set
    lake_inputs: list[dict]
    months: dict


def scope_of(base: dict, specification: list[dict], touched: dict, fresh_partitions: Iterable[tuple[str, str]]) -> Scope:
    rewritten = set(fresh_partitions)
    wanted = set(rewritten)
    months = {}
    for result in specification:
        starts = touched[result["metric"]]
        wanted |= {(result["event"], date) for start in starts for date in dates_spanned(start, result)}
        held = base["results"].get(result["metric"], {})
        for month in {month_of(start) for start in starts}:
            months[(result["metric"], month)] = held.get(month, [])
    lake_inputs = [item for event_type, date in sorted(wanted) for item in base["lake"].get(event_type, {}).get(date, [])]
    return Scope(base, touched, rewritten, lake_inputs, months)


def raw_inputs(specification: dict) -> list[dict]:
    marks, base_marks = specification["marks"], specification["baseMarks"]
    return [
        {**item, "above": base_marks.get(item["shardId"]), "upTo": marks[item["shardId"]]}
        for item in specification["rawObjects"] if item["shardId"] in marks
    ]


def left_out_input(store: Store, specification: dict) -> Optional[bytes]:
    """What the worker is told of the exclusions here and of what is served (`LeftOutInput` of left-out.ts); None: there are none."""
    served = specification.get("served")
    # A specification of an older version says nothing of what is served: then it is taken to leave out the same.
    there = served.get("exclusions") if served else None
    keys = dict(there["keys"]) if there else {}
    if specification["exclusionsKey"]:
        keys[str(specification["exclusions"])] = specification["exclusionsKey"]
    if not keys:
        return None
    told = {
        "revision": specification["exclusions"], "sets": {revision: store.read_json(key)["exclusions"] for revision, key in keys.items()},
        "served": {"marks": served["marks"], "exclusions": there} if there else None,
    }
    return json.dumps(told).encode()


def recompute(spark: SparkSession, specification_uri: str, worker_dir: str = "worker") -> dict:
    """Runs one recompute and answers its manifest, which it has written last of all."""
    parts = urlsplit(specification_uri)
    folder, _, name = parts.path.rpartition("/")
    specification = Store.at(f"{parts.scheme}://{parts.netloc}{folder}").read_json(name)
    bucket = specification["bucket"]
    store = Store.at(bucket if "://" in bucket else f"s3://{bucket}")
    base = store.read_json(specification["baseManifestKey"]) if specification["baseManifestKey"] else None
    if base and base["modelVersion"] != specification["modelVersion"]:
        raise ValueError(
            f"{specification['datasetId']} is of model {specification['modelVersion']} and can't build on "
            f"{base['datasetId']}, which is of {base['modelVersion']}: recompute in full."
        )
    if base and base.get("exclusions", 0) != specification["exclusions"]:
        raise ValueError(
            f"{specification['datasetId']} is of the exclusions' revision {specification['exclusions']} and can't build on "
            f"{base['datasetId']}, which is of {base.get('exclusions', 0)}: recompute in full."
        )
    facts = run(spark, store, specification, base, worker_dir)
    manifest = manifest_of(specification, facts)
    store.write_json(specification["manifestKey"], manifest)
    return manifest


def run(spark: SparkSession, store: Store, specification: dict, base: Optional[dict], worker_dir: str) -> dict:
    results = specification["results"]
    inputs = raw_inputs(specification)
    raw_bytes = sum(item["bytes"] for item in inputs)
    left_out = left_out_input(store, specification)
    fresh = rows = decode(spark, store, worker_dir, inputs, True, left_out)
    held = base is not None or raw_bytes > COUNT_FIRST_ABOVE_BYTES
    scope: Optional[Scope] = None
    counts: Counter = Counter()
    try:
        if held:
            # On disk alone: what storage holds of the heap, sorts can't have.
            fresh.persist(StorageLevel.DISK_ONLY)
            for row in fresh.groupBy("event_type", "event_date").count().collect():
                counts[(row["event_type"], row["event_date"])] = row["count"]
        if base is not None:
            # Where the base's files have other columns (an older version of the job wrote them), all are written anew.
            has_columns = base.get("lakeColumns") == specification["lakeColumns"]
            outdated = () if has_columns else [(event_type, date) for event_type, dates in base["lake"].items() for date in dates]
            scope = scope_of(base, results, touched_buckets(fresh, results), {*counts, *outdated})
            for event_type, date in scope.rewritten:
                counts[(event_type, date)] += sum(item["rows"] for item in base["lake"].get(event_type, {}).get(date, []))
            if scope.lake_inputs:
                rows = rows.unionAll(decode(spark, store, worker_dir, scope.lake_inputs, False, left_out))
        read_bytes = raw_bytes + sum(item["bytes"] for item in (scope.lake_inputs if scope else []))
        partitions = max(spark.sparkContext.defaultParallelism, math.ceil(read_bytes / TASK_SHUFFLE_BYTES))
        spark.conf.set("spark.sql.shuffle.partitions", partitions)
        facts = written(spark, store, specification, rows, scope, parts_of(counts), partitions)
    finally:
        if held:
            fresh.unpersist()
    return {"facts": facts, "scope": scope}


def written(spark: SparkSession, store: Store, specification: dict, rows: DataFrame, scope: Optional[Scope], part: Any, partitions: int) -> list[dict]:
    dataset, results = specification["datasetId"], specification["results"]
    rewritten, touched = (scope.rewritten, scope.touched) if scope else (None, None)
    # Not the raw objects, which may be many: it goes to every task.
    task = {name: specification.get(name) for name in ("datasetId", "lakeColumns", "served")}
    order = ["event_type", "event_date", "part", "event_time", "event_id", "sequence_number", "sub_sequence", "shard_id"]
    in_order = rows.withColumn("part", part).repartition(partitions, "event_type", "event_date", "part").sortWithinPartitions(*order)
    contributions = in_order.mapInArrow(lambda batches: keep_winners(store, task, rewritten, touched, batches), CONTRIBUTION_DDL)
    states = latest_versions(merged_states(contributions), results)
    if scope and any(scope.months.values()):
        months = [(metric, files) for (metric, _), files in scope.months.items()]
        states = states.unionAll(base_states(spark, store, months, results, scope.touched))
    facts = [json.loads(row["fact"]) for row in written_results(states, store, dataset, results, partitions).collect()]
    return facts


def parts_of(counts: Counter):
    """The part of its lake partition that an event belongs to: a large date is split by event id."""
    part = F.lit(0)
    for (event_type, date), count in counts.items():
        if count > EVENTS_PER_FILE:
            split = F.pmod(F.xxhash64("event_id"), F.lit(math.ceil(count / EVENTS_PER_FILE))).cast("int")
            part = F.when((F.col("event_type") == event_type) & (F.col("event_date") == date), split).otherwise(part)
    return part


def manifest_of(specification: dict, done: dict) -> dict:
    scope: Optional[Scope] = done["scope"]
    files: dict = {"lake": defaultdict(dict), "results": defaultdict(dict)}
    if scope is not None:
        replaced = {"lake": scope.rewritten, "results": set(scope.months)}
        for kind in files:
            for group, named in scope.base[kind].items():
                for name, held in named.items():
                    if (group, name) not in replaced[kind]:
                        files[kind][group][name] = held
    keys, tasks, counts = set(), set(), Counter(read=0, duplicates=0, rejected=0, excluded=0, idsReused=0)
    apart = [fact for fact in done["facts"] if fact["kind"] == "apart"]
    for fact in done["facts"]:
        if fact["kind"] == "apart":
            continue
        own = fact["partition"] if fact["kind"] == "counts" else fact["key"]
        seen = tasks if fact["kind"] == "counts" else keys
        if own in seen:
            raise RuntimeError(f"Two tasks report {own}: the dataset {specification['datasetId']} is not sound; run it again.")
        seen.add(own)
        if fact["kind"] == "counts":
            counts.update({name: fact[name] for name in counts})
        else:
            data_file = {"key": fact["key"], "bytes": fact["bytes"], "rows": fact["rows"]}
            files[fact["kind"]][fact["group"]].setdefault(fact["name"], []).append(data_file)
    for group in [*files["lake"].values(), *files["results"].values()]:
        for held in group.values():
            held.sort(key=lambda item: item["key"])
    return {
        "datasetId": specification["datasetId"], "modelVersion": specification["modelVersion"], "marks": specification["marks"],
        "exclusions": specification["exclusions"], "lake": files["lake"], "lakeColumns": specification["lakeColumns"], "results": files["results"], "counts": dict(counts),
        "apart": apart_of(specification["served"], apart) if specification.get("served") else None,
    }


APART_BUCKETS = 10_000
"""What a manifest keeps of one metric and account at most; those with the most records."""


def apart_of(served: dict, facts: list[dict]) -> dict:
    """What of the differences to come the recompute knows: account, metric, bucket (epoch ms), merged over all tasks."""
    totals: dict = defaultdict(lambda: defaultdict(lambda: defaultdict(lambda: [0, *([None] * len(OPS))])))
    for fact in facts:
        for metric, bucket, records, *values in fact["buckets"]:
            total = totals[fact["account"]][metric][bucket]
            total[0] += records
            for at, (op, value) in enumerate(zip(OPS.values(), values), start=1):
                if value is not None:
                    total[at] = int(value) if total[at] is None else op(total[at], int(value))

    def kept(buckets: dict) -> dict:
        largest = sorted(buckets.items(), key=lambda item: -item[1][0])[:APART_BUCKETS]
        return {
            str(bucket): {"records": records, **{op: None if value is None else str(value) for op, value in zip(OPS, values)}}
            for bucket, (records, *values) in largest
        }

    return {"served": served, **{account: {metric: kept(buckets) for metric, buckets in totals[account].items()} for account in ACCOUNTS}}


def session() -> SparkSession:
    return (
        SparkSession.builder.appName("tidemark-recompute")
        .config("spark.sql.session.timeZone", "UTC")
        .config("spark.sql.ansi.enabled", "true")
        .config("spark.sql.execution.arrow.maxRecordsPerBatch", RECORDS_PER_BATCH)
        .config("spark.speculation", "false")
        .config("spark.shuffle.spill.numElementsForceSpillThreshold", ROWS_SORTED_AT_ONCE)
        .getOrCreate()
    )


def main(arguments: list[str]) -> None:
    parser = argparse.ArgumentParser(prog="recompute.py", description="Recomputes a dataset from the raw archive.")
    parser.add_argument("specification", help="the specification's URI, s3://BUCKET/jobs/DATASET.json")
    parser.add_argument("--worker-dir", default="worker", help="the folder that worker.tar.gz is unpacked to")
    options = parser.parse_args(arguments)
    spark = session()
    try:
        manifest = recompute(spark, options.specification, options.worker_dir)
        print(json.dumps({"datasetId": manifest["datasetId"], "counts": manifest["counts"]}))
    finally:
        spark.stop()


if __name__ == "__main__":
    main(sys.argv[1:])
