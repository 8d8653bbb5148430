-- What a delivery changed in its period against the one it replaces; what stayed the same is one row per metric.
-- grain: metric, billing_currency, is_change, sub_account_id, x_service_code, charge_type
-- inputs: daily_cost, replaced_daily_cost, compared_metrics, settled_days
-- settings: compared_metrics has one row per metric that both deliveries can give; settled_days has one row about the
--           delivery replaced: the day before which all of its days were complete, and whether it was final.
-- why: charges that had not come yet are no correction. What spans more than a day, such as a fee or tax, may come until
--      a month is final, so it counts as restated only after that.
-- columns:
--   metric: unblended, net_unblended, amortized, net_amortized or list
--   billing_currency: currency of every cost column
--   is_change: false in the row of everything that costs what it did, whose keys are null
--   sub_account_id: the account that used it
--   x_service_code: AWS service code
--   charge_type: AWS line item type, the FOCUS charge category where there is none
--   old_cost: in the delivery replaced
--   new_cost: in the delivery that takes its place
--   restated_cost: the part of new_cost - old_cost on days that were complete already; the rest has come since
with
both_deliveries as (
    select
        true as is_new,
        billing_currency,
        sub_account_id,
        x_service_code,
        coalesce(x_line_item_type, charge_category) as charge_type,
        charge_day,
        x_is_long,
        x_unblended_cost,
        x_net_unblended_cost,
        x_amortized_cost,
        x_net_amortized_cost,
        list_cost
    from daily_cost
    union all
    select
        false,
        billing_currency,
        sub_account_id,
        x_service_code,
        coalesce(x_line_item_type, charge_category),
        charge_day,
        x_is_long,
        x_unblended_cost,
        x_net_unblended_cost,
        x_amortized_cost,
        x_net_amortized_cost,
        list_cost
    from replaced_daily_cost
),

costs as (
    select
        both_deliveries.is_new,
        both_deliveries.billing_currency,
        both_deliveries.sub_account_id,
        both_deliveries.x_service_code,
        both_deliveries.charge_type,
        both_deliveries.charge_day < settled_days.before
        and (settled_days.is_final or not both_deliveries.x_is_long) as is_settled,
        sum(both_deliveries.x_unblended_cost) as unblended,
        sum(both_deliveries.x_net_unblended_cost) as net_unblended,
        sum(both_deliveries.x_amortized_cost) as amortized,
        sum(both_deliveries.x_net_amortized_cost) as net_amortized,
        sum(both_deliveries.list_cost) as list
    from both_deliveries
    cross join settled_days
    group by
        both_deliveries.is_new,
        both_deliveries.billing_currency,
        both_deliveries.sub_account_id,
        both_deliveries.x_service_code,
        both_deliveries.charge_type,
        both_deliveries.charge_day < settled_days.before
        and (settled_days.is_final or not both_deliveries.x_is_long)
),

by_metric as (
    select
        compared_metrics.metric,
        costs.is_new,
        costs.billing_currency,
        costs.sub_account_id,
        costs.x_service_code,
        costs.charge_type,
        costs.is_settled,
        case compared_metrics.metric
            when 'unblended' then costs.unblended
            when 'net_unblended' then costs.net_unblended
            when 'amortized' then costs.amortized
            when 'net_amortized' then costs.net_amortized
            when 'list' then costs.list
        end as cost
    from costs
    cross join compared_metrics
),

compared as (
    select
        metric,
        billing_currency,
        sub_account_id,
        x_service_code,
        charge_type,
        coalesce(sum(cost) filter (where not is_new), 0) as old_cost,
        coalesce(sum(cost) filter (where is_new), 0) as new_cost,
        coalesce(sum(case when is_new then cost else -cost end) filter (where is_settled), 0) as restated_cost
    from by_metric
    group by metric, billing_currency, sub_account_id, x_service_code, charge_type
),

judged as (
    select
        *,
        old_cost <> new_cost or restated_cost <> 0 as is_change
    from compared
)

select
    metric,
    billing_currency,
    is_change,
    case when is_change then sub_account_id end as sub_account_id,
    case when is_change then x_service_code end as x_service_code,
    case when is_change then charge_type end as charge_type,
    cast(sum(old_cost) as decimal(38, 10)) as old_cost,
    cast(sum(new_cost) as decimal(38, 10)) as new_cost,
    cast(sum(restated_cost) as decimal(38, 10)) as restated_cost
from judged
group by
    metric,
    billing_currency,
    is_change,
    case when is_change then sub_account_id end,
    case when is_change then x_service_code end,
    case when is_change then charge_type end
