-- Amortized cost that does not tie to unblended cost: amortized = unblended - upfront fees paid + upfront fees amortized.
-- Dropped columns, refunds of Savings Plans and Dedicated Hosts break it, so a difference is reported, not refused.
-- grain: one row when the identity fails
-- inputs: cur, period_totals
-- columns:
--   amortized: sum of amortized cost
--   unblended: sum of unblended cost
--   upfront_paid: Savings Plan and reservation upfront fees charged in the period, less their refunds
--   upfront_amortized: the share of upfront fees that belongs to the period
--   difference: amortized - (unblended - upfront_paid + upfront_amortized)
with
parts as (
    select
        sum(case
            when x_line_item_type = 'SavingsPlanUpfrontFee' then unblended
            when x_line_item_type = 'Fee' and x_reservation_arn is not null then unblended
            when x_line_item_type = 'Refund'
                and x_service_code = 'ComputeSavingsPlans'
                and charge_description like 'Refund for one-time fee for Savings Plan ID%' then unblended
            else 0
        end) as upfront_paid,
        sum(coalesce(savings_plan_amortized_upfront, 0) + coalesce(reservation_amortized_upfront, 0)) as upfront_amortized
    from cur
),

totals as (
    select sum(x_amortized_cost) as amortized, sum(x_unblended_cost) as unblended from period_totals
)

select
    totals.amortized,
    totals.unblended,
    parts.upfront_paid,
    parts.upfront_amortized,
    totals.amortized - (totals.unblended - parts.upfront_paid + parts.upfront_amortized) as difference
from totals
cross join parts
where totals.amortized <> totals.unblended - parts.upfront_paid + parts.upfront_amortized
