"""Has Spark do, on next to nothing, each kind of thing that the recompute has it do: the classes that it loads for it are archived."""
from pyspark import StorageLevel
from pyspark.sql import SparkSession
from pyspark.sql import functions as F

spark = SparkSession.builder.config("spark.sql.session.timeZone", "UTC").config("spark.sql.ansi.enabled", "true").getOrCreate()
columns = "name string, at long, place struct<shard: string, part: int>, found array<struct<at: long, value: long>>"
rows = spark.range(2, numPartitions=2).mapInArrow(lambda batches: batches, "id long")
rows = rows.select(
    F.concat(F.lit("n"), F.col("id")).alias("name"),
    F.col("id").alias("at"),
    F.struct(F.lit("s").alias("shard"), F.pmod(F.xxhash64("id"), F.lit(2)).cast("int").alias("part")).alias("place"),
    F.array(F.struct(F.col("id").alias("at"), F.lit(1).cast("long").alias("value"))).alias("found"),
)
rows.persist(StorageLevel.DISK_ONLY)
rows.groupBy("name", F.date_trunc("month", F.timestamp_millis("at"))).count().collect()
rows.select(F.explode("found").alias("one")).where("one is not null").select("one.*").distinct().collect()
in_order = rows.unionAll(rows).repartition(2, "name").sortWithinPartitions("name", "at").mapInArrow(lambda batches: batches, columns)
merged = in_order.groupBy("name", "place").agg(F.sum("at"), F.max("at"), F.min(F.struct("at", "name")), F.when(F.max("at") > 0, 1).otherwise(0))
merged.unionAll(merged).repartition(2, "name").sortWithinPartitions("name").coalesce(1).collect()
rows.unpersist()
spark.stop()
