"""What a number means: its formula, the models and checks behind it, and the deliveries it came from."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from difflib import get_close_matches

from finops.catalog import Delivery
from finops.document import Basis, Column, Document, Rows
from finops.errors import UsageError
from finops.metrics import METRICS, Metric
from finops.models import Model, load_models, ordered

COLUMNS = (Column("part", "heading"), Column("name"), Column("text"), Column("sql"), Column("path"))

# part, name, text, sql, path
Line = tuple[str, str, str, str, str]


def explain(name: str, deliveries: Sequence[Delivery] = ()) -> Document:
    """The explanation of a metric, a model or a model's column. Raises UsageError for any other name."""
    lines = [*_subject(name), *_computed_from(deliveries)]
    return Document("explain", Basis(), Rows.of(COLUMNS, lines))


def column_definitions(model: Model, column: str) -> list[tuple[str, str]]:
    """The SQL of a column and of every name inside the model it is made from, outermost first."""
    import sqlglot
    from sqlglot import exp

    selects = list(sqlglot.parse_one(model.sql, read="duckdb").find_all(exp.Select))
    found: dict[str, str] = {}
    waiting = [column]
    for name in waiting:
        made = [one for select in selects for one in select.expressions if one.alias_or_name == name]
        real = next((one.unalias() for one in made if not _passes_on(one, name)), None)
        if real is not None:
            found[name] = real.sql(dialect="duckdb", comments=False)
            waiting += [one.name for one in real.find_all(exp.Column) if one.name not in waiting]
    return list(found.items()) or [(column, column)]


def _passes_on(projection: object, name: str) -> bool:
    from sqlglot import exp

    return isinstance(projection, exp.Column) and projection.name == name


def _subject(name: str) -> Iterator[Line]:
    models = load_models()
    owner, dot, column = name.rpartition(".")
    if name in METRICS:
        yield from _metric(METRICS[name])
    elif name in models:
        yield from _model(models[name])
    elif dot and owner in models and column in models[owner].columns:
        yield from _column(models[owner], column)
    else:
        raise _unknown(name)


def _metric(metric: Metric) -> Iterator[Line]:
    yield "metric", metric.name, metric.purpose, metric.column, ""
    for formula in metric.cur:
        yield "formula from a Cost and Usage Report", formula.charges, formula.words, formula.sql, ""
    yield "formula from FOCUS", metric.focus.charges, metric.focus.words, metric.focus.sql, ""
    yield from _models_with(metric.column)


def _model(model: Model) -> Iterator[Line]:
    yield "model", model.name, model.purpose, "", _place(model)
    yield "model", "grain", model.grain, "", ""
    for note, text in model.notes.items():
        yield "model", note, text, "", ""
    models = load_models()
    for name in model.inputs:
        yield "inputs", name, models[name].purpose if name in models else "", "", ""
    for column, text in model.columns.items():
        yield "columns", column, text, "", ""
    readers = [one for one in models.values() if model.name in one.inputs]
    yield from (_behind(one) for one in readers)


def _column(model: Model, column: str) -> Iterator[Line]:
    yield "column", f"{model.name}.{column}", model.columns[column], "", ""
    for name, sql in column_definitions(model, column):
        yield "made from", name, "", sql, ""
    yield "model", model.name, model.purpose, "", _place(model)
    yield from _models_with(column, but=model)


def _models_with(column: str, but: Model | None = None) -> Iterator[Line]:
    """The models that make or read the column, in the order data flows; then the checks that watch it."""
    word = re.compile(rf"\b{re.escape(column)}\b")
    flow = ("staging", "ledger", "marts", "usage", "journal", "rules", "checks")
    models = sorted(ordered(load_models().values()), key=lambda one: flow.index(one.folder))
    yield from (_behind(one) for one in models if one is not but and word.search(one.sql))


def _behind(model: Model) -> Line:
    part = {"checks": "checks", "rules": "rules"}.get(model.folder, "models")
    return part, model.name, model.purpose, "", _place(model)


def _place(model: Model) -> str:
    return f"queries/{model.folder}/{model.path.name}"


def _computed_from(deliveries: Sequence[Delivery]) -> Iterator[Line]:
    for one in deliveries:
        loaded = f"loaded {one.loaded_at:%Y-%m-%d %H:%M} UTC"
        text = f"delivery {one.delivery}: {one.rows:,} rows, {one.format}, {loaded}"
        yield "computed from", f"{one.export} {one.period}", text, "", ""


def _unknown(name: str) -> UsageError:
    models = load_models()
    columns = [f"{model.name}.{column}" for model in models.values() for column in model.columns]
    near = get_close_matches(name, [*METRICS, *models, *columns], n=1, cutoff=0.5)
    known = f"a metric ({', '.join(METRICS)}), a model (finops sql --list) or MODEL.COLUMN"
    fix = f"finops explain {near[0]}" if near else known
    return UsageError(f"there is no metric, model or column {name}", fix=fix)
