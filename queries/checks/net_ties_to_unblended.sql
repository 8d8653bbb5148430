-- Net cost that does not sum to unblended cost: discounts are either lines of their own or inside net columns.
-- grain: one row when the sums differ
-- inputs: period_totals
-- columns:
--   unblended: sum of unblended cost, discount lines included
--   net_unblended: sum of cost after discounts
--   difference: net_unblended - unblended
with
totals as (
    select sum(x_unblended_cost) as unblended, sum(x_net_unblended_cost) as net_unblended from period_totals
)

select unblended, net_unblended, net_unblended - unblended as difference
from totals
where net_unblended <> unblended
