-- Usage that a plan or reservation can cover, hour by hour, covered or not: what commitments are measured on.
-- grain: scope, charge_period_start, sub_account_id, region_id, x_service_code, x_usage_type, x_operation,
--        x_line_item_type, commitment_discount_id
-- inputs: cur, commitment_scopes
-- columns:
--   scope: which kind of plan or reservation could cover it, see commitment_scopes
--   charge_period_start: start of the hour, UTC; of the day where the export has no hours
--   sub_account_id: the account that used it
--   region_id: region code
--   x_service_code: AWS product code
--   x_usage_type: AWS usage type
--   x_operation: AWS operation
--   x_line_item_type: Usage where nothing covered it, SavingsPlanCoveredUsage or DiscountedUsage
--   commitment_discount_id: the Savings Plan or reservation that covered it
--   quantity: amount used, in the unit of the usage type
--   on_demand_cost: what it cost, or would have cost, on demand
--   covered_cost: what covered usage cost at the plan's or reservation's rate
--   longest_hours: length of the longest line in hours; above 1 the hours are not known
with
usage_rows as (
    select
        charge_period_start,
        sub_account_id,
        region_id,
        x_service_code,
        x_usage_type,
        x_operation,
        x_line_item_type,
        case
            when x_line_item_type = 'SavingsPlanCoveredUsage' then x_savings_plan_arn
            when x_line_item_type = 'DiscountedUsage' then x_reservation_arn
        end as commitment_discount_id,
        pricing_quantity,
        case when x_line_item_type = 'DiscountedUsage' then coalesce(public_on_demand, 0) else unblended end as on_demand,
        case
            when x_line_item_type = 'SavingsPlanCoveredUsage' then coalesce(savings_plan_effective, 0)
            when x_line_item_type = 'DiscountedUsage' then coalesce(reservation_effective, 0)
            else 0
        end as covered,
        date_diff('second', charge_period_start, charge_period_end) / 3600.0 as length_hours
    from cur
    where x_line_item_type in ('Usage', 'SavingsPlanCoveredUsage', 'DiscountedUsage')
),

-- the patterns are held against each kind of usage once, not against each row
kinds as (
    select distinct x_service_code, x_usage_type, x_operation from usage_rows
),

coverable as (
    select distinct
        commitment_scopes.scope,
        kinds.x_service_code,
        kinds.x_usage_type,
        kinds.x_operation
    from kinds
    inner join commitment_scopes
        on kinds.x_service_code = commitment_scopes.service_code
        and regexp_full_match(kinds.x_usage_type, commitment_scopes.usage_types)
        and regexp_full_match(coalesce(kinds.x_operation, ''), commitment_scopes.operations)
)

select
    coverable.scope,
    usage_rows.charge_period_start,
    usage_rows.sub_account_id,
    usage_rows.region_id,
    usage_rows.x_service_code,
    usage_rows.x_usage_type,
    usage_rows.x_operation,
    usage_rows.x_line_item_type,
    usage_rows.commitment_discount_id,
    cast(sum(cast(usage_rows.pricing_quantity as decimal(38, 10))) as decimal(38, 10)) as quantity,
    cast(sum(usage_rows.on_demand) as decimal(38, 10)) as on_demand_cost,
    cast(sum(usage_rows.covered) as decimal(38, 10)) as covered_cost,
    max(cast(usage_rows.length_hours as double)) as longest_hours
from usage_rows
inner join coverable
    on usage_rows.x_service_code = coverable.x_service_code
    and usage_rows.x_usage_type = coverable.x_usage_type
    and coalesce(usage_rows.x_operation, '') = coalesce(coverable.x_operation, '')
group by
    coverable.scope, usage_rows.charge_period_start, usage_rows.sub_account_id, usage_rows.region_id,
    usage_rows.x_service_code, usage_rows.x_usage_type, usage_rows.x_operation, usage_rows.x_line_item_type,
    usage_rows.commitment_discount_id
