/** Counts the lines of an object by its two words, through the archive's own file, on the driver and in the tasks. */
export const countJob = `
import sys
from pyspark.sql import SparkSession

source, target = sys.argv[1:]
spark = SparkSession.builder.getOrCreate()

def greeted(names):
    with open("worker/greeting.txt") as file:
        greeting = file.read()
    return [f"{greeting} {name}" for name in names]

with open("worker/greeting.txt") as file:
    print("driver:", file.read())
lines = spark.sparkContext.textFile(source).mapPartitions(greeted)
print("lines:", sorted(lines.collect()))
spark.createDataFrame([(line,) for line in lines.collect()], "line string").write.parquet(target)
print("rows:", spark.read.parquet(target).count(), spark.conf.get("spark.sql.shuffle.partitions"))
`

export const failingJob = `
from pyspark.sql import SparkSession

def fail(number):
    raise ValueError("there is no such event")

SparkSession.builder.getOrCreate().sparkContext.parallelize([1]).map(fail).collect()
`

/** Fails in the driver itself, before any task. */
export const failingDriver = `
raise OSError("the store does not answer")
`

/** Tells its process id, and runs until it is killed, with a child in a session of Python's own making. */
export const endlessJob = `
import os, subprocess, sys, time
from pyspark.sql import SparkSession

SparkSession.builder.getOrCreate()
child = subprocess.Popen(["sleep", "3600"])
with open(sys.argv[1], "w") as file:
    file.write(f"{os.getpid()} {child.pid}")
time.sleep(3600)
`
