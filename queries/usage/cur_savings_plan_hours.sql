-- The commitment of every Savings Plan hour by hour, and how much of it was used.
-- grain: x_savings_plan_arn, charge_period_start
-- inputs: cur
-- columns:
--   x_savings_plan_arn: the plan
--   charge_period_start: start of the hour, UTC
--   sub_account_id: the account that owns it
--   x_savings_plan_type: ComputeSavingsPlans, EC2InstanceSavingsPlans, ...
--   x_savings_plan_term: 1yr or 3yr
--   x_savings_plan_payment: No Upfront, Partial Upfront or All Upfront
--   x_savings_plan_start: when the plan began, ISO 8601 text
--   x_savings_plan_end: when it ends
--   committed_cost: commitment of the hour, used or not
--   used_cost: the part of it that usage took
select
    x_savings_plan_arn,
    charge_period_start,
    max(sub_account_id) as sub_account_id,
    max(x_savings_plan_type) as x_savings_plan_type,
    max(x_savings_plan_term) as x_savings_plan_term,
    max(x_savings_plan_payment) as x_savings_plan_payment,
    max(x_savings_plan_start) as x_savings_plan_start,
    max(x_savings_plan_end) as x_savings_plan_end,
    cast(sum(coalesce(savings_plan_commitment, 0)) as decimal(38, 10)) as committed_cost,
    cast(sum(coalesce(savings_plan_used, 0)) as decimal(38, 10)) as used_cost
from cur
where x_line_item_type = 'SavingsPlanRecurringFee'
group by x_savings_plan_arn, charge_period_start
