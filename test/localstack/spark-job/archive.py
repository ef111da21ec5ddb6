"""A raw archive made by a seed, in a folder: shards, redelivered records, duplicates, junk, objects that overlap."""
import base64
import gzip
import hashlib
import json
import os
import random

ARRIVAL = 1_709_251_200_000  # 2024-03-01
SPAN_MS = 70 * 86_400_000
TEXTS = [None, "", "null", "a", 'q"\\b', "tab\tnew\nline\u2028", "ünï 🌊", "%2F/=..", "\\N", " ", "NULL"]
SECRET = "hush, hush"
"""What no file but the raw archive's may hold."""


class Archive:
    def __init__(self, root, model, seed=0, shards=3):
        self.root, self.model, self.random = root, model, random.Random(seed)
        self.shards = [f"shardId-{index:012d}" for index in range(shards)]
        self.records = {shard: [] for shard in self.shards}
        self.archived = {shard: 0 for shard in self.shards}
        self.objects, self.sequence, self.events, self.exclusions = [], 10**20, [], 0
        self.inside = {}

    def put(self, shard, data):
        self.sequence += self.random.randint(1, 10**6)
        place = {"shardId": shard, "sequenceNumber": f"{self.sequence:064d}", "arrivalTime": ARRIVAL + len(self.records[shard]), "partitionKey": "k"}
        body = {"data": data} if isinstance(data, str) else {"dataBase64": base64.b64encode(data).decode()}
        self.records[shard].append({**place, **body})

    def put_aggregate(self, shard, datas, broken=False):
        """One record that holds others, as the Kinesis Producer Library writes it; broken: with another MD5."""
        records = [b"\x08\x00" + field(3, data) for data in datas]
        message = field(1, b"k") + b"".join(field(3, record) for record in records)
        self.put(shard, b"\xf3\x89\x9a\xc2" + message + hashlib.md5(message + b"x" * broken).digest())
        if not broken:
            self.inside[self.records[shard][-1]["sequenceNumber"]] = datas

    def user_records(self, shard):
        """The shard's records with their place in the stream, those inside an aggregate each by itself."""
        for record in self.records[shard]:
            at = record["sequenceNumber"]
            datas = self.inside.get(at)
            bodies = [record] if datas is None else [{**record, "data": data.decode("utf8", "replace")} for data in datas]
            yield from (((at, sub, shard), body) for sub, body in enumerate(bodies))

    def event(self, **fields):
        defaults = {"type": "sale", "shop": "a", "express": False, "size": None, "paid": True, "cents": 1, "customer": None}
        return {**defaults, **fields}

    def random_event(self):
        choose, at = self.random.choice, ARRIVAL - self.random.randrange(SPAN_MS)
        name = choose([f"e{self.random.randrange(10**9)}", f"{choose(TEXTS)}-{self.random.randrange(99)}"])
        kind = self.random.random()
        if kind < 0.15:
            visit = {"type": "visit", "id": name, "at": at // 5000 * 5000, "page": choose(TEXTS[1:])}
            return {**visit, **choose([{}, {"from": {"site": choose(TEXTS)}}, {"from": {"site": visit["page"]}}])}
        if kind < 0.2:
            return {"type": "ping", "id": name, "at": at}
        return self.event(
            id=name, at=at, shop=choose(TEXTS), express=choose([True, False]), size=choose([None, -5, 0, 42]), paid=choose([True, True, False]),
            cents=choose([None, self.random.randint(-10**6, 10**6)]), customer=choose([None, f"c{self.random.randrange(25)}", choose(TEXTS)]),
            **choose([{}, {"note": None}, {"note": SECRET}]),
        )

    def put_random(self, count):
        for _ in range(count):
            shard, kind = self.random.choice(self.shards), self.random.random()
            if kind < 0.04:
                self.put(shard, self.random.choice(["{", "[]", '{"type":"nothing"}', '{"type":"sale","id":"x"}', json.dumps({"type": "sale", "note": SECRET}), SECRET, b"\xff\xfe\x00", ""]))
                continue
            if kind < 0.25 and self.events:
                # A twin: the same identity, often with other values.
                event = dict(self.random.choice(self.events))
                if event["type"] == "sale" and self.random.random() < 0.7:
                    event.update(paid=not event["paid"], shop=self.random.choice(TEXTS), cents=7)
            else:
                event = self.random_event()
                self.events.append(event)
            self.put(shard, json.dumps(event, ensure_ascii=self.random.random() < 0.5))

    def archive(self):
        """Writes objects for all records not archived yet; some begin with records of the object before."""
        for shard in self.shards:
            records = self.records[shard]
            while self.archived[shard] < len(records):
                start = max(0, self.archived[shard] - self.random.choice([0, 0, 3]))
                end = min(len(records), self.archived[shard] + self.random.randint(1, 40))
                self.write(shard, records[start:end])
                self.archived[shard] = end

    def write(self, shard, records):
        first, last = records[0]["sequenceNumber"], records[-1]["sequenceNumber"]
        key = f"raw/shard={shard}/{first}-{last}.ndjson.gz"
        content = gzip.compress("".join(json.dumps(record, ensure_ascii=False) + "\n" for record in records).encode(), 1)
        path = os.path.join(self.root, key)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "wb") as file:
            file.write(content)
        self.objects.append({"key": key, "shardId": shard, "first": first, "last": last, "bytes": len(content)})

    def marks(self, share=1.0):
        """Marks at a share of each shard's records: mostly inside an object."""
        at = {shard: int(len(records) * share) for shard, records in self.records.items()}
        return {shard: self.records[shard][count - 1]["sequenceNumber"] for shard, count in at.items() if count > 0}

    def exclude(self, revision, exclusions):
        """Writes the set of a revision, and builds on it from here on."""
        self.exclusions = revision
        os.makedirs(os.path.join(self.root, "exclusions"), exist_ok=True)
        with open(os.path.join(self.root, "exclusions", f"{revision}.json"), "w") as file:
            json.dump({"revision": revision, "exclusions": exclusions}, file)

    def specify(self, dataset, marks, base=None, served=None):
        base_marks = base["marks"] if base else {}
        wanted = [
            item for item in self.objects
            if item["shardId"] in marks and item["first"] <= marks[item["shardId"]] and item["last"] > base_marks.get(item["shardId"], "")
        ]
        keepers = self.model["metrics"] + [entity["versions"] for entity in self.model["entities"]]
        results = [result_of(keeper, self.model) for keeper in keepers]
        specification = {
            "datasetId": dataset, "modelVersion": self.model["version"], "bucket": f"file://{self.root}",
            "baseManifestKey": base and f"manifests/{base['datasetId']}.json", "marks": marks, "baseMarks": base_marks,
            "exclusions": self.exclusions, "exclusionsKey": f"exclusions/{self.exclusions}.json" if self.exclusions else None,
            "rawObjects": wanted, "results": results, "lakeColumns": self.model["lakeColumns"], "manifestKey": f"manifests/{dataset}.json",
            **({"served": served} if served else {}),
        }
        os.makedirs(os.path.join(self.root, "jobs"), exist_ok=True)
        with open(os.path.join(self.root, "jobs", f"{dataset}.json"), "w") as file:
            json.dump(specification, file)
        return f"file://{self.root}/jobs/{dataset}.json"

    def delivered(self, marks, base_marks):
        """How many records of all objects lie within the marks, redelivered ones included."""
        count = 0
        for item in self.objects:
            with gzip.open(os.path.join(self.root, item["key"]), "rt", encoding="utf8", newline="\n") as lines:
                for line in lines:
                    at = json.loads(line)["sequenceNumber"]
                    if base_marks.get(item["shardId"], "") < at <= marks.get(item["shardId"], ""):
                        count += len(self.inside.get(at, [None]))
        return count


def result_of(metric, model):
    result = {"metric": metric["name"], "event": metric["event"], "per": metric["per"], "dimensions": metric["by"]}
    if metric["measure"]["kind"] == "latest":
        return {**result, "bodies": True, "latest": True}
    if "zone" not in metric:
        return result
    if metric["per"] in ("second", "minute", "hour"):
        return {**result, "dimensions": [*metric["by"], {"name": "local_day", "type": "string"}]}
    zone = next(zone for zone in model["zones"] if zone["name"] == metric["zone"])
    offsets = [zone["first"] * 1000, *(offset * 1000 for _, offset in zone["transitions"])]
    return {**result, "offsetsMs": [*range(min(offsets), max(offsets), 86_399_000), max(offsets)]}


def field(number, content):
    """A length-delimited field of a protobuf message."""
    length, size = len(content), b""
    while length > 127:
        size, length = size + bytes([length % 128 + 128]), length // 128
    return bytes([number * 8 + 2]) + size + bytes([length]) + content
