-- Savings Plan fees that several rows bill for the same time: each takes off all of the usage, once would be right.
-- grain: savings_plan_arn, charge_period_start
-- inputs: cur_net_commitment_used
-- columns:
--   savings_plan_arn: the plan
--   charge_period_start: start of the fee, UTC
--   fee_rows: rows that bill it
--   difference: what net amortized cost is too low by
select
    savings_plan_arn,
    charge_period_start,
    fee_rows,
    cast(net_used * (fee_rows - 1) as decimal(38, 10)) as difference
from cur_net_commitment_used
where fee_rows > 1
