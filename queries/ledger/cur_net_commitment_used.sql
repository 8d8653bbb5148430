-- What the usage covered by a Savings Plan cost after discounts, per fee row: the bill has no net "used" column.
-- A fee row spans an hour, or a day where AWS bills the plan by the day.
-- grain: savings_plan_arn, charge_period_start
-- inputs: cur
-- columns:
--   savings_plan_arn: the plan
--   charge_period_start: start of the plan's recurring fee, UTC
--   fee_rows: rows of the fee that have a commitment after discounts, each of which is reduced by net_used
--   net_used: net effective cost of the usage the plan covered while that fee ran
with
covered as (
    select
        x_savings_plan_arn as savings_plan_arn,
        charge_period_start as hour_start,
        sum(savings_plan_net_effective) as net_used
    from cur
    where x_line_item_type = 'SavingsPlanCoveredUsage' and savings_plan_net_effective is not null
    group by x_savings_plan_arn, charge_period_start
),

fees as (
    select
        x_savings_plan_arn as savings_plan_arn,
        charge_period_start,
        max(charge_period_end) as charge_period_end,
        count(coalesce(savings_plan_net_amortized_upfront, savings_plan_net_recurring)) as fee_rows
    from cur
    where x_line_item_type = 'SavingsPlanRecurringFee'
    group by x_savings_plan_arn, charge_period_start
)

select
    fees.savings_plan_arn,
    fees.charge_period_start,
    fees.fee_rows,
    cast(sum(covered.net_used) as decimal(38, 10)) as net_used
from fees
inner join covered
    on fees.savings_plan_arn = covered.savings_plan_arn
    and covered.hour_start >= fees.charge_period_start
    and covered.hour_start < fees.charge_period_end
group by fees.savings_plan_arn, fees.charge_period_start, fees.fee_rows
