"""Hive's own parser and SerDe, by way of Spark: a script for Spark's own Python.

It reads a JSON document with `ddl` (statements to parse), `table`, `location` and
`query` from standard input, and prints one with what Hive made of them.
"""

from __future__ import annotations

import json
import sys
from typing import Any


def main() -> None:
    """Parse each statement with Hive's parser, then make the table and read it."""
    # It is installed beside the project, since it is large.
    from pyspark.sql import SparkSession  # type: ignore[import-not-found, unused-ignore]

    asked = json.load(sys.stdin)
    spark = (
        SparkSession.builder.master("local[1]")
        .config("spark.jars", ",".join(asked["jars"]))
        .config("spark.driver.memory", "1g")
        .config("spark.ui.enabled", "false")
        .config("spark.sql.shuffle.partitions", "1")
        .config("spark.sql.warehouse.dir", f"{asked['folder']}/warehouse")
        .config(
            "spark.hadoop.javax.jdo.option.ConnectionURL",
            f"jdbc:derby:;databaseName={asked['folder']}/metastore;create=true",
        )
        .enableHiveSupport()
        .getOrCreate()
    )
    spark.sparkContext.setLogLevel("ERROR")
    parse: Any = spark._jvm.org.apache.hadoop.hive.ql.parse.ParseUtils.parse
    trees = [parse(statement).toStringTree() for statement in asked["statements"]]
    spark.sql(asked["ddl"])
    spark.sql(f"MSCK REPAIR TABLE {asked['table']}")
    described = [list(row) for row in spark.sql(f"DESCRIBE {asked['table']}").collect()]
    rows = [row.asDict(recursive=True) for row in spark.sql(asked["query"]).collect()]
    json.dump(
        {"trees": trees, "described": described, "rows": rows},
        sys.stdout,
        ensure_ascii=True,
    )
    spark.stop()


if __name__ == "__main__":
    main()
