"""The files of an export as Spark sees them where they lie: one view of rows, and the layout that tells what is in it.

Labels that come as a map are JSON text here, as in a CSV: one way to number sets of labels and to take them apart.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from finops.engines.layout import Layout, column_names, format_of, read_layout, shape_of
from finops.errors import DataError

if TYPE_CHECKING:
    from pyspark.sql import Column, DataFrame, SparkSession

# The view over all files of a delivery; `export_rows` is the part of it that is built.
ALL_ROWS = "export_all"
# What Spark calls a type -> what DuckDB calls it; the rest by their beginnings.
_TYPES = {
    "string": "VARCHAR",
    "double": "DOUBLE",
    "float": "DOUBLE",
    "tinyint": "TINYINT",
    "smallint": "SMALLINT",
    "int": "INTEGER",
    "bigint": "BIGINT",
    "boolean": "BOOLEAN",
    "date": "DATE",
    "timestamp": "TIMESTAMP WITH TIME ZONE",
    "timestamp_ntz": "TIMESTAMP",
}
_NULL_TEXTS = {"focus": ("", "NULL"), "cur": ("",)}
_GLOB = str.maketrans({character: f"\\{character}" for character in "\\{}[]*?"})
_CSV = {"quote": '"', "escape": '"', "multiLine": "true", "mode": "FAILFAST"}


def open_export(session: SparkSession, places: Sequence[str]) -> tuple[Layout, str]:
    """Create the view `export_all` over the files at these addresses; its layout, and the format in words.

    Raises DataError for files that are no export of one kind, or that Spark cannot read.
    """
    kinds = {place.lower().endswith(".parquet") for place in places}
    if len(kinds) > 1:
        raise DataError("CSV and Parquet files are mixed in one delivery", places[0])
    is_parquet = kinds.pop()
    frame = _parquet(session, places) if is_parquet else _csv(session, places)
    if len(set(frame.inputFiles())) != len(set(places)):
        raise DataError(
            f"Spark reads {len(set(frame.inputFiles()))} of {len(set(places))} files",
            places[0],
            "Spark passes over files whose names begin with _ or a dot",
        )
    frame.select([_flat(frame, name, kind) for name, kind in frame.dtypes]).createOrReplaceTempView(ALL_ROWS)
    types = {name: _type(kind) for name, kind in frame.dtypes}
    shape = shape_of(list(types))
    nulls = ("",) if is_parquet or shape is None else _NULL_TEXTS[shape]
    return read_layout(types, places[0], nulls), format_of(list(types), is_parquet)


def doubles(layout: Layout) -> frozenset[str]:
    """The physical columns of type DOUBLE."""
    return frozenset(name for name, kind in layout.types.items() if kind == "DOUBLE")


def _parquet(session: SparkSession, places: Sequence[str]) -> DataFrame:
    return session.read.option("mergeSchema", "true").parquet(*(place.translate(_GLOB) for place in places))


def _csv(session: SparkSession, places: Sequence[str]) -> DataFrame:
    """The rows of CSV files, all text; those with the same header are read together."""
    if archives := [place for place in places if place.lower().endswith(".zip")]:
        raise DataError(
            "Spark cannot read a zip archive", archives[0], 'engine = "duckdb", or deliver as gzip or Parquet'
        )
    alike: dict[tuple[str, ...], list[str]] = {}
    for place in places:
        alike.setdefault(_header(session, place), []).append(place)
    frames = [_of_header(session, header, files) for header, files in alike.items()]
    whole = frames[0]
    for frame in frames[1:]:
        whole = whole.unionByName(frame, allowMissingColumns=True)
    return whole


def _header(session: SparkSession, place: str) -> tuple[str, ...]:
    first = session.read.options(**_CSV).csv(place.translate(_GLOB)).first()
    if first is None:
        raise DataError("the file is empty: not even a header", place, "copy or deliver it again")
    return tuple(column_names(((name or "").removeprefix("\ufeff") for name in first), place))


def _of_header(session: SparkSession, header: Sequence[str], places: Sequence[str]) -> DataFrame:
    # read by position: Spark would give columns of one name other names
    from pyspark.sql import functions

    schema = ", ".join(f"c{number} string" for number in range(len(header)))
    reader = session.read.options(**_CSV).option("header", "true").schema(schema)
    position = {name: f"c{number}" for number, name in enumerate(header)}
    rows = reader.csv([place.translate(_GLOB) for place in places])
    return rows.select([functions.col(column).alias(name) for name, column in position.items()])


def _flat(frame: DataFrame, name: str, kind: str) -> Column:
    from pyspark.sql import functions

    column = functions.col(f"`{name.replace('`', '``')}`")
    if kind.startswith(("map<", "struct<")):
        return functions.to_json(column, {"ignoreNullFields": "false"}).alias(name)
    return column.cast("double").alias(name) if kind == "float" else column


def _type(kind: str) -> str:
    if kind.startswith("decimal"):
        return kind.upper()
    # a map is text in the view
    return _TYPES.get(kind, "VARCHAR")
