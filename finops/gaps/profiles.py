"""Resources of which the same is known, counted together: what tells their values, and which values they have.

There are hundreds of thousands of resources and few profiles: an account, what the tags say, what the name begins with.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from finops.gaps.families import families
from finops.gaps.faults import fill

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

TABLES = (
    "family_keys", "inferred_sets", "inferred_resources", "inferred_profiles", "inferred_profile_sets",
    "inferred_known", "inferred_evidence",
)  # fmt: skip


def create_profiles(connection: DuckDBPyConnection, least: int) -> None:
    """Create `inferred_resources`, `inferred_profiles`, `inferred_known` and `inferred_evidence`.

    A resource (account, resource_id) has the columns that tell its profile. Known is the one value a profile has of a
    tag: tag, profile, value. Evidence is what else is known of it: profile, resources, basis, evidence; what fewer
    than `least` resources share is left out. Needs `resource_cost`, `required_tags`, `tag_values`, `tag_sets`.
    """
    keys = connection.execute("select distinct key from tag_sets where source = 'resource_tag' order by key").fetchall()
    fill(connection, "family_keys", ("key", "basis", "evidence", "said"), families(key for (key,) in keys))
    for sql in (_SETS, _RESOURCES, _PROFILES, _PROFILE_SETS, _KNOWN, _EVIDENCE):
        connection.execute(sql.format(least=least))


# The same tags in another month are the same evidence: sets are told apart by what they hold.
_SETS = """
create or replace temp table inferred_sets as
with used as (
    select distinct delivery_id, tag_set_id from resource_cost where x_taggable
),
held as (
    select used.delivery_id, used.tag_set_id, hash(sets.source, sets.key, trim(sets.value)) as label
    from used
    join tag_sets as sets on sets.delivery_id = used.delivery_id and sets.tag_set_id = used.tag_set_id
    where trim(sets.value) <> ''
)
select used.delivery_id, used.tag_set_id, coalesce(bit_xor(held.label), 0) as labels
from used
left join held on held.delivery_id = used.delivery_id and held.tag_set_id = used.tag_set_id
group by used.delivery_id, used.tag_set_id
"""

# What a resource is called by before its first digit, and the first word of that; a number says nothing.
_RESOURCES = """
create or replace temp table inferred_resources as
with
labelled as (
    select cost.sub_account_id as account, cost.resource_id, sets.labels
    from resource_cost as cost
    join inferred_sets as sets on sets.delivery_id = cost.delivery_id and sets.tag_set_id = cost.tag_set_id
    where cost.x_taggable and cost.resource_id is not null
),
bounds as (
    select account, resource_id, min(labels) as first_labels, max(labels) as last_labels
    from labelled
    group by account, resource_id
),
-- few resources change their tags
changed as (
    select labelled.account, labelled.resource_id, list_sort(list(distinct labelled.labels)) as all_labels
    from labelled
    semi join (select * from bounds where first_labels <> last_labels) as bounds
        on bounds.resource_id = labelled.resource_id and bounds.account is not distinct from labelled.account
    group by labelled.account, labelled.resource_id
),
resources as (
    select bounds.*, changed.all_labels
    from bounds
    left join changed
        on changed.resource_id = bounds.resource_id and changed.account is not distinct from bounds.account
),
named as (
    select *,
        case
            -- an id that AWS made up: all that volumes have in common is `vol-`
            when regexp_matches(resource_id, '(?:^|[:/])[a-z]+-[0-9a-f]{{8,}}$') then ''
            else regexp_extract(resource_id, '(?:^|[:/])([A-Za-z][A-Za-z_.-]{{3,}})[^:/]*$', 1)
        end as name
    from resources
),
names as (
    select account, name, count(*) as resources, regexp_extract(name, '^([A-Za-z]{{3,}})[-_.]', 1) as stem
    from named
    group by account, name
),
-- what too few share can neither be tested nor tell anything
words as (select stem from names group by stem having sum(resources) >= {least}),
told as (
    select names.account, names.name, case when resources >= {least} then names.name else '' end as family,
        coalesce(words.stem, '') as stem
    from names
    left join words on words.stem = names.stem
    where names.name <> ''
)
select named.account, named.resource_id, named.first_labels, named.last_labels, named.all_labels,
    coalesce(told.family, '') as family, coalesce(told.stem, '') as stem
from named
left join told on told.name = named.name and told.account is not distinct from named.account
"""

_PROFILES = """
create or replace temp table inferred_profiles as
select row_number() over () as profile, *
from (
    select account, first_labels, last_labels, all_labels, family, stem, count(*) as resources
    from inferred_resources
    group by account, first_labels, last_labels, all_labels, family, stem
)
"""

_PROFILE_SETS = """
create or replace temp table inferred_profile_sets as
select profile, first_labels as labels from inferred_profiles where all_labels is null
union all
select profile, unnest(all_labels) as labels from inferred_profiles where all_labels is not null
"""

# The one value of a profile; one that had several teaches nothing.
_KNOWN = """
create or replace temp table inferred_known as
select held.tag, sets.profile, any_value(held.value) as value
from (
    select distinct held.tag, sets.labels, held.value
    from tag_values as held
    join required_tags on required_tags.tag = held.tag
    join inferred_sets as sets on sets.delivery_id = held.delivery_id and sets.tag_set_id = held.tag_set_id
    where held.state = 'valid' and held.key_rule <> 'virtual'
) as held
join inferred_profile_sets as sets on sets.labels = held.labels
group by held.tag, sets.profile
having count(distinct held.value) = 1
"""

_EVIDENCE = """
create or replace temp table inferred_evidence as
with
labels as (
    select distinct held.labels, sets.source, sets.key, trim(sets.value) as value
    from inferred_sets as held
    join tag_sets as sets on sets.delivery_id = held.delivery_id and sets.tag_set_id = held.tag_set_id
    where trim(sets.value) <> ''
),
told as (
    select labels,
        case source when 'resource_tag' then 'tag ' when 'account_tag' then 'account tag ' else 'cost category ' end
        || key as basis,
        value as evidence
    from labels
    where source <> 'resource_tag' or key not in (select key from family_keys where evidence = 'value')
    union all
    select labels.labels, family_keys.basis,
        case family_keys.evidence
            when 'key' then family_keys.said
            when 'stack' then regexp_extract(labels.value, ':stack/([^/]+)', 1)
            when 'stem' then rtrim(regexp_extract(labels.value, '^([A-Za-z][A-Za-z_.-]{{2,}})', 1), '-_.')
            else labels.value
        end as evidence
    from labels
    join family_keys on family_keys.key = labels.key
    where labels.source = 'resource_tag'
),
found as (
    select distinct sets.profile, told.basis, told.evidence
    from told
    join inferred_profile_sets as sets on sets.labels = told.labels
    where told.evidence <> ''
    union all
    select profile, 'account', account from inferred_profiles where account is not null
    union all
    select profile, 'name', account || ' ' || family from inferred_profiles where family <> '' and account is not null
    union all
    select profile, 'ARN family', stem from inferred_profiles where stem <> ''
),
shared as (
    select found.basis, found.evidence
    from found
    join inferred_profiles using (profile)
    group by found.basis, found.evidence
    having sum(inferred_profiles.resources) >= {least}
)
select found.profile, inferred_profiles.resources, found.basis, found.evidence
from found
join shared on shared.basis = found.basis and shared.evidence = found.evidence
join inferred_profiles on inferred_profiles.profile = found.profile
"""
