-- Cost by kind of charge and invoice: what is held against an invoice or Cost Explorer.
-- grain: billing_period, charge_day, billing_account_id, billing_currency, invoice_id, x_charge_type, x_service_code
-- inputs: resource_daily
-- columns:
--   billing_period: YYYY-MM
--   charge_day: day of the charge's start, UTC
--   billing_account_id: the payer
--   billing_currency: currency of every cost column
--   invoice_id: null while the lines are an estimate
--   x_charge_type: kind of charge: usage, fee, upfront, tax, ..., or (unclassified); see docs/reconcile.md
--   x_service_code: AWS service code
--   x_unblended_cost: cash, as charged
--   x_net_unblended_cost: cash after discounts
--   x_amortized_cost: fees spread over the usage they pay for
--   x_net_amortized_cost: the same after discounts
--   list_cost: at public on-demand price
--   line_items: rows of the export
select
    billing_period,
    charge_day,
    billing_account_id,
    billing_currency,
    invoice_id,
    x_charge_type,
    x_service_code,
    cast(sum(x_unblended_cost) as decimal(38, 10)) as x_unblended_cost,
    cast(sum(x_net_unblended_cost) as decimal(38, 10)) as x_net_unblended_cost,
    cast(sum(x_amortized_cost) as decimal(38, 10)) as x_amortized_cost,
    cast(sum(x_net_amortized_cost) as decimal(38, 10)) as x_net_amortized_cost,
    cast(sum(list_cost) as decimal(38, 10)) as list_cost,
    cast(sum(line_items) as bigint) as line_items
from resource_daily
group by billing_period, charge_day, billing_account_id, billing_currency, invoice_id, x_charge_type, x_service_code
