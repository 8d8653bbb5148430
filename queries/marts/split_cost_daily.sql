-- Split cost allocation: how much of each instance's cost the containers of each tag set used, by day.
-- Its sums say again what the instances cost: they are added to no other cost, they divide it.
-- grain: billing_period, charge_day, billing_account_id, parent_resource_id, x_operation, tag_set_id, billing_currency
-- inputs: line_items
-- columns:
--   billing_period: YYYY-MM
--   charge_day: day of the charge's start, UTC
--   billing_account_id: the payer
--   parent_resource_id: the instance the containers ran on
--   x_operation: ECSTask-EC2, EKSPod-EC2, ...
--   tag_set_id: the set of tags on the containers, see tag_sets
--   billing_currency: currency of every cost column
--   x_split_cost: share of the instance's amortized cost, unused rest included
--   x_net_split_cost: the same after discounts
--   line_items: rows of the export
with
containers as (
    select
        substring(cast(billing_period_start as varchar), 1, 7) as billing_period,
        cast(charge_period_start as date) as charge_day,
        billing_account_id,
        x_split_parent_id as parent_resource_id,
        x_operation,
        tag_set_id,
        billing_currency,
        x_split_cost,
        x_net_split_cost
    from line_items
    where x_split_parent_id is not null
),

grouped as (
    select
        billing_period,
        charge_day,
        billing_account_id,
        parent_resource_id,
        x_operation,
        tag_set_id,
        billing_currency,
        sum(x_split_cost) as x_split_cost,
        sum(x_net_split_cost) as x_net_split_cost,
        count(*) as line_items
    from containers
    group by
        billing_period, charge_day, billing_account_id, parent_resource_id, x_operation, tag_set_id, billing_currency
)

select
    billing_period,
    charge_day,
    billing_account_id,
    parent_resource_id,
    x_operation,
    tag_set_id,
    billing_currency,
    cast(x_split_cost as decimal(38, 10)) as x_split_cost,
    cast(x_net_split_cost as decimal(38, 10)) as x_net_split_cost,
    line_items
from grouped
