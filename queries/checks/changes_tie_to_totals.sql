-- The changes of a period that do not sum to what both deliveries sum to, to the last decimal: the journal is wrong.
-- grain: metric, billing_currency
-- inputs: cost_changes, compared_metrics, period_totals, replaced_period_totals
-- columns:
--   metric: the metric that is wrong
--   billing_currency: the currency
--   expected_old: what the delivery replaced sums to
--   found_old: what the changes say it did
--   expected_new: what the delivery that takes its place sums to
--   found_new: what the changes say it does
with
totals as (
    select
        true as is_new,
        billing_currency,
        x_unblended_cost,
        x_net_unblended_cost,
        x_amortized_cost,
        x_net_amortized_cost,
        list_cost
    from period_totals
    union all
    select
        false,
        billing_currency,
        x_unblended_cost,
        x_net_unblended_cost,
        x_amortized_cost,
        x_net_amortized_cost,
        list_cost
    from replaced_period_totals
),

by_metric as (
    select
        compared_metrics.metric,
        totals.billing_currency,
        totals.is_new,
        case compared_metrics.metric
            when 'unblended' then totals.x_unblended_cost
            when 'net_unblended' then totals.x_net_unblended_cost
            when 'amortized' then totals.x_amortized_cost
            when 'net_amortized' then totals.x_net_amortized_cost
            when 'list' then totals.list_cost
        end as cost
    from totals
    cross join compared_metrics
),

-- side by side without a join, so that a currency or metric that only one side has is found as well
both_sides as (
    select
        metric,
        billing_currency,
        case when is_new then 0 else cost end as expected_old,
        0 as found_old,
        case when is_new then cost else 0 end as expected_new,
        0 as found_new
    from by_metric
    union all
    select
        metric,
        billing_currency,
        0,
        old_cost,
        0,
        new_cost
    from cost_changes
),

sums as (
    select
        metric,
        billing_currency,
        coalesce(sum(expected_old), 0) as expected_old,
        coalesce(sum(found_old), 0) as found_old,
        coalesce(sum(expected_new), 0) as expected_new,
        coalesce(sum(found_new), 0) as found_new
    from both_sides
    group by metric, billing_currency
)

select
    metric,
    billing_currency,
    expected_old,
    found_old,
    expected_new,
    found_new
from sums
where expected_old <> found_old or expected_new <> found_new
