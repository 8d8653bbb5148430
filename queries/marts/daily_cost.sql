-- Cost by day, account, region, service, kind of charge and tag set: what most questions are answered from.
-- grain: billing_period, charge_day, billing_account_id, sub_account_id, region_id, x_service_code, charge_category,
--        x_line_item_type, pricing_category, tag_set_id, billing_currency, x_taggable, x_is_long
-- inputs: resource_daily
-- columns:
--   billing_period: YYYY-MM
--   charge_day: day of the charge's start, UTC
--   billing_account_id: the payer
--   sub_account_id: the account that used it
--   region_id: region code
--   x_service_code: AWS service code
--   charge_category: FOCUS charge category
--   x_line_item_type: AWS line item type, null from FOCUS
--   pricing_category: Standard, Dynamic, Committed or null
--   tag_set_id: the set of tags and cost categories, see tag_sets
--   billing_currency: currency of every cost column
--   x_taggable: the lines could carry a resource tag
--   x_is_long: the lines are no usage of one day: they span more, or are fees or tax
--   x_unblended_cost: cash, as charged
--   x_net_unblended_cost: cash after discounts
--   x_amortized_cost: fees spread over the usage they pay for
--   x_net_amortized_cost: the same after discounts
--   list_cost: at public on-demand price
--   line_items: rows of the export
--   hours_mask: bit h is set when a charge started in hour h of the day (UTC); all 24 for a charge of a whole day
select
    billing_period,
    charge_day,
    billing_account_id,
    sub_account_id,
    region_id,
    x_service_code,
    charge_category,
    x_line_item_type,
    pricing_category,
    tag_set_id,
    billing_currency,
    x_taggable,
    x_is_long,
    cast(sum(x_unblended_cost) as decimal(38, 10)) as x_unblended_cost,
    cast(sum(x_net_unblended_cost) as decimal(38, 10)) as x_net_unblended_cost,
    cast(sum(x_amortized_cost) as decimal(38, 10)) as x_amortized_cost,
    cast(sum(x_net_amortized_cost) as decimal(38, 10)) as x_net_amortized_cost,
    cast(sum(list_cost) as decimal(38, 10)) as list_cost,
    cast(sum(line_items) as bigint) as line_items,
    bit_or(hours_mask) as hours_mask
from resource_daily
group by
    billing_period, charge_day, billing_account_id, sub_account_id, region_id, x_service_code, charge_category,
    x_line_item_type, pricing_category, tag_set_id, billing_currency, x_taggable, x_is_long
