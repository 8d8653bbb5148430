-- Spend on resources that could carry a required tag and do not.
-- grain: tag, cause, account, region, service, resource_id
-- inputs: resource_cost, tag_values, required_tags
-- settings: required_tags has one row per tag that [tags] required names; resource_cost is resource_daily with the metric asked for as cost
-- why: cost without an owner, project or environment cannot be charged back, budgeted or questioned.
-- fix: tag the resource; for keys that are set and still missing here, activate the key as a cost allocation tag. The past stays untagged.
-- columns:
--   tag: the required tag, as [tags] required spells it
--   cause: missing where no spelling of the key is on the line, empty where its value is blank
--   account: the account that used the resource
--   region: region code, (none) where the line has none
--   service: AWS service code
--   resource_id: resource id or ARN, (none) from Cost Explorer
--   cost: what the resource cost without the tag, in the metric and over the days asked for
with
-- a bill has few tag sets and many resources, so which tags a set lacks is decided before any resource is read
tag_sets_billed as (
    select distinct delivery_id, tag_set_id
    from resource_cost
    where x_taggable
),

gaps as (
    select
        tag_sets_billed.delivery_id,
        tag_sets_billed.tag_set_id,
        required_tags.tag,
        case when tag_values.state is null then 'missing' else 'empty' end as cause
    from tag_sets_billed
    cross join required_tags
    left join tag_values
        on tag_sets_billed.delivery_id = tag_values.delivery_id
        and tag_sets_billed.tag_set_id = tag_values.tag_set_id
        and required_tags.tag = tag_values.tag
    where tag_values.state is null or tag_values.state = 'blank'
)

select
    gaps.tag,
    gaps.cause,
    coalesce(resource_cost.sub_account_id, '(none)') as account,
    coalesce(resource_cost.region_id, '(none)') as region,
    coalesce(resource_cost.x_service_code, '(none)') as service,
    coalesce(resource_cost.resource_id, '(none)') as resource_id,
    cast(sum(resource_cost.cost) as decimal(38, 10)) as cost
from resource_cost
inner join gaps
    on resource_cost.delivery_id = gaps.delivery_id
    and resource_cost.tag_set_id = gaps.tag_set_id
where resource_cost.x_taggable
group by
    gaps.tag, gaps.cause, coalesce(resource_cost.sub_account_id, '(none)'), coalesce(resource_cost.region_id, '(none)'),
    coalesce(resource_cost.x_service_code, '(none)'), coalesce(resource_cost.resource_id, '(none)')
