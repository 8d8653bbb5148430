"""The ledger as rows of the cost and usage report, in three spellings: legacy, Athena, CUR 2.0."""

from collections.abc import Callable, Iterable, Iterator, Sequence

from finops.ingest.demo import money
from finops.ingest.demo.columns import columns, snake, tag_column
from finops.ingest.demo.cur_cells import (
    COST_CATEGORY,
    Cells,
    item_cells,
    legacy_tag_cells,
    line_cells,
    map_cells,
    merged_tag_cells,
    time_interval,
)
from finops.ingest.demo.line import Item, Line
from finops.ingest.demo.periods import Period, iso
from finops.ingest.demo.table import Field, Table, TableRow

_MAPS = {"product": "map", "resource_tags": "map", "cost_category": "map", "discount": "numbers"}
_PRODUCT = "product_"


def legacy_csv(period: Period, lines: Sequence[Line]) -> Table:
    """Slash columns; tag keys keep their case, and columns come and go with the period."""
    keys = _tag_keys(lines)
    fields = [Field(column.legacy, column.kind) for column in columns() if _in_legacy(column.when, period)]
    fields += [Field(COST_CATEGORY, "text"), *(Field(tag_column(key), "text") for key in keys)]
    legacy = {column.name: column.legacy for column in columns()}

    def cells(item: Item) -> Cells:
        found = {legacy[name]: value for name, value in item_cells(item, period, time_interval).items()}
        return found | legacy_tag_cells(item) | {COST_CATEGORY: item.cost_category}

    def changing(line: Line) -> Cells:
        found = line_cells(line, money.java_text, time_interval)
        return {legacy[name]: value for name, value in found.items()}

    return Table(fields, lambda: _rows(fields, lines, cells, changing))


def legacy_parquet(period: Period, lines: Sequence[Line]) -> Table:
    """Athena's snake-case columns, colliding tag keys merged; missing text is '' and dates are timestamps."""
    tags = dict.fromkeys(snake(tag_column(key)) for key in _tag_keys(lines))
    fields = [Field(column.name, column.kind) for column in columns() if _in_legacy(column.when, period)]
    fields += [Field(snake(COST_CATEGORY), "text"), *(Field(name, "text") for name in tags)]

    def cells(item: Item) -> Cells:
        found = item_cells(item, period, time_interval) | merged_tag_cells(item, "resource_tags_")
        return found | {snake(COST_CATEGORY): item.cost_category}

    return Table(fields, lambda: _rows(fields, lines, cells, _plain(time_interval)), blank_is_null=False)


def cur2(period: Period, lines: Sequence[Line]) -> Table:
    """CUR 2.0: the same columns every month, tags and rare attributes in maps."""
    fields = [Field(column.name, column.kind) for column in columns() if column.when != "map"]
    fields += [Field(name, kind) for name, kind in _MAPS.items()]
    fields.sort()
    inside = [column.name for column in columns() if column.when == "map"]

    def cells(item: Item) -> Cells:
        found = item_cells(item, period, iso)
        product = {name.removeprefix(_PRODUCT): found.get(name, "") for name in inside}
        return found | map_cells(item, product) | {"discount": "{}"}

    return Table(fields, lambda: _rows(fields, lines, cells, _plain(iso)))


def _plain(time: Callable[[int], str]) -> Callable[[Line], Cells]:
    return lambda line: line_cells(line, money.text, time)


def _in_legacy(when: str, period: Period) -> bool:
    return period.discounted if when == "net" else when != "cur2"


def _tag_keys(lines: Iterable[Line]) -> list[str]:
    keys = {key for item in {id(line.item): line.item for line in lines}.values() for key, _ in item.tags}
    # aws:createdBy before the user's keys, as AWS sorts them; Team before team.
    return sorted(keys, key=lambda key: (not key.startswith("aws:"), key))


def _rows(
    fields: list[Field],
    lines: Sequence[Line],
    cells: Callable[[Item], Cells],
    changing: Callable[[Line], Cells],
) -> Iterator[TableRow]:
    position = {field.name: number for number, field in enumerate(fields)}
    known: dict[int, TableRow] = {}
    for line in lines:
        base = known.get(id(line.item))
        if base is None:
            found = cells(line.item)
            base = known[id(line.item)] = [found.get(field.name, "") for field in fields]
        row = base.copy()
        for name, value in changing(line).items():
            row[position[name]] = value
        yield row
