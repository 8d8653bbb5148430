-- Spend on resources whose required tag is missing, late, misspelled or wrong, each with exactly one cause.
-- grain: tag, cause, counts_as, account, region, service, resource_id
-- inputs: resource_cost, resource_history, tag_values, tag_faults, tag_conflicts, fault_details, account_owners
-- settings: resource_cost is resource_daily with the metric asked for as cost, resource_history the same without period and filters;
--   tag_faults says per set of tags what is wrong with a required tag, tag_conflicts per account and region which tags name another
--   environment, fault_details what each of these holds and should hold; account_owners is [owners] accounts
-- why: cost without an owner, project or environment cannot be charged back, budgeted or questioned.
-- fix: each cause has its own, see causes; finops tag-gaps --fix writes it. The past stays as it was billed.
-- columns:
--   tag: the required tag, as [tags] required spells it
--   cause: why, the first of wrong_key, key_not_in_export, late, empty, missing without a value, else invalid_value, contradicts, wrong_key
--   account: the account that used the resource; of key_not_in_export the payer, who activates keys
--   region: region code, (none) where the line has none, (all) of key_not_in_export
--   service: AWS service code, (all) of key_not_in_export
--   resource_id: resource id or ARN, (none) from Cost Explorer, (all) of key_not_in_export
--   key: the key that carries the value as the export spells it, blank where none does
--   value: the value as the export has it, blank where there is none
--   suggestion: the value it should have, as far as can be told; blank otherwise
--   suggestion_basis: what the suggestion rests on: value, environment or blank; --infer adds others
--   first_seen: first day of such cost
--   last_seen: last day of such cost
--   resources: how many resources the row speaks of
--   counts_as: gap where no value is read, tagged where one is
--   cost: what it cost in this state, in the metric and over the days asked for
--   owner: who can close it, by [owners]; blank where nobody is known
--   owner_basis: how the owner is known: tag, account or blank
with
-- few sets of tags, many lines: what is wrong is decided per set before any line is read
faulty as (
    select
        tag_faults.tag,
        tag_faults.cause,
        tag_faults.is_gap,
        tag_faults.fault_id,
        resource_cost.charge_day,
        resource_cost.billing_account_id,
        resource_cost.sub_account_id,
        resource_cost.region_id,
        resource_cost.x_service_code,
        resource_cost.resource_id,
        resource_cost.cost
    from resource_cost
    inner join tag_faults
        on resource_cost.delivery_id = tag_faults.delivery_id
        and resource_cost.tag_set_id = tag_faults.tag_set_id
    left join tag_conflicts
        on not tag_faults.is_gap
        and tag_faults.cause = 'wrong_key'
        and tag_faults.tag = tag_conflicts.tag
        and resource_cost.delivery_id = tag_conflicts.delivery_id
        and resource_cost.tag_set_id = tag_conflicts.tag_set_id
        and resource_cost.sub_account_id is not distinct from tag_conflicts.sub_account_id
        and resource_cost.region_id is not distinct from tag_conflicts.region_id
    where resource_cost.x_taggable and tag_conflicts.tag is null
    union all
    select
        tag_conflicts.tag,
        'contradicts' as cause,
        false as is_gap,
        tag_conflicts.fault_id,
        resource_cost.charge_day,
        resource_cost.billing_account_id,
        resource_cost.sub_account_id,
        resource_cost.region_id,
        resource_cost.x_service_code,
        resource_cost.resource_id,
        resource_cost.cost
    from resource_cost
    inner join tag_conflicts
        on resource_cost.delivery_id = tag_conflicts.delivery_id
        and resource_cost.tag_set_id = tag_conflicts.tag_set_id
        and resource_cost.sub_account_id is not distinct from tag_conflicts.sub_account_id
        and resource_cost.region_id is not distinct from tag_conflicts.region_id
    where resource_cost.x_taggable
),

open_gaps as (
    select tag, sub_account_id, resource_id, max(charge_day) as last_gap
    from faulty
    where cause in ('missing', 'empty')
    group by tag, sub_account_id, resource_id
),

-- all days of the resources in question; joined before their tags are, which would multiply every line of the bill
touched as materialized (
    select
        open_gaps.tag,
        open_gaps.sub_account_id,
        open_gaps.resource_id,
        open_gaps.last_gap,
        resource_history.delivery_id,
        resource_history.tag_set_id,
        resource_history.charge_day
    from resource_history
    inner join open_gaps
        on resource_history.resource_id = open_gaps.resource_id
        and resource_history.sub_account_id is not distinct from open_gaps.sub_account_id
    where resource_history.x_taggable
),

-- the first day on which the resource carried the tag, in whatever is loaded
tagged_since as (
    select
        touched.tag,
        touched.sub_account_id,
        touched.resource_id,
        touched.last_gap,
        min(touched.charge_day) as first_tagged
    from touched
    inner join tag_values
        on touched.delivery_id = tag_values.delivery_id
        and touched.tag_set_id = tag_values.tag_set_id
        and touched.tag = tag_values.tag
    where tag_values.state <> 'blank'
    group by touched.tag, touched.sub_account_id, touched.resource_id, touched.last_gap
),

-- a day that begins without the tag and ends with it is late as well, unless the tag was lost again later
named as (
    select
        faulty.tag,
        case
            when faulty.charge_day < tagged_since.first_tagged then 'late'
            when faulty.charge_day = tagged_since.first_tagged and tagged_since.last_gap = tagged_since.first_tagged
                then 'late'
            else faulty.cause
        end as cause,
        faulty.is_gap,
        faulty.fault_id,
        faulty.charge_day,
        coalesce(faulty.sub_account_id, '(none)') as account,
        coalesce(faulty.region_id, '(none)') as region,
        coalesce(faulty.x_service_code, '(none)') as service,
        coalesce(faulty.resource_id, '(none)') as resource_id,
        faulty.cost
    from faulty
    left join tagged_since
        on faulty.cause in ('missing', 'empty')
        and faulty.tag = tagged_since.tag
        and faulty.resource_id = tagged_since.resource_id
        and faulty.sub_account_id is not distinct from tagged_since.sub_account_id
    where faulty.cause <> 'key_not_in_export'
),

-- what is said of the resource is what held on its newest day: the day and the fault in one number, the day first
grouped as (
    select
        tag,
        cause,
        is_gap,
        account,
        region,
        service,
        resource_id,
        max(date_diff('day', date '1970-01-01', charge_day) * 4294967296 + fault_id) % 4294967296 as fault_id,
        min(charge_day) as first_seen,
        max(charge_day) as last_seen,
        case when resource_id = '(none)' then 0 else 1 end as resources,
        sum(cost) as cost
    from named
    group by tag, cause, is_gap, account, region, service, resource_id
    union all
    select
        tag,
        cause,
        is_gap,
        coalesce(billing_account_id, '(none)') as account,
        '(all)' as region,
        '(all)' as service,
        '(all)' as resource_id,
        null as fault_id,
        min(charge_day) as first_seen,
        max(charge_day) as last_seen,
        count(distinct row(sub_account_id, resource_id)) filter (where resource_id is not null) as resources,
        sum(cost) as cost
    from faulty
    where cause = 'key_not_in_export'
    group by tag, cause, is_gap, coalesce(billing_account_id, '(none)')
)

select
    grouped.tag,
    grouped.cause,
    grouped.account,
    grouped.region,
    grouped.service,
    grouped.resource_id,
    coalesce(fault_details.key, '') as key,
    coalesce(fault_details.value, '') as value,
    coalesce(fault_details.suggestion, '') as suggestion,
    case
        when coalesce(fault_details.suggestion, '') = '' then ''
        when grouped.cause = 'contradicts' then 'environment'
        else 'value'
    end as suggestion_basis,
    grouped.first_seen,
    grouped.last_seen,
    cast(grouped.resources as bigint) as resources,
    case when grouped.is_gap then 'gap' else 'tagged' end as counts_as,
    cast(grouped.cost as decimal(38, 10)) as cost,
    coalesce(fault_details.owner, account_owners.owner, '') as owner,
    case
        when fault_details.owner is not null then 'tag'
        when account_owners.owner is not null then 'account'
        else ''
    end as owner_basis
from grouped
left join fault_details on grouped.fault_id = fault_details.fault_id
left join account_owners on grouped.account = account_owners.account
