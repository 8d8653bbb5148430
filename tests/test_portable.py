"""The linter of models: what may mean something else on another engine is refused, with the reason."""

from __future__ import annotations

import pytest

from finops.engines.portable import ALLOWED, REFUSED, refusals
from finops.models import Model, load_models

# What Spark builds and checks. Rules, usage and advice always run in DuckDB.
BUILT_ELSEWHERE = ("staging", "ledger", "marts", "journal", "checks")
# One select for each kind of node that is refused by name.
BAD = {
    "Div": "select a / b as c from t",
    "IntDiv": "select a // 2 as c from t",
    "Mod": "select a % 2 as c from t",
    "Round": "select round(a, 2) as c from t",
    "Avg": "select avg(a) as c from t",
    "PercentileCont": "select percentile_cont(0.5) within group (order by a) as c from t",
    "Median": "select median(a) as c from t",
    "TryCast": "select try_cast(a as integer) as c from t",
    "Bracket": "select m['k'] as c from t",
    "Explode": "select unnest(l) as c from t",
    "Unnest": "select c from t, unnest(l) as u(c)",
    "ArrayAgg": "select array_agg(a) as c from t",
    "GroupConcat": "select string_agg(a, ',') as c from t",
    "First": "select first(a) as c from t",
    "Last": "select last(a) as c from t",
    "AnyValue": "select any_value(a) as c from t",
    "ArgMax": "select arg_max(a, b) as c from t",
    "ArgMin": "select arg_min(a, b) as c from t",
    "Order": "select a from t order by a",
    "Limit": "select a from t limit 1",
    "ILike": "select a from t where a ilike 'x%'",
    "RegexpLike": "select a from t where regexp_matches(a, 'x')",
    "RegexpFullMatch": "select a from t where regexp_full_match(a, 'x')",
    "RegexpReplace": "select regexp_replace(a, 'x', 'y') as c from t",
    "RegexpExtract": "select regexp_extract(a, 'x') as c from t",
    "DateDiff": "select date_diff('day', a, b) as c from t",
    "TimestampTrunc": "select date_trunc('month', a) as c from t",
    "LastDay": "select last_day(a) as c from t",
    "CurrentDate": "select current_date as c from t",
    "Rand": "select random() as c from t",
    "Lambda": "select list_transform(l, x -> x) as c from t",
    "Comprehension": "select [x for x in l] as c from t",
    "Pivot": "select * from t pivot (sum(a) for b in ('x'))",
    "Qualify": "select a from t qualify row_number() over (partition by a) = 1",
    "Lateral": "select a from t cross join lateral (select b from u) as v",
    "Parameter": "select a from t where a = $1",
    "Placeholder": "select a from t where a = ?",
}
# What is allowed, used in a way that is not, and a word of the reason.
MISUSED = {
    "select t.a from t asof join u on t.a >= u.a": "asof",
    "select t.a from t right join u on t.a = u.a": "right",
    "select t.a from t full join u on t.a = u.a": "full",
    "select a from t join u using (a)": "using",
    "select t.a from t, u": "cross join",
    "select a from t group by all": "group by all",
    "select a, sum(b) as c from t group by 1": "a number in group by",
    "select * exclude (a) from t": "write the columns out",
    "select * replace (1 as a) from t": "write the columns out",
    "select a from t union select a from u": "union all",
    "select a from t union all by name select a from u": "by name",
    "select cast(a as decimal) as c from t": "without precision",
    "select cast(a as hugeint) as c from t": "only DuckDB has",
    "select cast(a as ubigint) as c from t": "only DuckDB has",
    r"select a from t where a like 'x\_%'": "backslash",
    "select distinct on (a) a, b from t": "distinct on",
    "select my_macro(a) as c from t": "sqlglot does not know",
    "select a from t where a is not distinct from b": "not known",
}


ELSEWHERE = [model for model in load_models().values() if model.folder in BUILT_ELSEWHERE]


@pytest.mark.parametrize("model", ELSEWHERE, ids=lambda model: model.name)
def test_models_that_other_engines_build_are_refused_nothing(model: Model) -> None:
    assert refusals(model.sql) == []


def test_the_models_that_only_duckdb_runs_are_known() -> None:
    refused = {name for name, model in load_models().items() if refusals(model.sql)}
    assert refused == {"untagged_spend", "data_residency", "cur_hourly_usage", "cur_stored_usage"}


@pytest.mark.parametrize("kind", REFUSED)
def test_a_construct_that_differs_is_refused_for_its_reason(kind: str) -> None:
    assert REFUSED[kind] in [refusal.reason for refusal in refusals(BAD[kind])]


@pytest.mark.parametrize(("sql", "word"), MISUSED.items())
def test_what_is_allowed_is_refused_where_it_is_misused(sql: str, word: str) -> None:
    assert any(word in refusal.reason for refusal in refusals(sql))


def test_a_refusal_shows_what_is_meant_once() -> None:
    (refusal,) = refusals("select a / b as c, d / e as f from t")
    assert refusal.construct == "a / b"


def test_no_construct_is_allowed_that_no_model_needs() -> None:
    import sqlglot

    used = {type(node).__name__ for model in ELSEWHERE for node in sqlglot.parse_one(model.sql, read="duckdb").walk()}
    spare = {"Paren", "Boolean", "LTE"}
    assert {name for names in ALLOWED.values() for name in names.split()} - spare <= used
