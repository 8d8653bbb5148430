-- What each usage type cost and how much of it was used, so that its own rate is known.
-- grain: x_service_code, region_id, x_usage_type, x_operation, pricing_unit, billing_currency
-- inputs: cur
-- columns:
--   x_service_code: AWS product code
--   region_id: region code
--   x_usage_type: AWS usage type
--   x_operation: AWS operation
--   pricing_unit: unit of the quantities as AWS spells it
--   billing_currency: currency of every cost column
--   x_unblended_cost: cost of all its usage as charged, covered usage at its on-demand price
--   rated_cost: the part charged at on-demand rates above 0, by the bill's own rates
--   rated_quantity: usage behind rated_cost
--   public_cost: public on-demand cost of usage under a reservation, which is charged nothing itself
--   public_quantity: usage behind public_cost
with
usage_rows as (
    select
        x_service_code,
        region_id,
        x_usage_type,
        x_operation,
        pricing_unit,
        billing_currency,
        x_line_item_type <> 'DiscountedUsage' and unblended > 0 and pricing_quantity > 0 as is_rated,
        x_line_item_type = 'DiscountedUsage' and public_on_demand > 0 and pricing_quantity > 0 as is_public,
        unblended,
        public_on_demand,
        cast(pricing_quantity as decimal(38, 10)) as quantity
    from cur
    where x_line_item_type in ('Usage', 'SavingsPlanCoveredUsage', 'DiscountedUsage')
)

select
    x_service_code,
    region_id,
    x_usage_type,
    x_operation,
    pricing_unit,
    billing_currency,
    cast(sum(unblended) as decimal(38, 10)) as x_unblended_cost,
    cast(coalesce(sum(unblended) filter (where is_rated), 0) as decimal(38, 10)) as rated_cost,
    cast(coalesce(sum(quantity) filter (where is_rated), 0) as decimal(38, 10)) as rated_quantity,
    cast(coalesce(sum(public_on_demand) filter (where is_public), 0) as decimal(38, 10)) as public_cost,
    cast(coalesce(sum(quantity) filter (where is_public), 0) as decimal(38, 10)) as public_quantity
from usage_rows
group by x_service_code, region_id, x_usage_type, x_operation, pricing_unit, billing_currency
