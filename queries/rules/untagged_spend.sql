-- Spend on resources whose required tag is missing, late, misspelled or wrong, each with exactly one cause.
-- grain: tag, cause, counts_as, account, region, service, resource_id
-- inputs: resource_cost, resource_history, tag_values, tag_faults, tag_conflicts, tag_owners, account_owners
-- settings: resource_cost is resource_daily with the metric asked for as cost, resource_history the same without period and filters;
--   tag_faults says per set of tags what is wrong with a required tag, tag_conflicts per account and region which tags name another
--   environment; tag_owners and account_owners are [owners]
-- why: cost without an owner, project or environment cannot be charged back, budgeted or questioned.
-- fix: each cause has its own, see causes; finops tag-gaps --fix writes it. The past stays as it was billed.
-- columns:
--   tag: the required tag, as [tags] required spells it
--   cause: missing, empty, late, key_not_in_export, wrong_key, invalid_value or contradicts; the first that holds of key_not_in_export, wrong_key without a value that is read, late, empty, missing, invalid_value, contradicts, wrong_key
--   account: the account that used the resource; of key_not_in_export the payer, who activates keys
--   region: region code, (none) where the line has none, (all) of key_not_in_export
--   service: AWS service code, (all) of key_not_in_export
--   resource_id: resource id or ARN, (all) of key_not_in_export
--   key: the key that carries the value as the export spells it, blank where none does
--   value: the value as the export has it, blank where there is none
--   suggestion: the value it should have, as far as can be told; blank otherwise
--   first_seen: first day of such cost
--   last_seen: last day of such cost
--   resources: how many resources the row speaks of
--   counts_as: gap where no value is read, tagged where one is
--   cost: what it cost in this state, in the metric and over the days asked for
--   owner: who can close it, by [owners]; blank where nobody is known
--   owner_basis: how the owner is known: tag, account or blank
with
faulty as (
    select
        tag_faults.tag,
        tag_faults.cause,
        tag_faults.is_gap,
        tag_faults.key,
        tag_faults.value,
        tag_faults.suggestion,
        resource_cost.delivery_id,
        resource_cost.tag_set_id,
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
        tag_conflicts.key,
        tag_conflicts.value,
        tag_conflicts.suggestion,
        resource_cost.delivery_id,
        resource_cost.tag_set_id,
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

-- the first day on which the resource carried the tag, in whatever is loaded
tagged_since as (
    select
        open_gaps.tag,
        open_gaps.sub_account_id,
        open_gaps.resource_id,
        open_gaps.last_gap,
        min(resource_history.charge_day) as first_tagged
    from resource_history
    inner join tag_values
        on resource_history.delivery_id = tag_values.delivery_id
        and resource_history.tag_set_id = tag_values.tag_set_id
        and tag_values.state <> 'blank'
    inner join open_gaps
        on resource_history.resource_id = open_gaps.resource_id
        and resource_history.sub_account_id is not distinct from open_gaps.sub_account_id
        and tag_values.tag = open_gaps.tag
    where resource_history.x_taggable
    group by open_gaps.tag, open_gaps.sub_account_id, open_gaps.resource_id, open_gaps.last_gap
),

-- a day that begins without the tag and ends with it is late as well, unless the tag was lost again later
named as (
    select
        faulty.tag,
        case
            when faulty.cause in ('missing', 'empty') and faulty.charge_day < tagged_since.first_tagged then 'late'
            when faulty.cause in ('missing', 'empty') and faulty.charge_day = tagged_since.first_tagged
                and tagged_since.last_gap = tagged_since.first_tagged then 'late'
            else faulty.cause
        end as cause,
        faulty.is_gap,
        faulty.key,
        faulty.value,
        faulty.suggestion,
        faulty.charge_day,
        faulty.cause = 'key_not_in_export' as is_everywhere,
        coalesce(faulty.sub_account_id, '(none)') as sub_account,
        faulty.resource_id,
        case when faulty.cause = 'key_not_in_export' then faulty.billing_account_id else faulty.sub_account_id end as account,
        case when faulty.cause = 'key_not_in_export' then '(all)' else faulty.region_id end as region,
        case when faulty.cause = 'key_not_in_export' then '(all)' else faulty.x_service_code end as service,
        case when faulty.cause = 'key_not_in_export' then '(all)' else faulty.resource_id end as resource,
        case when faulty.cause = 'key_not_in_export' then null else tag_owners.owner end as tag_owner,
        faulty.cost
    from faulty
    left join tagged_since
        on faulty.tag = tagged_since.tag
        and faulty.resource_id = tagged_since.resource_id
        and faulty.sub_account_id is not distinct from tagged_since.sub_account_id
    left join tag_owners
        on faulty.delivery_id = tag_owners.delivery_id
        and faulty.tag_set_id = tag_owners.tag_set_id
),

-- key, value, suggestion and owner are those of the newest day
grouped as (
    select
        tag,
        cause,
        coalesce(account, '(none)') as account,
        coalesce(region, '(none)') as region,
        coalesce(service, '(none)') as service,
        resource as resource_id,
        max(row(charge_day, key, value, suggestion)) as newest,
        max(row(charge_day, tag_owner)) filter (where tag_owner is not null) as newest_owner,
        min(charge_day) as first_seen,
        max(charge_day) as last_seen,
        count(distinct case when is_everywhere then row(sub_account, resource_id) end) as everywhere,
        is_gap,
        cast(sum(cost) as decimal(38, 10)) as cost
    from named
    group by
        tag, cause, is_gap, coalesce(account, '(none)'), coalesce(region, '(none)'), coalesce(service, '(none)'),
        resource
)

select
    grouped.tag,
    grouped.cause,
    grouped.account,
    grouped.region,
    grouped.service,
    grouped.resource_id,
    grouped.newest[2] as key,
    grouped.newest[3] as value,
    grouped.newest[4] as suggestion,
    grouped.first_seen,
    grouped.last_seen,
    greatest(grouped.everywhere, 1) as resources,
    case when grouped.is_gap then 'gap' else 'tagged' end as counts_as,
    grouped.cost,
    coalesce(grouped.newest_owner[2], account_owners.owner, '') as owner,
    case
        when grouped.newest_owner is not null then 'tag'
        when account_owners.owner is not null then 'account'
        else ''
    end as owner_basis
from grouped
left join account_owners on grouped.account = account_owners.account
