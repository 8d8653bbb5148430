"""Values that a resource most likely should have: learned from tagged resources, and tested on them.

Every basis (another tag, the account, a cost category, the stack, cluster or group, the family of the name) is tried
on resources whose value is known: each is hidden, predicted from all others, and compared. A basis that is right too
seldom stays silent, and so does one that has seen too few. A suggestion is never counted as a tag.
"""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import TYPE_CHECKING

from finops.config.settings import Settings
from finops.document import Column, Rows
from finops.gaps.faults import fill
from finops.gaps.profiles import TABLES, create_profiles
from finops.gaps.totals import coverage

if TYPE_CHECKING:
    from finops.reader import Ledger

# A value that fewer other resources share is no rule.
LEAST_SUPPORT = 2
# What is given by the settings, and not learned.
ACCOUNT_MAP = "account map"

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
_TABLES = (
    *TABLES, "given_values", "inferred_rules", "inferred_bases", "inferred_gaps", "inferred_values",
    "inferred_suggestions",
)  # fmt: skip


def infer(ledger: Ledger, required: Sequence[str], precision: Decimal) -> Rows:
    """Fill `suggestion` and `suggestion_basis` of `gap_rows` where they are blank and a basis is good enough.

    `precision` is the least share of hidden values, in percent, that a basis has to predict right. Returns what
    was measured, a row per tag and basis that could be tested. Needs `gap_rows`, `resource_cost`, `tag_values`.
    """
    connection = ledger.connection
    create_profiles(connection, LEAST_SUPPORT + 1)
    fill(connection, "given_values", ("tag", "account", "value"), given_values(ledger.settings, required))
    connection.execute(_RULES, [LEAST_SUPPORT, LEAST_SUPPORT, ACCOUNT_MAP])
    connection.execute(_GIVEN)
    connection.execute(_MEASURED, [LEAST_SUPPORT, precision])
    for sql in (_GAPS, _PREDICTED, _SUGGESTIONS, _SUGGEST):
        connection.execute(sql)
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
    for table in _TABLES:
        connection.execute(f"drop table {table}")
    return Rows.of(INFERENCE, rows)


def given_values(settings: Settings, required: Sequence[str]) -> list[tuple[str, str, str]]:
    """Tag, account and value where the settings say which environment or owner an account belongs to."""
    given = [
        (tag, account, one.tags[tag][0])
        for one in settings.environments
        for tag in one.tags
        for account in one.accounts
        if tag in required and one.tags[tag]
    ]
    owners = settings.owners
    if owners.tag in required:
        given += [(owners.tag, account, owner) for account, owner in owners.accounts.items()]
    return given


# Per basis and evidence: the commonest value, how often it and the next one stand there. What the settings give is a
# rule without having been seen.
_RULES = """
create or replace temp table inferred_rules as
with
counted as (
    select known.tag, evidence.basis, evidence.evidence, known.value, sum(evidence.resources) as times
    from inferred_known as known
    join inferred_evidence as evidence on evidence.profile = known.profile
    anti join (select distinct tag, 'tag ' || raw_key as basis from tag_values) as own
        on own.tag = known.tag and own.basis = evidence.basis
    group by known.tag, evidence.basis, evidence.evidence, known.value
),
ranked as (
    select *, row_number() over (partition by tag, basis, evidence order by times desc, value) as place
    from counted
)
select tag, basis, evidence, 'learned' as origin,
    max(value) filter (where place = 1) as value,
    max(times) filter (where place = 1) as times,
    coalesce(max(times) filter (where place = 2), 0) as next_times
from ranked
group by tag, basis, evidence
having max(times) filter (where place = 1) >= ?
union all
select tag, account_map.basis, account, 'given', value, 2 * cast(? as integer), 0
from given_values, (select ? as basis) as account_map
"""

_GIVEN = """
insert into inferred_evidence
select profiles.profile, profiles.resources, given.basis, profiles.account
from inferred_profiles as profiles
join (select distinct basis, evidence from inferred_rules where origin = 'given') as given
    on given.evidence = profiles.account
"""

# Hidden and predicted back: without the hidden one its own value stands there once less. Where that leaves a tie
# or too few, nothing would have been said.
_MEASURED = """
create or replace temp table inferred_bases as
with
tested as (
    select known.tag, rules.basis, evidence.resources, known.value = rules.value as is_right
    from inferred_known as known
    join inferred_evidence as evidence on evidence.profile = known.profile
    join inferred_rules as rules
        on rules.tag = known.tag and rules.basis = evidence.basis and rules.evidence = evidence.evidence
    where rules.origin = 'given'
        or rules.times - (case when known.value = rules.value then 1 else 0 end) >= greatest(?, rules.next_times + 1)
)
select tag, basis, cast(sum(resources) as bigint) as tested,
    cast(coalesce(sum(resources) filter (where is_right), 0) as bigint) as right_ones,
    100 * coalesce(sum(resources) filter (where is_right), 0) >= ? * sum(resources) as used
from tested
group by tag, basis
"""

# The resources of each profile that a suggestion would help.
_GAPS = """
create or replace temp table inferred_gaps as
select gaps.tag, resources.account, resources.resource_id, profiles.profile
from (
    select distinct tag, account, resource_id from gap_rows
    where suggestion = '' and cause in ('missing', 'empty', 'invalid_value')
) as gaps
join inferred_resources as resources
    on resources.resource_id = gaps.resource_id and coalesce(resources.account, '(none)') = gaps.account
join inferred_profiles as profiles
    on profiles.account is not distinct from resources.account
    and profiles.first_labels = resources.first_labels and profiles.last_labels = resources.last_labels
    and profiles.all_labels is not distinct from resources.all_labels
    and profiles.family = resources.family and profiles.stem = resources.stem
"""

# For each profile every basis that knows a value; the best basis speaks.
_PREDICTED = """
create or replace temp table inferred_values as
select gaps.tag, gaps.profile, gaps.resources, rules.basis, rules.value, bases.used,
    row_number() over (
        partition by gaps.tag, gaps.profile
        order by bases.used desc, bases.right_ones / bases.tested desc, bases.tested desc, rules.basis
    ) as place
from (select tag, profile, count(*) as resources from inferred_gaps group by tag, profile) as gaps
join inferred_evidence as evidence on evidence.profile = gaps.profile
join inferred_rules as rules
    on rules.tag = gaps.tag and rules.basis = evidence.basis and rules.evidence = evidence.evidence
    and rules.times > rules.next_times
join inferred_bases as bases on bases.tag = gaps.tag and bases.basis = rules.basis
"""

_SUGGESTIONS = """
create or replace temp table inferred_suggestions as
select gaps.tag, coalesce(gaps.account, '(none)') as account, gaps.resource_id, found.value, found.basis
from inferred_values as found
join inferred_gaps as gaps on gaps.tag = found.tag and gaps.profile = found.profile
where found.place = 1 and found.used
"""

_SUGGEST = """
update gap_rows_found
set suggestion = found.value, suggestion_basis = found.basis
from inferred_suggestions as found
where gap_rows_found.suggestion = ''
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
    select tag, basis, cast(sum(resources) as bigint) as suggested from inferred_values group by tag, basis
)
select bases.tag, bases.basis, bases.tested, bases.right_ones as right, coalesce(gaps.gaps, 0) as gaps,
    coalesce(said.suggested, 0) as suggested, bases.used
from inferred_bases as bases
left join gaps on gaps.tag = bases.tag
left join said on said.tag = bases.tag and said.basis = bases.basis
"""
