-- Spend in a region where the settings say that such data may not be.
-- grain: rule, account, region, service, resource_id
-- inputs: residency_cost, residency_regions
-- settings: residency_cost are the lines that a [[residency]] rule speaks of, under the rule's reason, with the metric asked for as cost;
--   residency_regions has one row per rule and region it allows
-- why: data that has to stay in a jurisdiction costs more than money where it leaves it.
-- fix: move the resource to an allowed region, or correct the tag or account that the rule goes by.
-- columns:
--   rule: the reason of the [[residency]] rule
--   account: the account that used the resource
--   region: region code; a line without one is in no place and no finding
--   service: AWS service code
--   resource_id: resource id or ARN, (none) where the line has none
--   first_seen: first day of such cost
--   last_seen: last day of such cost
--   cost: what it cost there, in the metric and over the days asked for
select
    residency_cost.rule,
    coalesce(residency_cost.sub_account_id, '(none)') as account,
    residency_cost.region_id as region,
    coalesce(residency_cost.x_service_code, '(none)') as service,
    coalesce(residency_cost.resource_id, '(none)') as resource_id,
    min(residency_cost.charge_day) as first_seen,
    max(residency_cost.charge_day) as last_seen,
    cast(sum(residency_cost.cost) as decimal(38, 10)) as cost
from residency_cost
left join residency_regions
    on residency_cost.rule = residency_regions.rule
    and lower(residency_cost.region_id) = residency_regions.region
where residency_cost.region_id is not null
    and residency_cost.region_id <> 'global'
    and residency_regions.region is null
group by
    residency_cost.rule, coalesce(residency_cost.sub_account_id, '(none)'), residency_cost.region_id,
    coalesce(residency_cost.x_service_code, '(none)'), coalesce(residency_cost.resource_id, '(none)')
