-- Each reservation in each billing period: its hours, how many of them nothing used, and what those cost.
-- grain: x_reservation_arn, billing_period_start
-- inputs: cur
-- columns:
--   x_reservation_arn: the reservation
--   billing_period_start: first moment of the billing period, UTC
--   sub_account_id: the account that owns it
--   region_id: region code
--   x_service_code: AWS product code
--   x_usage_type: usage type of the fee, as HeavyUsage:m5.large
--   x_operation: AWS operation
--   x_reservation_start: when it began, ISO 8601 text
--   x_reservation_end: when it ends
--   x_reservation_count: how many instances or nodes are reserved
--   reserved_hours: reserved hours of the period, of all of them together
--   unused_hours: of these, the hours that nothing used
--   fee_cost: recurring fee of the period
--   upfront_cost: upfront fee of the period, spread over the term
--   unused_cost: fees of the hours that nothing used, upfront share included
select
    x_reservation_arn,
    billing_period_start,
    max(sub_account_id) as sub_account_id,
    max(region_id) as region_id,
    max(x_service_code) as x_service_code,
    max(x_usage_type) as x_usage_type,
    max(x_operation) as x_operation,
    max(x_reservation_start) as x_reservation_start,
    max(x_reservation_end) as x_reservation_end,
    max(x_reservation_count) as x_reservation_count,
    cast(sum(cast(pricing_quantity as decimal(38, 10))) as decimal(38, 10)) as reserved_hours,
    cast(sum(cast(coalesce(reservation_unused_quantity, 0) as decimal(38, 10))) as decimal(38, 10)) as unused_hours,
    cast(sum(unblended) as decimal(38, 10)) as fee_cost,
    cast(sum(coalesce(reservation_amortized_upfront, 0)) as decimal(38, 10)) as upfront_cost,
    cast(sum(
        coalesce(reservation_unused_upfront, 0) + coalesce(reservation_unused_recurring, 0)
    ) as decimal(38, 10)) as unused_cost
from cur
where x_line_item_type = 'RIFee' and x_reservation_arn is not null
group by x_reservation_arn, billing_period_start
