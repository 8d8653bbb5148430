"""Values that a resource most likely should have: learned from tagged resources, and tested on them.

Every basis (another tag, the account, a cost category, the family of the name) is tried on resources whose value
is known: each is hidden, predicted from all others, and compared. A basis that is right too seldom stays silent,
and so does one that has seen too few. A suggestion is never counted as a tag.
"""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import TYPE_CHECKING

from finops.document import Column, Rows
from finops.gaps.totals import coverage

if TYPE_CHECKING:
    from finops.reader import Ledger

# A value that fewer other resources share is no rule.
LEAST_SUPPORT = 2

INFERENCE = (
    Column("tag"),
    Column("basis"),
    Column("tested", "count"),
    Column("right", "count"),
    Column("precision", "percent"),
    Column("gaps", "count"),
    Column("suggested", "count"),
    Column("coverage", "percent"),
    Column("used", "flag"),
)


def infer(ledger: Ledger, required: Sequence[str], precision: Decimal) -> Rows:
    """Fill `suggestion` and `suggestion_basis` of `gap_rows` where they are blank and a basis is good enough.

    `precision` is the least share of hidden values, in percent, that a basis has to predict right. Returns what
    was measured, a row per tag and basis that could be tested. Needs `gap_rows`, `resource_cost`, `tag_values`.
    """
    connection = ledger.connection
    connection.execute(_KNOWN)
    connection.execute(_EVIDENCE)
    connection.execute(_RULES, [LEAST_SUPPORT])
    connection.execute(_MEASURED, [LEAST_SUPPORT, precision])
    connection.execute(_PREDICTED)
    connection.execute(_SUGGEST)
    place = {tag: at for at, tag in enumerate(required)}
    found = sorted(
        ledger.rows(_REPORT), key=lambda row: (place[row["tag"]], not row["used"], -row["right"], row["basis"])
    )
    rows = [
        (
            row["tag"], row["basis"], row["tested"], row["right"], coverage(row["right"], row["tested"]),
            row["gaps"], row["suggested"], coverage(row["suggested"], row["gaps"]), row["used"],
        )
        for row in found
    ]  # fmt: skip
    for table in ("inferred_known", "inferred_evidence", "inferred_rules", "inferred_bases", "inferred_values"):
        connection.execute(f"drop table {table}")
    return Rows.of(INFERENCE, rows)


# The one value of a resource; one that had several teaches nothing.
_KNOWN = """
create or replace temp table inferred_known as
select held.tag, cost.sub_account_id as account, cost.resource_id, any_value(held.value) as value
from (select distinct delivery_id, tag_set_id, sub_account_id, resource_id from resource_cost where x_taggable) as cost
join required_tags on true
join tag_values as held
    on held.delivery_id = cost.delivery_id and held.tag_set_id = cost.tag_set_id and held.tag = required_tags.tag
where held.state = 'valid'
group by held.tag, cost.sub_account_id, cost.resource_id
having count(distinct held.value) = 1
"""

# What else is known of each resource. The family of a name is what stands before its first digit; a number that
# a resource is called by says nothing.
_EVIDENCE = """
create or replace temp table inferred_evidence as
with
resources as (
    select distinct delivery_id, tag_set_id, sub_account_id as account, x_service_code as service, resource_id
    from resource_cost
    where x_taggable
),
others as (
    select resources.account, resources.resource_id, sets.source, sets.key, trim(sets.value) as value
    from resources
    join tag_sets as sets on sets.delivery_id = resources.delivery_id and sets.tag_set_id = resources.tag_set_id
    where trim(sets.value) <> ''
),
families as (
    select distinct account, resource_id, service,
        regexp_extract(regexp_extract(resource_id, '([^:/]+)$', 1), '^([A-Za-z][A-Za-z_.-]{3,})', 1) as family
    from resources
)
select distinct account, resource_id,
    case source when 'resource_tag' then 'tag ' else 'cost category ' end || key as basis, value as evidence
from others
union all
select distinct account, resource_id, 'account', account from resources where account is not null
union all
select account, resource_id, 'name', account || ' ' || family from families where family <> '' and account is not null
"""

# Per basis and evidence: the commonest value, how often it and the next one stand there.
_RULES = """
create or replace temp table inferred_rules as
with
counted as (
    select known.tag, evidence.basis, evidence.evidence, known.value, count(*) as times
    from inferred_known as known
    join inferred_evidence as evidence
        on evidence.resource_id = known.resource_id and evidence.account is not distinct from known.account
    where not exists (
        select 1 from tag_values as held
        where held.tag = known.tag and evidence.basis = 'tag ' || held.raw_key
    )
    group by known.tag, evidence.basis, evidence.evidence, known.value
),
ranked as (
    select *, row_number() over (partition by tag, basis, evidence order by times desc, value) as place
    from counted
)
select tag, basis, evidence,
    max(value) filter (where place = 1) as value,
    max(times) filter (where place = 1) as times,
    coalesce(max(times) filter (where place = 2), 0) as next_times,
    sum(times) as all_times
from ranked
group by tag, basis, evidence
having max(times) filter (where place = 1) >= ?
"""

# Hidden and predicted back: without the hidden one its own value stands there once less. Where that leaves a tie
# or too few, nothing would have been said.
_MEASURED = """
create or replace temp table inferred_bases as
with
tested as (
    select known.tag, rules.basis, known.value = rules.value as is_right
    from inferred_known as known
    join inferred_evidence as evidence
        on evidence.resource_id = known.resource_id and evidence.account is not distinct from known.account
    join inferred_rules as rules
        on rules.tag = known.tag and rules.basis = evidence.basis and rules.evidence = evidence.evidence
    where rules.times - (case when known.value = rules.value then 1 else 0 end) >= greatest(?, rules.next_times + 1)
)
select tag, basis, count(*) as tested, count(*) filter (where is_right) as right_ones,
    100 * count(*) filter (where is_right) >= ? * count(*) as used
from tested
group by tag, basis
"""

# For each gap every basis that knows a value; the best basis speaks.
_PREDICTED = """
create or replace temp table inferred_values as
select gaps.tag, gaps.account, gaps.resource_id, rules.basis, rules.value, bases.used,
    row_number() over (
        partition by gaps.tag, gaps.account, gaps.resource_id
        order by bases.used desc, bases.right_ones / bases.tested desc, bases.tested desc, rules.basis
    ) as place
from (
    select distinct tag, account, resource_id from gap_rows
    where suggestion = '' and cause in ('missing', 'empty', 'invalid_value')
) as gaps
join inferred_evidence as evidence
    on evidence.resource_id = gaps.resource_id and coalesce(evidence.account, '(none)') = gaps.account
join inferred_rules as rules
    on rules.tag = gaps.tag and rules.basis = evidence.basis and rules.evidence = evidence.evidence
    and rules.times > rules.next_times
join inferred_bases as bases on bases.tag = gaps.tag and bases.basis = rules.basis
"""

_SUGGEST = """
update gap_rows_found
set suggestion = found.value, suggestion_basis = found.basis
from inferred_values as found
where found.place = 1 and found.used and gap_rows_found.suggestion = ''
    and gap_rows_found.cause in ('missing', 'empty', 'invalid_value')
    and found.tag = gap_rows_found.tag and found.account = gap_rows_found.account
    and found.resource_id = gap_rows_found.resource_id
"""

_REPORT = """
with gaps as (
    select tag, count(distinct row(account, resource_id)) as gaps from gap_rows
    where cause in ('missing', 'empty', 'invalid_value') group by tag
),
said as (
    select tag, basis, count(distinct row(account, resource_id)) as suggested from inferred_values group by tag, basis
)
select bases.tag, bases.basis, bases.tested, bases.right_ones as right, coalesce(gaps.gaps, 0) as gaps,
    coalesce(said.suggested, 0) as suggested, bases.used
from inferred_bases as bases
left join gaps on gaps.tag = bases.tag
left join said on said.tag = bases.tag and said.basis = bases.basis
"""
