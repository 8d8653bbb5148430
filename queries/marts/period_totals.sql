-- What each billing period sums to by payer, currency and kind of charge, and how much of it is invoiced.
-- grain: billing_period, billing_account_id, billing_currency, x_line_item_type, charge_category
-- inputs: resource_daily
-- columns:
--   billing_period: YYYY-MM
--   billing_account_id: the payer
--   billing_currency: currency of every cost column
--   x_line_item_type: AWS line item type, null from FOCUS
--   charge_category: FOCUS charge category
--   x_unblended_cost: cash, as charged
--   x_net_unblended_cost: cash after discounts
--   x_amortized_cost: fees spread over the usage they pay for
--   x_net_amortized_cost: the same after discounts
--   list_cost: at public on-demand price
--   line_items: rows of the export
--   unbilled_lines: rows that cost something and have no invoice id yet
--   first_charge: earliest start, UTC
--   last_charge: latest end of a line that is not long, UTC; null where all are long
select
    billing_period,
    billing_account_id,
    billing_currency,
    x_line_item_type,
    charge_category,
    cast(sum(x_unblended_cost) as decimal(38, 10)) as x_unblended_cost,
    cast(sum(x_net_unblended_cost) as decimal(38, 10)) as x_net_unblended_cost,
    cast(sum(x_amortized_cost) as decimal(38, 10)) as x_amortized_cost,
    cast(sum(x_net_amortized_cost) as decimal(38, 10)) as x_net_amortized_cost,
    cast(sum(list_cost) as decimal(38, 10)) as list_cost,
    cast(sum(line_items) as bigint) as line_items,
    cast(sum(unbilled_lines) as bigint) as unbilled_lines,
    min(first_charge) as first_charge,
    max(last_charge) filter (where not x_is_long) as last_charge
from resource_daily
group by billing_period, billing_account_id, billing_currency, x_line_item_type, charge_category
