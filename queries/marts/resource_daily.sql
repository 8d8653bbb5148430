-- Cost of each resource by day, tag set and kind of charge: the finest fact kept, and the source of every other mart.
-- grain: billing_period, charge_day, billing_account_id, sub_account_id, region_id, x_service_code, charge_category,
--        x_line_item_type, x_charge_type, pricing_category, x_usage_type, x_operation, pricing_unit, resource_id,
--        tag_set_id, billing_currency, invoice_id, x_taggable, x_is_long
-- inputs: line_items
-- columns:
--   billing_period: YYYY-MM
--   charge_day: day of the charge's start, UTC
--   billing_account_id: the payer
--   sub_account_id: the account that used it
--   region_id: region code
--   x_service_code: AWS service code
--   charge_category: FOCUS charge category
--   x_line_item_type: AWS line item type, null from FOCUS
--   x_charge_type: kind of charge: usage, fee, upfront, tax, ..., or (unclassified); see docs/reconcile.md
--   pricing_category: Standard, Dynamic, Committed or null
--   x_usage_type: AWS usage type
--   x_operation: AWS operation
--   pricing_unit: unit of x_quantity, as the export spells it
--   resource_id: resource id or ARN, null where the line has none
--   tag_set_id: the set of tags and cost categories, see tag_sets
--   billing_currency: currency of every cost column
--   invoice_id: null while the lines are an estimate
--   x_taggable: the lines could carry a resource tag
--   x_is_long: the lines are no usage of one day: they span more, or are fees or tax
--   x_unblended_cost: cash, as charged
--   x_net_unblended_cost: cash after discounts
--   x_amortized_cost: fees spread over the usage they pay for
--   x_net_amortized_cost: the same after discounts
--   list_cost: at public on-demand price
--   x_quantity: usage in pricing_unit, also of lines that repeat or take back usage; null where no line tells it
--   line_items: rows of the export
--   unbilled_lines: rows that cost something and have no invoice id yet
--   hours_mask: bit h is set when a charge started in hour h of the day (UTC); all 24 for a charge of a whole day
--   first_charge: earliest start, UTC
--   last_charge: latest end, UTC
with
line_hours as (
    select
        *,
        cast(charge_period_start as date) as charge_day,
        case
            when x_is_long then 0
            when charge_period_end >= charge_period_start + interval 1 day then 16777215
            else cast(1 as integer) << cast(extract(hour from charge_period_start) as integer)
        end as hour_bit
    from line_items
),

grouped as (
    select
        billing_period_start,
        charge_day,
        billing_account_id,
        sub_account_id,
        region_id,
        x_service_code,
        charge_category,
        x_line_item_type,
        x_charge_type,
        pricing_category,
        x_usage_type,
        x_operation,
        pricing_unit,
        resource_id,
        tag_set_id,
        billing_currency,
        invoice_id,
        x_taggable,
        x_is_long,
        sum(x_unblended_cost) as x_unblended_cost,
        sum(x_net_unblended_cost) as x_net_unblended_cost,
        sum(x_amortized_cost) as x_amortized_cost,
        sum(x_net_amortized_cost) as x_net_amortized_cost,
        sum(list_cost) as list_cost,
        sum(cast(pricing_quantity as decimal(38, 10))) as x_quantity,
        count(*) as line_items,
        count(*) filter (where x_unblended_cost <> 0 and invoice_id is null) as unbilled_lines,
        bit_or(hour_bit) as hours_mask,
        min(charge_period_start) as first_charge,
        max(charge_period_end) as last_charge
    from line_hours
    group by
        billing_period_start, charge_day, billing_account_id, sub_account_id, region_id, x_service_code, charge_category,
        x_line_item_type, x_charge_type, pricing_category, x_usage_type, x_operation, pricing_unit, resource_id,
        tag_set_id, billing_currency, invoice_id, x_taggable, x_is_long
)

select
    substring(cast(billing_period_start as varchar), 1, 7) as billing_period,
    charge_day,
    billing_account_id,
    sub_account_id,
    region_id,
    x_service_code,
    charge_category,
    x_line_item_type,
    x_charge_type,
    pricing_category,
    x_usage_type,
    x_operation,
    pricing_unit,
    resource_id,
    tag_set_id,
    billing_currency,
    invoice_id,
    x_taggable,
    x_is_long,
    cast(x_unblended_cost as decimal(38, 10)) as x_unblended_cost,
    cast(x_net_unblended_cost as decimal(38, 10)) as x_net_unblended_cost,
    cast(x_amortized_cost as decimal(38, 10)) as x_amortized_cost,
    cast(x_net_amortized_cost as decimal(38, 10)) as x_net_amortized_cost,
    cast(list_cost as decimal(38, 10)) as list_cost,
    cast(x_quantity as decimal(38, 10)) as x_quantity,
    line_items,
    unbilled_lines,
    hours_mask,
    first_charge,
    last_charge
from grouped
