"""`engine` and `[spark]`: where the marts of exports are built, and how Spark is reached."""

from collections.abc import Mapping
from dataclasses import dataclass, field

# With any of these another way the numbers could differ from DuckDB's.
EXACT = {
    # an overflow and a text that is no number are errors
    "spark.sql.ansi.enabled": "true",
    # decimals keep their ten places in sums and differences
    "spark.sql.decimalOperations.allowPrecisionLoss": "false",
    "spark.sql.session.timeZone": "UTC",
    # two tag keys may differ in case only
    "spark.sql.caseSensitive": "true",
    # a torn row is an error although its last columns are not asked for
    "spark.sql.csv.parser.columnPruning.enabled": "false",
    "spark.sql.files.ignoreCorruptFiles": "false",
    "spark.sql.files.ignoreMissingFiles": "false",
    "spark.sql.legacy.timeParserPolicy": "CORRECTED",
    "spark.sql.parquet.datetimeRebaseModeInRead": "CORRECTED",
    "spark.sql.parquet.int96RebaseModeInRead": "CORRECTED",
    "spark.sql.parquet.writeLegacyFormat": "false",
}


@dataclass(frozen=True)
class SparkPolicy:
    """How Spark is reached: the URL of its master, more of its properties, and a folder both sides can reach.

    `exchange` is where a cluster writes the marts for this machine to fetch; a local master needs none.
    """

    master: str = "local[*]"
    exchange: str | None = None
    conf: Mapping[str, str] = field(default_factory=dict)

    @property
    def is_local(self) -> bool:
        """Whether Spark runs within this process and its disk."""
        return self.master.startswith("local")
